#!/usr/bin/env python3
"""The same films through PyTorch, through OpenVINO and through camnode, in turns.

Needs, in a Python environment of its own (not Debian's): torch 2.11 and torchvision
0.26 for the CPU, opencv-python-headless, pillow, safetensors, openvino, numpy.

  compare_pytorch.py --benchmark build/release/bin/analyze_benchmark --film FILM.jpg
                     [--models deploy/models] [--rounds 9] [--threads 2]

Each round runs every way once, so that a busy machine slows all of them; printed are
medians in milliseconds a film and camnode's share of the others'.

The PyTorch pipeline is the straightforward one: decode, and for each of the three
networks resize with Pillow, normalise, forward and backward with hooks on the target
layer, Grad-CAM, map resized to the film by OpenCV, JET, blend.  OpenVINO runs forward
passes only, without maps (THROUGHPUT hint for batches of eight).
"""

import argparse
import io
import statistics
import subprocess
import time

import cv2
import numpy
import torch
import torchvision
from PIL import Image
from safetensors.torch import load_file

MODELS = ("resnet18", "efficientnet_b0", "densenet121")
MEAN = numpy.array((0.485, 0.456, 0.406), numpy.float32)
DEVIATION = numpy.array((0.229, 0.224, 0.225), numpy.float32)
BATCH = 8


def load_network(name, folder):
    network = getattr(torchvision.models, name)()
    if name == "resnet18":
        network.fc = torch.nn.Linear(network.fc.in_features, 1)
    elif name == "efficientnet_b0":
        network.classifier[1] = torch.nn.Linear(network.classifier[1].in_features, 1)
    else:
        network.classifier = torch.nn.Linear(network.classifier.in_features, 1)
    weights = load_file(f"{folder}/{name}/1/weights.safetensors")
    network.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in weights.items()})
    return network.eval()


def target_layer(name, network):
    return network.layer4 if name == "resnet18" else network.features


class GradCam:
    """Grad-CAM as tutorials write it: two hooks and a backward pass."""

    def __init__(self, name, network):
        self.network = network
        layer = target_layer(name, network)
        layer.register_forward_hook(self.keep_activations)

    def keep_activations(self, module, inputs, output):
        self.activations = output
        if output.requires_grad:
            output.register_hook(self.keep_gradients)

    def keep_gradients(self, gradient):
        self.gradients = gradient

    def __call__(self, tensor):
        self.network.zero_grad()
        score = self.network(tensor)[0, 0]
        score.backward()
        weights = self.gradients.mean(dim=(2, 3), keepdim=True)
        cam = torch.relu((weights * self.activations).sum(dim=1))[0].detach().numpy()
        cam = cam - cam.min()
        return float(torch.sigmoid(score.detach())), cam / max(float(cam.max()), 1e-12)


def to_tensor(gray):
    image = Image.fromarray(gray).convert("RGB").resize((224, 224), Image.BILINEAR)
    values = (numpy.asarray(image, numpy.float32) / 255.0 - MEAN) / DEVIATION
    return torch.from_numpy(values.transpose(2, 0, 1)[None].copy())


def pytorch_film(data, cams):
    gray = numpy.asarray(Image.open(io.BytesIO(data)).convert("L"))
    overlays = []
    for cam in cams:
        _, heat = cam(to_tensor(gray))
        heat = cv2.resize(heat, (gray.shape[1], gray.shape[0]))
        colour = cv2.applyColorMap(numpy.uint8(255 * heat), cv2.COLORMAP_JET)[:, :, ::-1]
        film = cv2.cvtColor(gray, cv2.COLOR_GRAY2RGB)
        overlays.append(numpy.uint8(colour * 0.4 + film * 0.6))
    return overlays


class OpenVino:
    """Forward passes of the three networks."""

    def __init__(self, networks, precision, threads):
        import openvino

        core = openvino.Core()
        self.single, self.batched = [], []
        for network in networks:
            for batch, hint, kept in ((1, "LATENCY", self.single), (BATCH, "THROUGHPUT", self.batched)):
                model = openvino.convert_model(network, example_input=torch.zeros(batch, 3, 224, 224))
                model.reshape([batch, 3, 224, 224])
                kept.append(core.compile_model(model, "CPU", {
                    "INFERENCE_PRECISION_HINT": precision,
                    "PERFORMANCE_HINT": hint,
                    "INFERENCE_NUM_THREADS": threads}))
        self.image = numpy.random.default_rng(1).standard_normal((1, 3, 224, 224), numpy.float32)
        self.images = numpy.repeat(self.image, BATCH, axis=0)
        self.queues = [openvino.AsyncInferQueue(model) for model in self.batched]

    def forward1(self):
        for model in self.single:
            model(self.image)

    def forward8(self, batches=2):
        for queue in self.queues:
            for _ in range(batches):
                queue.start_async(self.images)
            queue.wait_all()
        return batches


def milliseconds(work):
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


class Camnode:
    """A running analyze_benchmark --serve."""

    def __init__(self, program, models, precision, threads, film):
        self.process = subprocess.Popen(
            [program, "--serve", "--models", models, "--precision", precision,
             "--threads", str(threads), film],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline().strip() == "ready"

    def run(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--benchmark", default="build/release/bin/analyze_benchmark")
    parser.add_argument("--film", required=True)
    parser.add_argument("--models", default="deploy/models")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    networks = [load_network(name, options.models) for name in MODELS]
    with open(options.film, "rb") as file:
        data = file.read()
    times = {}

    def note(name, value):
        times.setdefault(name, []).append(value)

    vino = {p: OpenVino(networks, p, options.threads) for p in ("f32", "bf16")}
    cams = [GradCam(name, network) for name, network in zip(MODELS, networks)]
    ours = {p: Camnode(options.benchmark, options.models, p, options.threads, options.film)
            for p in ("float32", "bfloat16")}
    pytorch_film(data, cams)
    for _ in range(options.rounds):
        note("pytorch film", milliseconds(lambda: pytorch_film(data, cams)))
        for precision, other in (("float32", "f32"), ("bfloat16", "bf16")):
            note(f"openvino {precision} forward1", milliseconds(vino[other].forward1))
            note(f"openvino {precision} forward8",
                 milliseconds(vino[other].forward8) / (2 * BATCH))
            for command in ("forward1", "maps1", "forward8", "maps8", "film1", "film8"):
                note(f"camnode {precision} {command}", ours[precision].run(command))
        note("camnode overlay", ours["float32"].run("overlay"))
    for camnode in ours.values():
        camnode.close()

    median = {name: statistics.median(values) for name, values in times.items()}
    for name, value in median.items():
        print(f"{name:36} {value:9.2f} ms a film")
    for precision in ("float32", "bfloat16"):
        for count in ("1", "8"):
            maps = median[f"camnode {precision} maps{count}"]
            print(f"{precision} maps{count}: {maps / median[f'openvino {precision} forward{count}']:.2f}"
                  f" x OpenVINO's forward; {maps / median[f'camnode {precision} forward{count}']:.3f}"
                  f" x our own; film{count}: PyTorch takes"
                  f" {median['pytorch film'] / median[f'camnode {precision} film{count}']:.1f} x as long")


if __name__ == "__main__":
    main()
