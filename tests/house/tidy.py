"""Runs clang-tidy with the checks of .clang-tidy: see tests/run --tidy.

The compile commands of build/release are GCC's, so a copy of them is made without what
clang does not take, precompiled headers, and with the folder of the one header that this
clang lacks.  A header is looked at as if it were a source, with the options of one beside it.
"""

import concurrent.futures
import dataclasses
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import yaml
from tree import MODULES, ROOT, sources

TIDY = "clang-tidy-19"
# Behind all others: only omp.h is taken from there, of which one version can be installed.
OPENMP_HEADERS = "/usr/lib/llvm-14/lib/clang/14.0.6/include"
# The same text as another source, compiled for other instructions, and that text.
LEFT_OUT = re.compile(r"_(avx2|avx512|baseline)\.cc$|_body\.h$")


def as_clang_takes_it(command):
    command = re.sub(r"-include \S*cmake_pch\.hxx", "", command).replace("-Winvalid-pch", "")
    return command.replace(" -c ", f" -idirafter {OPENMP_HEADERS} -c ", 1)


def copy_of_database(build):
    """The folder of the copy.  Written only if it differs, or clang-tidy reads half of it."""
    entries = json.loads((build / "compile_commands.json").read_text())
    for entry in entries:
        entry["command"] = as_clang_takes_it(entry["command"])
    folder = build / "tidy"
    folder.mkdir(exist_ok=True)
    (folder / "compile_commands.json").write_text(json.dumps(entries, indent=1))
    return folder


def git(*arguments):
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"tests/run: error: git {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout.split("\n")[:-1]


def changed_since(revision):
    return git("diff", "--name-only", revision) + git("ls-files", "-o", "--exclude-standard")


def chosen(words):
    """The sources that the command line means: all, what changed since a revision, paths."""
    everything = [str(path) for path in sources(ROOT, under=(*MODULES, "tests"))]
    everything = [path for path in everything if not LEFT_OUT.search(path)]
    if words == ["all"]:
        return everything
    if words and all((ROOT / word).exists() for word in words):
        wanted = {str(pathlib.Path(word)) for word in words}
        return [
            path
            for path in everything
            if path in wanted or wanted & {str(folder) for folder in pathlib.Path(path).parents}
        ]
    if len(words) > 1:
        sys.exit(f"tests/run: error: --tidy: no such file or folder among: {' '.join(words)}")
    changed = set(changed_since(words[0] if words else "HEAD"))
    return [path for path in everything if path in changed]


@dataclasses.dataclass(frozen=True)
class Finding:
    place: str  # path:line
    check: str
    message: str
    replacements: tuple  # (offset, length, text)


def line_of(path, offset):
    return (ROOT / path).read_bytes()[:offset].count(b"\n") + 1


def findings(path, exported):
    """What clang-tidy exported of this file, each once."""
    found = {}
    for diagnostic in exported.get("Diagnostics", []):
        told = diagnostic["DiagnosticMessage"]
        where = pathlib.Path(told["FilePath"] or path)
        if where.is_relative_to(ROOT):
            where = where.relative_to(ROOT)
        elif told["FilePath"] and diagnostic["DiagnosticName"] != "clang-diagnostic-error":
            continue  # A warning within the standard library, which nobody here can mend.
        replacements = tuple(
            (one["Offset"], one["Length"], one["ReplacementText"])
            for one in told["Replacements"]
            if pathlib.Path(one["FilePath"]) == ROOT / path
        )
        place = f"{where}:{line_of(where, told['FileOffset'])}"
        finding = Finding(place, diagnostic["DiagnosticName"], told["Message"], replacements)
        found.setdefault((finding.check, finding.message), finding)
    return list(found.values())


def included(text):
    return re.findall(r'^#include [<"]([^>"]+)[>"]', text, re.M)


def repeats_another(finding):
    """Of several names from one missing header only the first comes with the header."""
    return finding.message.startswith("no header providing") and not finding.replacements


def comes_with_own_header(path, finding):
    """A source need not include again what the header of its name does."""
    missing = included("".join(text for _, _, text in finding.replacements))
    first = included((ROOT / path).read_text())[:1]
    stem = pathlib.Path(path).stem.removesuffix("_test")
    if not missing or not first or not path.endswith(".cc") or pathlib.Path(first[0]).stem != stem:
        return False
    own = ROOT / first[0]
    return own.exists() and set(missing) <= set(included(own.read_text()))


def look_at(path, database):
    with tempfile.NamedTemporaryFile(suffix=".yaml") as exported:
        command = [TIDY, "-quiet", f"-p={database}", f"-export-fixes={exported.name}", str(ROOT / path)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        text = pathlib.Path(exported.name).read_text()
    told = findings(path, yaml.safe_load(text) if text else {})
    if done.returncode and not told:
        told = [Finding(path, "clang-tidy", done.stderr.strip()[-500:], ())]
    return [
        finding
        for finding in told
        if not repeats_another(finding) and not comes_with_own_header(path, finding)
    ]


def mend(path, told):
    """Changes what clang-tidy knows how to, and leaves the order to clang-format."""
    # What does not compile is not understood: clang would rename what it misses.
    if any(finding.check == "clang-diagnostic-error" for finding in told):
        return
    text = (ROOT / path).read_bytes()
    changes = {change for finding in told for change in finding.replacements}
    for offset, length, put in sorted(changes, reverse=True):
        put = re.sub(r"<(absl/.*)>", r'"\1"', put)  # In quotes, as everywhere here.
        text = text[:offset] + put.encode() + text[offset + length :]
    (ROOT / path).write_bytes(text)
    subprocess.run(["clang-format-14", "-i", path], cwd=ROOT, check=True)


def main(arguments):
    fix = "--fix" in arguments
    build = ROOT / "build" / "release"
    files = chosen([word for word in arguments if word != "--fix"])
    database = copy_of_database(build)
    wrong = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, told in zip(files, pool.map(lambda file: look_at(file, database), files)):
            for finding in told:
                print(f"{finding.place}: {finding.message} [{finding.check}]", flush=True)
            wrong += bool(told)
            if fix and told:
                mend(path, told)
    print(f"{len(files)} files, {wrong} with findings")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
