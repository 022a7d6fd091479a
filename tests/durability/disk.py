"""A disk that forgets: what a power cut may leave of a recorded run.

The model promises less than any real file system:

* the bytes and the size of a file are durable after a sync of that file;
* the names in a directory are durable after a sync of that directory, and only
  those (ext4 would often keep more);
* everything else may be kept or lost, each write, truncation and name by itself and
  in any order, a write also in part, at multiples of 512 bytes, and a file may keep
  its new size with zeros in it;
* a rename may leave both names, either, or none of them durable, unless its
  directories were synced;
* after a sync that failed, what it was to cover never becomes durable.

What it does assume: a durable byte changes only by being written, and a write
disturbs nothing outside its own range (SQLite calls that powersafe overwrite).
"""

import dataclasses
import pathlib
import random

from record_log import Kind

SECTOR = 512


@dataclasses.dataclass
class Pending:
    """One change that no sync has covered yet."""

    number: int
    kind: str  # write, size, add, remove
    offset: int = 0
    data: bytes = b""
    name: str = ""
    target: object = None


class File:
    def __init__(self):
        self.durable = bytearray()
        self.pending = []
        self.mapped = False

    def sync(self, before):
        for change in self.pending:
            if change.number < before:
                apply_to_bytes(self.durable, change)
        self.forget(before)

    def forget(self, before):
        self.pending = [change for change in self.pending if change.number >= before]


class Directory:
    def __init__(self):
        self.durable = {}
        self.pending = []
        self.now = {}  # As the programs see it.

    def add(self, number, name, target):
        self.now[name] = target
        self.pending.append(Pending(number, "add", name=name, target=target))

    def remove(self, number, name):
        self.now.pop(name, None)
        self.pending.append(Pending(number, "remove", name=name))

    def sync(self, before):
        for change in self.pending:
            if change.number < before:
                apply_to_names(self.durable, change)
        self.forget(before)

    def forget(self, before):
        self.pending = [change for change in self.pending if change.number >= before]


def apply_to_bytes(content, change):
    if change.kind == "size":
        if change.offset < len(content):
            del content[change.offset :]
        else:
            content.extend(bytes(change.offset - len(content)))
        return
    end = change.offset + len(change.data)
    if end > len(content):
        content.extend(bytes(end - len(content)))
    content[change.offset : end] = change.data


def apply_to_names(names, change):
    if change.kind == "add":
        names[change.name] = change.target
    else:
        names.pop(change.name, None)


class Disk:
    """Replays a log record by record.

    `ignores(record, path)`: True for a sync that is to count for nothing, as if the
    programs had left it out.
    """

    def __init__(self, root, ignores=lambda record, path: False):
        self.root = str(root)
        self._top = Directory()
        self._inodes = {}
        self._begun = {}
        self._ignores = ignores
        self._number = 0

    def replay(self, record):
        self._number += 1
        handler = getattr(self, f"_{record.kind.name.lower()}", None)
        if handler is not None:
            handler(record)

    def _create(self, record):
        made = self._inodes[record.inode] = File()
        if record.path:
            self._name(record.path, made)

    def _make_directory(self, record):
        made = self._inodes[record.inode] = Directory()
        self._name(record.path, made)

    def _write(self, record):
        if file := self._inodes.get(record.inode):
            file.pending.append(
                Pending(self._number, "write", offset=record.offset, data=record.data)
            )

    def _truncate(self, record):
        if file := self._inodes.get(record.inode):
            file.pending.append(Pending(self._number, "size", offset=record.offset))

    def _rename(self, record):
        directory, name = self._parent(record.path)
        target = directory.now.get(name)
        assert target is not None, f"{record.path} was never made"
        directory.remove(self._number, name)
        self._name(record.other_path, target)

    def _link(self, record):
        self._name(record.other_path, self._inodes[record.inode])

    def _remove(self, record):
        directory, name = self._parent(record.path)
        if directory is not None and name in directory.now:
            directory.remove(self._number, name)

    def _mapped(self, record):
        if file := self._inodes.get(record.inode):
            file.mapped = True

    def _sync_begin(self, record):
        self._begun[record.offset] = self._number

    def _sync_end(self, record):
        before = self._begun.pop(record.offset)
        synced = self._inodes.get(record.inode)
        if record.path == self.root:
            synced = self._top
        if synced is None or self._ignores(record, record.path):
            return
        if record.error:
            synced.forget(before)
        else:
            synced.sync(before)

    def _parent(self, path):
        """The directory and the last part of a path; (None, ...) if it is not followed."""
        relative = pathlib.PurePosixPath(path).relative_to(self.root)
        directory = self._top
        for part in relative.parts[:-1]:
            directory = directory.now.get(part) if directory is not None else None
        return directory, relative.name

    def _name(self, path, target):
        directory, name = self._parent(path)
        if directory is not None:
            directory.add(self._number, name, target)

    def save(self, folder, fate):
        """Writes what is left under `fate`."""
        _save_directory(self._top, pathlib.Path(folder), fate)


