"""README's layers, each module's table of folders and DEPENDS are what the includes say.

A library includes only libraries of lower rows of the table in README.md, and of its own
module only folders above its own in the module's README; it names in DEPENDS what it
includes, and nothing else (link_graph.py).
"""

import pathlib
import re

from link_graph import LinkGraph, module_of
from markdown import spans, tables
from tree import ROOT, write

FROM_THE_LOWEST = "folder, from the lowest"


def rows(root):
    """{module: row} of the table in README.md."""
    found = {}
    for heads, lines in tables((root / "README.md").read_text()):
        if heads[:2] == ["row", "libraries"]:
            for row, libraries in lines:
                for name in spans(re.sub(r"\([^)]*\)", "", libraries)):
                    found[pathlib.Path(name)] = int(row)
    return found


def floors(root, module):
    """{folder: its line} of the table in the module's README; the module itself is last."""
    found, readme = {}, root / module / "README.md"
    for heads, lines in tables(readme.read_text() if readme.exists() else ""):
        if heads[0] == FROM_THE_LOWEST:
            for line in lines:
                found[module / spans(line[0])[0]] = len(found)
    found[module] = len(found)
    return found


def layer_mistakes(root):
    graph, found = LinkGraph(root), []
    modules = {module_of(library.folder) for library in graph.ours()}
    row = rows(root)
    found += [f"README.md: the layers lack {module}" for module in sorted(modules - set(row))]
    found += [f"README.md: no library in {module}" for module in sorted(set(row) - modules)]
    for module in sorted(modules):
        found += folder_mistakes(root, graph, module)
    for (user, used), include in graph.arrows().items():
        found += arrow_mistakes(root, row, user, used, include)
    return found


def folder_mistakes(root, graph, module):
    listed = set(floors(root, module)) - {module}
    there = {library.folder for library in graph.ours() if module_of(library.folder) == module}
    there -= {module}
    return [
        f"{module}/README.md: the table '{FROM_THE_LOWEST}' lacks {folder.name}"
        for folder in sorted(there - listed)
    ] + [
        f"{module}/README.md: no library in {folder.name}" for folder in sorted(listed - there)
    ]


def arrow_mistakes(root, row, user, used, include):
    module, other = module_of(user), module_of(used)
    if module != other:
        if row.get(other, -1) < row.get(module, 99):
            return []
        return [f"{include}: {other} is not in a row below {module} (README.md)"]
    floor = floors(root, module)
    if floor.get(used, -1) < floor.get(user, 99):
        return []
    return [f"{include}: {used} is not above {user} in {module}/README.md"]


def uses_mistakes(root):
    """Where a module's table has a column 'uses', it is what each folder includes."""
    graph, found = LinkGraph(root), []
    for module in {module_of(library.folder) for library in graph.ours()}:
        readme = root / module / "README.md"
        for heads, lines in tables(readme.read_text() if readme.exists() else ""):
            if heads[0] == FROM_THE_LOWEST and "uses" in heads:
                for line in lines:
                    folder = module / spans(line[0])[0]
                    said = set(spans(line[heads.index("uses")]))
                    used = {
                        b.name for a, b in graph.arrows() if a == folder and module_of(b) == module
                    }
                    if said != used:
                        found.append(
                            f"{module}/README.md: {folder.name} uses "
                            f"{', '.join(sorted(used)) or 'none'}, not {', '.join(sorted(said))}"
                        )
    return found


def test_depends_is_what_is_included():
    assert LinkGraph().mistakes() == []


def test_an_include_points_down_the_tables_of_the_readmes():
    assert layer_mistakes(ROOT) == []


def test_a_column_uses_is_what_is_included():
    assert uses_mistakes(ROOT) == []


# The tests of the tests: a tree of three modules without a mistake, then one each.

LIBRARY = "camnode_library(NAME {} SOURCES {}.cc DEPENDS {})\n"


def small_tree(root, **changed):
    texts = {
        "README.md": (
            "| row | libraries |\n|---|---|\n| 2 | `scp` (the net) |\n"
            "| 1 | `core/dicom` |\n| 0 | `core/base`: all |\n"
        ),
        "core/base/CMakeLists.txt": LIBRARY.format("camnode_base", "log", "absl::strings"),
        "core/base/log.cc": '#include "absl/strings/str_cat.h"\n',
        "core/base/log.h": "",
        "core/dicom/README.md": (
            "| folder, from the lowest | uses |\n|---|---|\n| `file` | |\n| `film` | `file` |\n"
        ),
        "core/dicom/CMakeLists.txt": (
            "camnode_module(NAME camnode_dicom LIBRARIES camnode_dicom_file camnode_dicom_film)\n"
        ),
        "core/dicom/file/CMakeLists.txt": LIBRARY.format(
            "camnode_dicom_file", "scanner", "camnode_base ZLIB::ZLIB"
        ),
        "core/dicom/file/scanner.cc": '#include <zlib.h>\n#include "core/dicom/file/scanner.h"\n',
        "core/dicom/file/scanner.h": '#include "core/base/log.h"\n',
        "core/dicom/film/CMakeLists.txt": LIBRARY.format(
            "camnode_dicom_film", "header", "camnode_dicom_file"
        ),
        "core/dicom/film/header.cc": '#include "core/dicom/film/words.h"\n',
        "core/dicom/film/words.h": '#include "core/dicom/file/scanner.h"\n',
        "scp/CMakeLists.txt": LIBRARY.format("camnode_scp", "scp", "camnode_dicom  # all of it\n"),
        "scp/scp.cc": '#include "core/dicom/film/words.h"\n',
    }
    for name, text in changed.items():
        texts[name] = text
    write(root, texts)
    return LinkGraph(root).mistakes() + layer_mistakes(root) + uses_mistakes(root)


