"""The files of the repository, or of a small tree that a self-test made."""

import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODULES = ("core", "scp", "services")
# Built, fetched or somebody's own: see .gitignore.
NOT_OURS = {"build", "data", "__pycache__"}


def files(root=ROOT):
    """Every file as a path relative to `root`, in order."""
    found = []
    for folder, folders, names in os.walk(root):
        top = pathlib.Path(folder) == root
        folders[:] = [
            name
            for name in folders
            if not (top and name in NOT_OURS)
            and name != "__pycache__"
            and (not name.startswith(".") or name == ".ci")
        ]
        found += [(pathlib.Path(folder) / name).relative_to(root) for name in names]
    return sorted(found)


def sources(root=ROOT, under=MODULES):
    """The .h and .cc files below the folders `under`."""
    return [
        path for path in files(root) if path.suffix in (".h", ".cc") and path.parts[0] in under
    ]


def write(root, texts):
    """Makes a tree for a self-test: {"core/base/log.h": "text"}."""
    for name, text in texts.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root