def _save_directory(directory, folder, fate):
    folder.mkdir(exist_ok=True)
    names = dict(directory.durable)
    for change in directory.pending:
        if fate.keeps_name(change):
            apply_to_names(names, change)
    for name, target in names.items():
        if isinstance(target, Directory):
            _save_directory(target, folder / name, fate)
        else:
            (folder / name).write_bytes(fate.content(target))


class Fate:
    """Which of the changes that no sync covers reached the disk.  This one: none."""

    def keeps_name(self, change):
        return False

    def content(self, file):
        return file.durable


class Everything(Fate):
    """As after kill -9: the system lives on."""

    def keeps_name(self, change):
        return True

    def content(self, file):
        content = bytearray(file.durable)
        for change in file.pending:
            apply_to_bytes(content, change)
        return content


class Names(Fate):
    """Names reached the disk before the bytes of their files."""

    def keeps_name(self, change):
        return True


class Sizes(Names):
    """Names and sizes reached the disk; where the bytes should be are zeros."""

    def content(self, file):
        size = len(Everything().content(file))
        return bytes(file.durable[:size]) + bytes(max(0, size - len(file.durable)))


class Bytes(Everything):
    """Bytes reached the disk before their names."""

    def keeps_name(self, change):
        return False


class Chance(Fate):
    """Each change by itself, by a seed."""

    def __init__(self, seed):
        self._random = random.Random(seed)
        self._names = self._random.choice((0.0, 0.1, 0.5, 0.9, 1.0))
        self._bytes = self._random.choice((0.0, 0.1, 0.5, 0.9, 1.0))
        self._in_order = self._random.random() < 0.3
        self._keeps_sizes = self._random.random() < 0.3

    def keeps_name(self, change):
        return self._random.random() < self._names

    def content(self, file):
        chance = self._random
        if file.mapped:
            # SQLite's index of its log: whatever the kernel wrote back, or not.
            return chance.randbytes(chance.choice((0, 3, 4096, 32768)))
        content = bytearray(file.durable)
        changes = file.pending
        if self._in_order:
            changes = changes[: chance.randint(0, len(changes))]
        for change in changes:
            if self._in_order or chance.random() < self._bytes:
                apply_to_bytes(content, self._maybe_torn(change))
        if self._keeps_sizes:
            size = len(Everything().content(file))
            apply_to_bytes(content, Pending(0, "size", offset=size))
        return content

    def _maybe_torn(self, change):
        if change.kind != "write" or self._random.random() > 0.2:
            return change
        unit = self._random.choice((SECTOR, 4096))
        first = change.offset // unit
        last = (change.offset + len(change.data)) // unit
        cut = self._random.randint(first, last + 1) * unit - change.offset
        cut = min(max(cut, 0), len(change.data))
        if self._random.random() < 0.5:
            return dataclasses.replace(change, data=change.data[:cut])
        return dataclasses.replace(change, offset=change.offset + cut, data=change.data[cut:])


def worst_fates():
    """Tried at every cut: by name."""
    return {
        "nothing": Fate(),
        "everything": Everything(),
        "names": Names(),
        "sizes": Sizes(),
        "bytes": Bytes(),
    }


def sync_cuts(records):
    """Numbers of records after which to cut: right before each sync takes effect, when
    the most is at stake.  What the cut after it could leave, the next one sees, too."""
    ends = [n - 1 for n, record in enumerate(records, start=1) if record.kind is Kind.SYNC_END]
    return [*ends, len(records)]
