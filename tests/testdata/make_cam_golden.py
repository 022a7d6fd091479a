#!/usr/bin/env python3
"""Writes cam_golden.json: class activation maps made with the Python package grad-cam.

    pip install torch==2.11.0 torchvision==0.26.0 grad-cam==1.5.7 safetensors
    tests/testdata/make_cam_golden.py

On the CPU, with the weights of deploy/models in torchvision's networks, of one film
that is 224 x 224 pixels already.  Maps are as the package has them before it scales
them, with their signs.  To be run again when the weights there change: the digests
are in the file, and the test compares them.
"""

import hashlib
import json
import pathlib

import numpy as np
import torch
import torchvision
from PIL import Image
from pytorch_grad_cam import GradCAM, GradCAMPlusPlus, HiResCAM, LayerCAM, ScoreCAM, XGradCAM
from pytorch_grad_cam import base_cam
from pytorch_grad_cam.utils.image import scale_cam_image
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from safetensors.torch import load_file
import ttach

HERE = pathlib.Path(__file__).parent
MODELS = HERE.parent.parent / "deploy" / "models"
FILM = "parity/person347_bacteria_1595.png"

METHODS = {"gradcam": GradCAM, "gradcam++": GradCAMPlusPlus, "hirescam": HiResCAM,
           "xgradcam": XGradCAM, "layercam": LayerCAM, "scorecam": ScoreCAM}
GRADIENT_METHODS = [name for name in METHODS if name != "scorecam"]
LAYERS = {"resnet18": ["layer3", "layer4"],
          "efficientnet_b0": ["features.5", "features.8"],
          "densenet121": ["features.denseblock3", "features.norm5"]}
FUSED = {"resnet18": ["layer2", "layer3", "layer4"],
         "densenet121": ["features.transition2", "features.denseblock3"]}
AUGMENTED = {"resnet18": ["layer4"], "densenet121": ["features.norm5"]}
AUGMENTATIONS = {"flip": [ttach.HorizontalFlip()],
                 "scale": [ttach.Multiply(factors=[0.9, 1, 1.1])],
                 "flip,scale": [ttach.HorizontalFlip(), ttach.Multiply(factors=[0.9, 1, 1.1])]}


def numbers(array):
    """float32, exactly."""
    return [[float(f"{value:.9g}") for value in row] for row in np.asarray(array, np.float32)]


def film():
    pixels = np.asarray(Image.open(HERE / FILM).convert("RGB"), np.float32) / 255
    mean = np.array([0.485, 0.456, 0.406], np.float32)
    deviation = np.array([0.229, 0.224, 0.225], np.float32)
    return torch.from_numpy(((pixels - mean) / deviation).transpose(2, 0, 1)[None].copy())


def load(architecture):
    network = getattr(torchvision.models, architecture)(num_classes=1)
    path = MODELS / architecture / "1" / "weights.safetensors"
    network.load_state_dict({k: v.float() if v.is_floating_point() else v
                             for k, v in load_file(path).items()})
    return network.eval(), hashlib.sha256(path.read_bytes()).hexdigest()


def raw_map(method, network, layer, image, output):
    """What get_cam_image returns."""
    kept = []
    with METHODS[method](model=network, target_layers=[network.get_submodule(layer)]) as cam:
        original = cam.get_cam_image
        cam.get_cam_image = lambda *a, **k: kept.append(original(*a, **k)) or kept[-1]
        cam(image, targets=[ClassifierOutputTarget(output)])
    return kept[0][0]


def fused_map(network, layers, image):
    """The package's mean over layers, on the finest of their grids, not scaled again."""
    scaled = []
    maps = [raw_map("layercam", network, layer, image, 0) for layer in layers]
    finest = max((m.shape for m in maps), key=lambda shape: shape[0] * shape[1])
    for m in maps:
        scaled.append(scale_cam_image(np.maximum(m, 0)[None], finest[::-1])[0])
    return np.mean(scaled, axis=0)


def augmented(network, layer, image, transforms):
    """The package's own loop over the variants, with its scaling turned off."""
    logits = []
    handle = network.register_forward_hook(lambda m, i, o: logits.append(o.item()))
    base_cam.scale_cam_image, kept = lambda cam, size=None: cam, base_cam.scale_cam_image
    with METHODS["gradcam"](model=network, target_layers=[network.get_submodule(layer)]) as cam:
        cam.tta_transforms = ttach.Compose(transforms)
        result = cam(image, targets=[ClassifierOutputTarget(0)], aug_smooth=True)[0]
    base_cam.scale_cam_image = kept
    handle.remove()
    return {"logit": float(np.mean(logits)), "map": numbers(result)}


class Tiny(torch.nn.Module):
    """Two convolutions and a linear layer over all cells: no pooling, two outputs."""

    def __init__(self):
        super().__init__()
        self.first = torch.nn.Conv2d(3, 4, 3, stride=2, padding=1)
        self.second = torch.nn.Conv2d(4, 6, 3, stride=2, padding=1)
        self.last = torch.nn.Linear(6 * 4 * 4, 2)
        for number, tensor in enumerate(self.parameters()):
            index = torch.arange(tensor.numel(), dtype=torch.int64)
            values = (index * 37 + number * 11) % 101 - 50
            tensor.data = (values.to(torch.float32) / 100).view(tensor.shape)

    def forward(self, image):
        x = self.second(torch.relu(self.first(image)))
        return self.last(torch.relu(x).flatten(1))


def tiny_image():
    index = torch.arange(3 * 16 * 16, dtype=torch.int64)
    return ((index * 29 % 97).to(torch.float32) / 97 - 0.5).view(1, 3, 16, 16)


def main():
    image = film()
    golden = {"film": FILM, "weights": {}, "maps": [], "fused": [], "augmented": [], "tiny": []}
    for architecture, layers in LAYERS.items():
        network, golden["weights"][architecture] = load(architecture)
        for layer in layers:
            for method in GRADIENT_METHODS:
                golden["maps"].append({
                    "architecture": architecture, "layer": layer, "method": method,
                    "map": numbers(raw_map(method, network, layer, image, 0))})
        if architecture in FUSED:
            golden["fused"].append({"architecture": architecture, "layers": FUSED[architecture],
                                    "map": numbers(fused_map(network, FUSED[architecture], image))})
        for layer in AUGMENTED.get(architecture, []):
            for name, transforms in AUGMENTATIONS.items():
                golden["augmented"].append({"architecture": architecture, "layer": layer,
                                            "tta": name,
                                            **augmented(network, layer, image, transforms)})
    tiny = Tiny().eval()
    for layer in ["first", "second"]:
        for method in METHODS:
            for output in [0, 1]:
                golden["tiny"].append({"layer": layer, "method": method, "output": output,
                                       "map": numbers(raw_map(method, tiny, layer, tiny_image(),
                                                              output))})
    text = json.dumps(golden, separators=(",", ":"))
    (HERE / "cam_golden.json").write_text(text.replace('},{"', '},\n{"') + "\n")


if __name__ == "__main__":
    main()
