#!/usr/bin/env python3
"""Writes parity/expected.json: what torchvision makes of the films there.

    pip install torch==2.11.0 torchvision==0.26.0 safetensors pillow
    tests/testdata/make_parity.py

Logits and raw positive class activation maps (in logits) of torchvision's networks on the
CPU with the weights of deploy/models, by hooks on the layer that the manifests' maps are of.  To be run again when the weights there change.
"""

import json
import pathlib

import numpy as np
import torch
from PIL import Image

from make_cam_golden import HERE, load

FILMS = HERE / "parity"
LAYERS = {"resnet18": "layer4", "efficientnet_b0": "features", "densenet121": "features"}


def pixels(path):
    gray = np.asarray(Image.open(path).convert("RGB"), np.float32) / 255
    mean = np.array([0.485, 0.456, 0.406], np.float32)
    deviation = np.array([0.229, 0.224, 0.225], np.float32)
    return torch.from_numpy(((gray - mean) / deviation).transpose(2, 0, 1)[None].copy())


def result(network, layer, image):
    """DenseNet's ReLU overwrites the features in place, so what is kept is after it."""
    kept = {}

    def keep(module, inputs, output):
        kept["activation"] = output
        output.register_hook(lambda gradient: kept.__setitem__("gradient", gradient))

    handle = network.get_submodule(layer).register_forward_hook(keep)
    logit = network(image)[0, 0]
    logit.backward()
    handle.remove()
    weights = kept["gradient"].mean((2, 3), keepdim=True)
    cam = torch.relu((weights * kept["activation"]).sum(1))[0].detach().numpy()
    return {"logit": logit.item(), "heatmap_peak": float(cam.max()),
            "heatmap": [[float(value) for value in row] for row in cam]}


def main():
    networks = {name: load(name)[0] for name in LAYERS}
    expected = []
    for path in sorted(FILMS.glob("*.png")):
        models = {name: result(network, LAYERS[name], pixels(path))
                  for name, network in networks.items()}
        expected.append({"file": path.name, "models": models})
    (FILMS / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    main()
