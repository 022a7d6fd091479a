"""tests/run --tidy chooses the right files, and says what clang-tidy found."""

import pathlib
import shutil

import pytest
import tidy
from tree import write


@pytest.fixture
def tree(tmp_path, monkeypatch):
    monkeypatch.setattr(tidy, "ROOT", tmp_path)
    return write(
        tmp_path,
        {
            "core/base/log.h": "#include <string>\n",
            "core/base/log.cc": '#include "core/base/log.h"\n',
            "core/base/blend_avx2.cc": "",
            "scp/wire/guard.cc": "",
            "tests/core/base/log_test.cc": '#include "core/base/log.h"\n',
            "tests/fuzz/log_fuzzer.cc": "",
            "core/base/README.md": "",
        },
    )


def choose(words, monkeypatch, changed=()):
    monkeypatch.setattr(tidy, "changed_since", lambda revision: list(changed))
    return tidy.chosen(words)


def test_all_is_everything_but_what_is_compiled_again(tree, monkeypatch):
    assert choose(["all"], monkeypatch) == [
        "core/base/log.cc",
        "core/base/log.h",
        "scp/wire/guard.cc",
        "tests/core/base/log_test.cc",
        "tests/fuzz/log_fuzzer.cc",
    ]


def test_paths_are_files_or_folders(tree, monkeypatch):
    assert choose(["core", "scp/wire/guard.cc"], monkeypatch) == [
        "core/base/log.cc",
        "core/base/log.h",
        "scp/wire/guard.cc",
    ]


def test_what_changed_is_what_git_says_and_is_a_source(tree, monkeypatch):
    changed = ["core/base/README.md", "core/base/log.h", "core/gone.cc"]
    assert choose([], monkeypatch, changed) == ["core/base/log.h"]


def test_a_precompiled_header_of_gcc_is_not_for_clang_and_openmps_is():
    command = "c++ -Winvalid-pch -include /b/cmake_pch.hxx -O2 -c a.cc"
    taken = f"c++ -O2 -idirafter {tidy.OPENMP_HEADERS} -c a.cc"
    assert tidy.as_clang_takes_it(command).split() == taken.split()


def test_a_name_whose_header_another_finding_brings_is_said_once():
    first = tidy.Finding("a.cc:1", "misc-include-cleaner", "no header providing \"X\"", ((0, 0, "x"),))
    second = tidy.Finding("a.cc:2", "misc-include-cleaner", "no header providing \"Y\"", ())
    assert not tidy.repeats_another(first)
    assert tidy.repeats_another(second)


def exported(tree, path, message, offset, text, check="misc-include-cleaner"):
    replacement = {"FilePath": str(tree / path), "Offset": offset, "Length": 0}
    return {
        "Diagnostics": [
            {
                "DiagnosticName": check,
                "DiagnosticMessage": {
                    "Message": message,
                    "FilePath": str(tree / path),
                    "FileOffset": offset,
                    "Replacements": [{**replacement, "ReplacementText": text}] if text else [],
                },
            }
        ]
        * 2
    }


def test_a_finding_is_told_once_with_its_line(tree):
    text = '#include "core/base/log.h"\nint a;\n'
    write(tree, {"core/base/log.cc": text})
    told = tidy.findings(
        "core/base/log.cc", exported(tree, "core/base/log.cc", "moved", text.index("int"), "", "x-y")
    )
    assert [(one.place, one.check, one.message) for one in told] == [
        ("core/base/log.cc:2", "x-y", "moved")
    ]


@pytest.mark.parametrize(
    "path,header,comes",
    [
        ("core/base/log.cc", "string", True),
        ("tests/core/base/log_test.cc", "string", True),
        ("core/base/log.cc", "vector", False),
        ("core/base/log.h", "string", False),
        ("scp/wire/guard.cc", "string", False),
    ],
)
def test_what_the_header_of_its_name_includes_a_source_has(tree, path, header, comes):
    text = f"#include <{header}>\n"
    (finding,) = tidy.findings(path, exported(tree, path, "no header providing", 0, text))
    assert tidy.comes_with_own_header(path, finding) is comes


def test_mending_adds_and_removes_and_leaves_the_order_to_clang_format(tree):
    assert shutil.which("clang-format-14"), "run third_party/install --tests"
    path, text = "scp/wire/guard.cc", "#include <vector>\n\nint a;\n"
    write(tree, {path: text, ".clang-format": "BasedOnStyle: Google\n"})
    told = [
        tidy.Finding("", "", "", ((0, 0, '#include <absl/types/span.h>\n'),)),
        tidy.Finding("", "", "", ((0, 0, "#include <map>\n"),)),
        tidy.Finding("", "", "", ((0, len("#include <vector>\n"), ""),)),
    ]
    tidy.mend(path, told)
    assert pathlib.Path(tree / path).read_text() == (
        '#include <map>\n\n#include "absl/types/span.h"\n\nint a;\n'
    )
