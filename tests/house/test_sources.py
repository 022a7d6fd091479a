"""Of each source: a folder that is not too full, a test that can be found, its format."""

import pathlib
import re
import shutil
import subprocess

import pytest
from tree import MODULES, ROOT, files, sources, write

# .h and .cc together, without subfolders: what one sees when one opens it.
MOST_SOURCES = 45
# The same text as another source, compiled for other instructions.
VARIANT = re.compile(r"_(avx2|avx512|baseline)$")


def full_folders(root):
    counts = {}
    for path in sources(root):
        counts[path.parent] = counts.get(path.parent, 0) + 1
    return [f"{folder}: {n} sources" for folder, n in sorted(counts.items()) if n > MOST_SOURCES]


def by_name(root):
    """What each unit test is of by its place and name."""
    return {
        pathlib.Path(*path.parts[1:-1]) / path.stem.removesuffix("_test")
        for path in sources(root, under=("tests",))
        if path.stem.endswith("_test")
    }


def said_also(root):
    """What tests say they are of too: "// Also: guard, scp/wire/tls_stream."."""
    found = set()
    for path in files(root):
        if path.parts[0] != "tests" or path.suffix not in (".cc", ".py"):
            continue
        mark = "//" if path.suffix == ".cc" else "#"
        lines = rf"^{mark} (?:.*\.  )?Also: ((?:.|\n{mark} )*?)\.$"
        for names in re.findall(lines, (root / path).read_text(), re.M):
            for name in names.replace(f"\n{mark} ", " ").split(", "):
                folder = pathlib.Path(*path.parts[1:-1])
                found.add(pathlib.Path(name) if "/" in name else folder / name)
    return found


def sources_without_test(root):
    tested = by_name(root) | said_also(root)
    return [
        str(path)
        for path in sources(root)
        if path.suffix == ".cc"
        and path.stem != "main"
        and not VARIANT.search(path.stem)
        and path.with_suffix("") not in tested
    ]


def named_in_vain(root):
    there = {path.with_suffix("") for path in sources(root)}
    return sorted(str(name) for name in said_also(root) - there)


def test_no_folder_has_more_sources_than_one_takes_in():
    assert full_folders(ROOT) == []


def test_every_source_has_a_test_of_its_name_or_is_named_in_one():
    assert sources_without_test(ROOT) == []


def test_what_a_test_says_it_is_also_of_is_there():
    assert named_in_vain(ROOT) == []


def test_every_source_is_as_clang_format_would_write_it():
    assert shutil.which("clang-format-14"), "run third_party/install --tests"
    everything = [str(path) for path in sources(ROOT, under=(*MODULES, "tests"))]
    done = subprocess.run(
        ["clang-format-14", "--dry-run", "-Werror", *everything],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    wrong = sorted(set(re.findall(r"^(\S+?):\d+:\d+: error", done.stderr, re.M)))
    assert (wrong, done.returncode) == ([], 0), "tests/run --format --fix mends it"


# The tests of the tests.


def test_a_full_folder_is_found(tmp_path):
    half = {f"scp/a{i}.{end}": "" for i in range(MOST_SOURCES // 2) for end in ("h", "cc")}
    write(tmp_path, {**half, "scp/wire/more.cc": "", "scp/last.h": "", "scp/README.md": ""})
    assert full_folders(tmp_path) == []
    write(tmp_path, {"scp/one_more.h": ""})
    assert full_folders(tmp_path) == ["scp: 46 sources"]


def test_a_source_without_a_test_is_found(tmp_path):
    write(
        tmp_path,
        {
            "core/base/log.cc": "",
            "core/base/blend_avx2.cc": "",
            "core/base/only.h": "",
            "scp/wire/guard.cc": "",
            "scp/main.cc": "",
            "tests/core/base/log_test.cc": "",
            "tests/core/guard_test.cc": "",
        },
    )
    assert sources_without_test(tmp_path) == ["scp/wire/guard.cc"]


@pytest.mark.parametrize(
    "line",
    [
        "// Also: guard.\n",
        "// Also: other, guard.\n",
        "// Also: scp/wire/guard, other.\n",
        "// Also: other,\n// guard.\n",
        "// What it is.  Also: guard.\n",
        "// What it is.\n//\n// Also: other, guard.\n\n#include <a>\n",
    ],
)
def test_a_test_may_name_more_sources(tmp_path, line):
    write(tmp_path, {"scp/wire/guard.cc": "", "tests/scp/wire/peers_test.cc": line})
    assert sources_without_test(tmp_path) == []


def test_a_name_in_vain_is_found(tmp_path):
    text = "// Also: guard, gaurd.\n"
    write(tmp_path, {"scp/wire/guard.cc": "", "tests/scp/wire/peers_test.cc": text})
    assert named_in_vain(tmp_path) == ["scp/wire/gaurd"]
