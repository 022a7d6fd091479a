"""Reads what the recorder wrote (record_log.h)."""

import dataclasses
import enum
import struct


class Kind(enum.IntEnum):
    START = 1
    CREATE = 2
    MAKE_DIRECTORY = 3
    WRITE = 4
    TRUNCATE = 5
    RENAME = 6
    LINK = 7
    REMOVE = 8
    SYNC_BEGIN = 9
    SYNC_END = 10
    SEND = 11
    MAPPED = 12
    UNSUPPORTED = 13


@dataclasses.dataclass
class Record:
    kind: Kind
    process: int
    error: int
    inode: int
    offset: int
    path: str
    other_path: str
    data: bytes


_HEADER = struct.Struct("<IIIiQQII")


def read_log(path):
    """All records, in the order in which they took effect."""
    raw = memoryview(path.read_bytes())
    records, at = [], 0
    while at < len(raw):
        size, kind, process, error, inode, offset, first, second = _HEADER.unpack_from(raw, at)
        names = at + _HEADER.size
        data = names + first + second
        records.append(
            Record(
                Kind(kind),
                process,
                error,
                inode,
                offset,
                bytes(raw[names : names + first]).decode(),
                bytes(raw[names + first : data]).decode(),
                bytes(raw[data : at + size]),
            )
        )
        at += size
    unsupported = {one.path for one in records if one.kind is Kind.UNSUPPORTED}
    assert not unsupported, f"the replayer cannot follow {unsupported}"
    return records
