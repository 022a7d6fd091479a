#!/usr/bin/env python3
"""What torchvision's networks compute, for tests/core/inference/networks/parity_test.cc:

    pip install torch==2.11.0 torchvision==0.26.0
    tests/testdata/make_network_goldens.py > tests/testdata/network_goldens.json

Weights and picture are made by a formula from the parameter's name and the element's number,
so that the test makes the same ones: no weights are stored, and a parameter that bears another
name there gets other weights, and other results.
"""

import json
import math
import sys

import numpy
import torch
import torchvision

ARCHITECTURES = [
    "densenet121", "densenet169", "efficientnet_b0", "efficientnet_b1", "efficientnet_b2",
    "efficientnet_b3", "efficientnet_b4", "resnet18", "resnet34", "resnet50",
]
OUTPUTS = 3
SHAPE = (2, 3, 96, 96)
SAMPLES = 256
# Variance of a kernel times its fan in: so that the features show the picture, and rounding
# does not grow from layer to layer.
GAIN = {"densenet": 2.0, "efficientnet": 1.5, "resnet": 1.0}


def uniform(name, count):
    """float32 in [0, 1): SplitMix64 started at the name's FNV-1a hash, 24 bits each."""
    with numpy.errstate(over="ignore"):
        state = numpy.uint64(0xCBF29CE484222325)
        for byte in name.encode():
            state = (state ^ numpy.uint64(byte)) * numpy.uint64(0x100000001B3)
        x = state + numpy.arange(1, count + 1, dtype=numpy.uint64) * numpy.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
        x = x ^ (x >> numpy.uint64(31))
    return (x >> numpy.uint64(40)).astype(numpy.float32) / numpy.float32(2**24)


def value(name, shape, gain):
    u = uniform(name, math.prod(shape))
    if len(shape) > 1:
        bound = math.sqrt(3 * gain / math.prod(shape[1:]))
        flat = (u + u - numpy.float32(1)) * numpy.float32(bound)
    elif name.endswith("running_var") or name.endswith("weight"):
        flat = u + numpy.float32(0.5)
    else:
        flat = (u + u - numpy.float32(1)) * numpy.float32(0.125)
    return torch.from_numpy(flat).reshape(shape)


def golden(architecture):
    network = getattr(torchvision.models, architecture)(weights=None, num_classes=OUTPUTS).eval()
    gain = next(value for family, value in GAIN.items() if architecture.startswith(family))
    for name, tensor in network.state_dict().items():
        if tensor.is_floating_point():
            tensor.copy_(value(name, tuple(tensor.shape), gain))
    image = torch.from_numpy(uniform("image", math.prod(SHAPE))).reshape(SHAPE) * 4 - 2
    with torch.no_grad():
        logits = network(image)
        if architecture.startswith("resnet"):
            trunk = torch.nn.Sequential(*list(network.children())[:-2])
        else:
            trunk = network.features
        features = trunk(image)
    flat = features.flatten()
    picked = torch.arange(SAMPLES) * flat.numel() // SAMPLES
    return {
        "features_shape": list(features.shape),
        "features_max": float(f"{flat.abs().max().item():.8g}"),
        "features": [float(f"{x:.8g}") for x in flat[picked].tolist()],
        "logits": [[float(f"{x:.8g}") for x in row] for row in logits.tolist()],
    }


if __name__ == "__main__":
    torch.set_num_threads(2)
    json.dump(
        {
            "made_with": f"torch {torch.__version__}, torchvision {torchvision.__version__}",
            "architectures": {name: golden(name) for name in ARCHITECTURES},
        },
        sys.stdout)
    print()