def test_a_right_tree_has_no_mistake(tmp_path):
    assert small_tree(tmp_path) == []


def test_an_include_that_depends_does_not_name_is_found_also_in_a_header(tmp_path):
    assert small_tree(
        tmp_path,
        **{"core/dicom/film/CMakeLists.txt": LIBRARY.format("camnode_dicom_film", "header", "")},
    ) == [
        "core/dicom/film/CMakeLists.txt: camnode_dicom_film does not name camnode_dicom_file, which "
        "it includes (core/dicom/film/words.h: core/dicom/file/scanner.h)"
    ]


def test_what_another_library_would_bring_is_named_all_the_same(tmp_path):
    assert small_tree(tmp_path, **{"scp/scp.h": '#include "core/base/log.h"\n'}) == [
        "scp/CMakeLists.txt: camnode_scp does not name camnode_base, which it includes "
        "(scp/scp.h: core/base/log.h)"
    ]


def test_a_library_of_others_is_named_by_who_includes_it(tmp_path):
    assert small_tree(tmp_path, **{"core/base/log.h": "#include <sqlite3.h>\n"}) == [
        "core/base/CMakeLists.txt: camnode_base does not name SQLite::SQLite3, which it includes "
        "(core/base/log.h: sqlite3.h)"
    ]


def test_a_name_that_nothing_includes_is_found(tmp_path):
    assert small_tree(tmp_path, **{"core/dicom/file/scanner.cc": ""}) == [
        "core/dicom/file/CMakeLists.txt: camnode_dicom_file names ZLIB::ZLIB, which it never includes"
    ]


def test_a_folder_of_another_module_is_not_named_alone(tmp_path):
    text = LIBRARY.format("camnode_scp", "scp", "camnode_dicom_film")
    assert small_tree(tmp_path, **{"scp/CMakeLists.txt": text}) == [
        "scp/CMakeLists.txt: camnode_scp does not name camnode_dicom, which it includes "
        "(scp/scp.cc: core/dicom/film/words.h)",
        "scp/CMakeLists.txt: camnode_scp names camnode_dicom_film, which it never includes",
    ]


SETTINGS = {
    "core/dicom/file/CMakeLists.txt": LIBRARY.format(
        "camnode_dicom_file", "scanner", "camnode_base ZLIB::ZLIB"
    )
    + "camnode_headers(NAME camnode_dicom_settings HEADERS settings.h)\n",
    "core/dicom/file/settings.h": "",
    "core/dicom/CMakeLists.txt": (
        "camnode_module(NAME camnode_dicom LIBRARIES camnode_dicom_file camnode_dicom_film)\n"
    ),
    "scp/scp.cc": '#include "core/dicom/file/settings.h"\n',
}


def test_the_settings_of_another_module_may_be_named_alone(tmp_path):
    text = LIBRARY.format("camnode_scp", "scp", "camnode_dicom_settings")
    assert small_tree(tmp_path, **SETTINGS, **{"scp/CMakeLists.txt": text}) == []


def test_the_settings_are_not_named_beside_the_whole(tmp_path):
    text = LIBRARY.format("camnode_scp", "scp", "camnode_dicom camnode_dicom_settings")
    assert small_tree(tmp_path, **SETTINGS, **{"scp/CMakeLists.txt": text}) == [
        "scp/CMakeLists.txt: camnode_scp names camnode_dicom_settings, which it never includes"
    ]


def test_a_module_without_one_of_its_folders_is_found(tmp_path):
    text = "camnode_module(NAME camnode_dicom LIBRARIES camnode_dicom_file)\n"
    assert small_tree(tmp_path, **{"core/dicom/CMakeLists.txt": text}) == [
        "core/dicom/CMakeLists.txt: camnode_dicom lacks camnode_dicom_film"
    ]


def test_an_arrow_up_is_found_and_so_is_a_circle(tmp_path):
    mistakes = small_tree(
        tmp_path, **{"core/dicom/file/scanner.h": '#include "core/dicom/film/words.h"\n'}
    )
    assert (
        "core/dicom/file/scanner.h: core/dicom/film/words.h: core/dicom/film is not above "
        "core/dicom/file in core/dicom/README.md" in mistakes
    )
    assert "core/dicom/README.md: file uses film, not " in mistakes


def test_an_arrow_sideways_or_up_between_modules_is_found(tmp_path):
    up = small_tree(tmp_path / "up", **{"core/base/log.h": '#include "scp/scp.h"\n'})
    assert "core/base/log.h: scp/scp.h: scp is not in a row below core/base (README.md)" in up
    table = "| row | libraries |\n|---|---|\n| 2 | `scp` · `core/dicom` |\n| 0 | `core/base` |\n"
    assert small_tree(tmp_path / "beside", **{"README.md": table}) == [
        "scp/scp.cc: core/dicom/film/words.h: core/dicom is not in a row below scp (README.md)"
    ]


def test_a_module_that_the_layers_lack_or_that_is_not_there_is_found(tmp_path):
    table = "| row | libraries |\n|---|---|\n| 1 | `core/dicom` `core/dicon` |\n| 0 | `core/base` |\n"
    assert small_tree(tmp_path, **{"README.md": table})[:2] == [
        "README.md: the layers lack scp",
        "README.md: no library in core/dicon",
    ]


def test_a_folder_that_the_module_table_lacks_or_invents_is_found(tmp_path):
    table = "| folder, from the lowest |\n|---|\n| `file` |\n| `flim` |\n"
    mistakes = small_tree(tmp_path, **{"core/dicom/README.md": table})
    assert "core/dicom/README.md: the table 'folder, from the lowest' lacks film" in mistakes
    assert "core/dicom/README.md: no library in flim" in mistakes
