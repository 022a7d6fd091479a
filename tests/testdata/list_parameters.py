#!/usr/bin/env python3
"""Lists name, shape and storage type of every tensor in zip or legacy PyTorch checkpoints,
without PyTorch, one architecture a file name:

    tests/testdata/list_parameters.py resnet18.pth ... > tests/testdata/torchvision_parameters.tsv

The committed list was made from checkpoints that torchvision 0.26 wrote for networks with one
output; it is what core/inference/networks must call its parameters.
"""

import os
import pickle
import sys
import zipfile


class Anything:
    """Stands in for whatever a checkpoint names; nothing of it is imported or run."""

    def __init__(self, name):
        self.name = name

    def __call__(self, *arguments):
        if self.name == "_rebuild_tensor_v2":
            return ("tensor", arguments[0], tuple(arguments[2]))
        if self.name == "OrderedDict":
            return Dictionary()
        return Anything("value of " + self.name)

    def __setstate__(self, state):
        pass


class Dictionary(dict):
    def __setstate__(self, state):
        pass


class Reader(pickle.Unpickler):
    def find_class(self, module, name):
        return Anything(name)

    def persistent_load(self, identity):
        return identity[1].name


def state_dict(path):
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            name = next(n for n in archive.namelist() if n.endswith("/data.pkl"))
            with archive.open(name) as stream:
                root = Reader(stream).load()
    else:
        with open(path, "rb") as stream:
            for _ in range(3):
                Reader(stream).load()
            root = Reader(stream).load()
    for key in ("state_dict", "model_state_dict"):
        root = root.get(key, root)
    return root


for path in sys.argv[1:]:
    architecture = os.path.splitext(os.path.basename(path))[0]
    for name, (_, storage, shape) in sorted(state_dict(path).items()):
        kind = "int64" if storage == "LongStorage" else "float"
        print(architecture, name, "x".join(map(str, shape)) or "scalar", kind, sep="\t")
