"""Every file that a README, CONTRIBUTING or SECURITY names is there.

Names are looked for in backticks, in links, and in indented commands.  A name is one of a
file if it is

* what stands in a table's first column under "File" or "folder", and a bare word that
  begins a paragraph: in the README's folder;
* a path: below the root, the README's folder or proto/, whole or without extension;
* a word that ends like a source (.cc, .py, ...): in the README's folder or below it, or a
  test, wherever it is;
* a picture or a link that is not on the web.

NAME, x and y in a path stand for anything, `*` too, and {a,b} for both.
"""

import itertools
import pathlib
import re

from markdown import code_words, links, spans, tables, without_code
from tree import ROOT, files, write

SOURCE = r"\.(h|cc|inc|py|proto|md|cmake|sh|dict)"
PATH = r"[\w.{},*~-]+(/[\w.{},*-]*)+"
# Paths in our texts that are not of this repository: built, an installation's own, another's.
ELSEWHERE = re.compile(
    r"(build|data|~|\.\./shared|absl|torch)/|python/$|src/pydicom/|TorchConfig\.cmake$"
    r"|(SPLIT|FILMS|OUT|DATA_DIRECTORY|NORMAL|PNEUMONIA)/"
    r"|report/report\.html$|deploy/models/resnet18/2$"
)


def documents(root):
    names = ("README.md", "CONTRIBUTING.md", "SECURITY.md")
    return [path for path in files(root) if path.name in names]


def alternatives(name):
    """a/{b,c}.h -> a/b.h, a/c.h"""
    parts = re.split(r"\{([^}]*)\}", name)
    choices = [part.split(",") if i % 2 else [part] for i, part in enumerate(parts)]
    return ["".join(chosen) for chosen in itertools.product(*choices)]


def pattern(name):
    """A regular expression for the path that a name means, extension or not."""
    words = []
    for part in name.strip("/").split("/"):
        stem = re.match(r"[^.]*", part)[0]
        if re.fullmatch(r"[A-Z_]{2,}|[xy]", stem) and part not in ("README.md", "LICENSE"):
            part = "*" + part[len(stem) :]
        part = re.sub(r"^[xy](?=_)", "*", part)
        words.append(re.escape(part).replace(r"\*", "[^/]*"))
    return "/".join(words) + r"(\.\w+)?"


class Tree:
    def __init__(self, root):
        paths = [str(path) for path in files(root)]
        folders = {str(folder) for path in files(root) for folder in path.parents} - {"."}
        self.paths = paths + sorted(folders)
        self.exact = set(self.paths) | {re.sub(r"\.\w+$", "", path) for path in self.paths}

    def has(self, name, folder):
        """Is it `folder`/`name`?  `folder` is "" or ends in "/"."""
        while name.startswith("../"):
            name, folder = name[3:], re.sub(r"[^/]*/$", "", folder)
        if folder + name.strip("/") in self.exact:
            return True
        expression = re.compile(re.escape(folder) + pattern(name))
        return any(expression.fullmatch(path) for path in self.paths)

    def has_below(self, name, folder):
        expression = re.compile(re.escape(folder) + "(.*/)?" + pattern(name))
        return any(expression.fullmatch(path) for path in self.paths)

    def starts(self, name, folder):
        return self.has(name.split("/")[0], folder)


def in_tables(text):
    """Names in the first column of tables of files."""
    for heads, rows in tables(text):
        if re.match(r"(file|folder)\b", heads[0], re.I):
            for row in rows:
                yield from spans(row[0])


def first_words(text):
    """`outlier_model` of a paragraph "`outlier_model`: is a film ..."; a program is no file."""
    return re.findall(r"(?:^|\n\n)`(?!camnode)(\w+)`", without_code(text))


def is_there(tree, name, folder):
    if "/" in name.rstrip("/"):
        if name.startswith("../"):
            return tree.has(name, folder)
        return any(tree.has(name, below) for below in (folder, "", "proto/"))
    if re.search(r"^test_.*\.py$|_test\.cc$", name):
        return tree.has_below(name, "tests/")
    return tree.has_below(name, folder) or tree.has(name, "")


def names(text, tree, folder):
    """What is a file's name in a document of `folder`."""
    yield from in_tables(text)
    yield from first_words(text)
    for span in spans(without_code(text)):
        for word in span.split():
            word = word.strip("(),:;\"'")
            if re.fullmatch(rf"[\w*{{}},-]+{SOURCE}", word) or re.fullmatch(PATH, word):
                yield word
    for link in links(text):
        if not re.match(r"\w+:|#", link):
            yield link
    for word in code_words(text):
        if re.fullmatch(PATH, word) and tree.starts(word, ""):
            yield word


