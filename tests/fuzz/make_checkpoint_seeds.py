#!/usr/bin/env python3
"""Makes the seeds of checkpoint_fuzzer; run where torch 2.11 and numpy are installed:

    tests/fuzz/make_checkpoint_seeds.py tests/fuzz/corpus/checkpoint_fuzzer
"""

import collections
import io
import json
import os
import pickle
import struct
import sys
import zipfile

import numpy
import torch


class Call:
    """Pickles as a call of `function`, which a careless reader would make."""

    def __init__(self, function, *arguments):
        self.made_by = (function, arguments)

    def __reduce__(self):
        return self.made_by


def weights():
    return collections.OrderedDict([
        ("fc.weight", torch.arange(6, dtype=torch.float32).reshape(2, 3)),
        ("fc.bias", torch.ones(2, dtype=torch.bfloat16)),
        ("bn.running_mean", torch.full((2,), 0.5, dtype=torch.float16)),
        ("bn.num_batches_tracked", torch.tensor(7)),
    ])


def shared():
    storage = torch.arange(8, dtype=torch.float32)
    return {"a": storage[:4], "b": storage[2:6].reshape(2, 2).t(), "c": storage}


def training_state():
    return {
        "model_state_dict": weights(),
        "optimizer_state_dict": {"state": {0: {"step": torch.tensor(3.0)}}, "param_groups": [{"lr": 0.1}]},
        "auc": numpy.float64(0.9),
        "epoch": numpy.int64(3),
        "names": ["a", ("b", None, True, -1, 2**70)],
    }


def beside_the_weights():
    return {
        "state_dict": {"fc.bias": torch.zeros(1).expand(6), "fc.weight": torch.ones(6)[::2]},
        "milestones": collections.Counter([3, 4]),
        "seen": {1, "two"},
        "fixed": frozenset([3.0]),
        "more": [1 + 2j, bytearray(b"abc"), torch.Size([1, 2])],
    }


def archive_with_version(version):
    """A zip whose version is compressed, which torch.save never does."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({}, 2))
        archive.writestr("archive/version", version)
    return file.getvalue()


def safetensors(header, data):
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def main(folder):
    os.makedirs(folder, exist_ok=True)

    def write(name, content):
        with open(os.path.join(folder, name), "wb") as file:
            file.write(content)

    for name, value in [("bare", weights()), ("shared", shared()), ("training", training_state()),
                        ("module", torch.nn.DataParallel(torch.nn.Linear(2, 1)).state_dict())]:
        torch.save(value, os.path.join(folder, name + ".zip.pth"))
        torch.save(value, os.path.join(folder, name + ".legacy.pth"), _use_new_zipfile_serialization=False)
    for protocol in [2, 5]:
        for form, is_zip in [("zip", True), ("legacy", False)]:
            torch.save(beside_the_weights(), os.path.join(folder, f"beside{protocol}.{form}.pth"),
                       pickle_protocol=protocol, _use_new_zipfile_serialization=is_zip)
    write("version_bomb.zip.pth", archive_with_version(b"3" * 4_000_000))
    write("version_of_text.zip.pth", archive_with_version(b"three"))
    for protocol in range(6):
        write(f"plain.protocol{protocol}.pkl", pickle.dumps([1, "two", {"three": 3.0}, (4, None)], protocol))
    write("runs_a_command.pkl", pickle.dumps(Call(os.system, "true"), 2))
    write("imports.pkl", pickle.dumps({"x": Call(__import__, "os")}, 4))
    write("two_tensors.safetensors", safetensors(
        {"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
         "b": {"dtype": "F16", "shape": [1, 2], "data_offsets": [8, 12]},
         "__metadata__": {"format": "pt"}}, bytes(12)))
    write("overlap.safetensors", safetensors(
        {"a": {"dtype": "I64", "shape": [1], "data_offsets": [0, 8]},
         "b": {"dtype": "BF16", "shape": [4], "data_offsets": [4, 12]}}, bytes(12)))
    write("field_twice.safetensors", struct.pack("<Q", 69) +
          b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4],"shape":[1]}}   ' + bytes(4))
    write("empty_and_huge.safetensors", safetensors(
        {"a": {"dtype": "F32", "shape": [0, 2**62, 4], "data_offsets": [0, 0]}}, b""))
    write("huge.safetensors", safetensors(
        {"a": {"dtype": "F32", "shape": [2**31, 2**31, 4], "data_offsets": [0, 2**63]}}, bytes(4)))


main(sys.argv[1])