def missing(root):
    """(document, name) of each name of a file that is not there."""
    tree, found = Tree(root), []
    for document in documents(root):
        folder = "" if document.parent == pathlib.Path(".") else f"{document.parent}/"
        for name in names((root / document).read_text(), tree, folder):
            if ELSEWHERE.match(name):
                continue
            if not all(is_there(tree, one, folder) for one in alternatives(name)):
                found.append((str(document), name))
    return sorted(set(found))


def test_every_file_that_a_document_names_is_there():
    assert missing(ROOT) == []


# The tests of the test: a tree, a document in it, and what is found missing.

TREE = {
    "core/base/log.h": "",
    "core/base/log.cc": "",
    "core/base/file/reader.cc": "",
    "tests/core/base/log_test.cc": "",
    "tests/integration/test_kills.py": "",
    "proto/google/rpc/status.proto": "",
    "deploy/quickstart": "",
    "deploy/models/resnet18/1/weights": "",
    "deploy/samples/overlay.png": "",
}


def missing_in(root, text, document="core/base/README.md"):
    write(root, {**TREE, document: text})
    return [name for _, name in missing(root)]


def test_right_names_are_found_with_and_without_extension(tmp_path):
    text = """
| File | What |
|---|---|
| `log`, `log.h`, `file` | whatever |

`log.cc`, `reader.cc`, `file/reader`, `file/`, `core/base/log`, `core/base/{log.h,log.cc}`, `core/x/y.cc`,
`log_test.cc`, `test_kills.py`, `google/rpc/status.proto`, `../../deploy/quickstart`, `deploy/models/NAME/1`,
[a link](file/reader.cc), [the web](https://example.org/core/nothing.h)

    deploy/quickstart --stop
    build/release/bin/camnode data/camnode.textproto
"""
    assert missing_in(tmp_path, text) == []


def test_a_wrong_name_in_a_table_of_files_is_found(tmp_path):
    text = "| file | what |\n|---|---|\n| `log`, `lgo`, `logs.h` | `whatever` |\n"
    assert missing_in(tmp_path, text) == ["lgo", "logs.h"]


def test_a_wrong_name_that_begins_a_paragraph_is_found(tmp_path):
    text = "# core/base\n\n`log`: lines; `any` word.\n`other` line.\n\n`lgo`, on top.\n"
    assert missing_in(tmp_path, text) == ["lgo"]


def test_a_wrong_folder_in_a_table_of_folders_is_found(tmp_path):
    text = "| folder, from the lowest | what |\n|---|---|\n| `file` | |\n| `files` | |\n"
    assert missing_in(tmp_path, text) == ["files"]


def test_a_name_in_a_table_of_files_is_not_looked_for_elsewhere(tmp_path):
    text = "| File | What |\n|---|---|\n| `log` | |\n"
    assert missing_in(tmp_path, text, "core/base/file/README.md") == ["log"]


def test_a_wrong_path_is_found_wherever_it_begins(tmp_path):
    for wrong in (
        "core/base/lgo",
        "core/bass/log.h",
        "sevices/api",
        "file/raeder.cc",
        "fiel/reader",
        "../base/lgo.h",
        "core/base/{log,lgo}.h",
        "tests/core/base/lgo_test.cc",
        "google/rpc/statsu.proto",
        "deploy/models/NAME/2",
    ):
        assert missing_in(tmp_path, f"See `{wrong}`.") == [wrong]


def test_a_wrong_source_is_found_by_its_ending(tmp_path):
    text = "Not `lgo.h`, `lgo.cc --help`, `lgo_test.cc` or `test_lgo.py`; `.cc` and `v1.h2` are no files."
    assert missing_in(tmp_path, text) == ["lgo.cc", "lgo.h", "lgo_test.cc", "test_lgo.py"]


def test_a_source_of_another_folder_wants_its_path(tmp_path):
    assert missing_in(tmp_path, "`log.h`", "core/base/file/README.md") == ["log.h"]


def test_a_wrong_command_link_or_picture_is_found(tmp_path):
    text = """
![picture](deploy/samples/overlay.pgn) [text](core/base/lgo.h)

    deploy/quickstrat --stop
"""
    assert missing_in(tmp_path, text, "README.md") == [
        "core/base/lgo.h",
        "deploy/quickstrat",
        "deploy/samples/overlay.pgn",
    ]
