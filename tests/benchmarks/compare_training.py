#!/usr/bin/env python3
"""How many images a second camnode-lab train and PyTorch train on, in turns.

Needs, in a Python environment of its own (not Debian's): torch 2.11 and torchvision
0.26 for the CPU, pillow, numpy.

  compare_training.py --data FOLDER [--lab build/release/bin/camnode-lab]
                      [--recipe deploy/models/resnet18/recipe.textproto]
                      [--films 640] [--rounds 5] [--threads 2]

FOLDER is as camnode-lab train takes it; of its train split as many films of one class
as of the other are used.  Network, precision, augmentation, optimizer and the first
stage are the recipe's, for both.  Each round trains every way once, so that a busy machine
slows all of them:

  camnode    camnode-lab train, two epochs: what its curves.csv says of the second
  PyTorch    an epoch; films augmented by a DataLoader's worker, as camnode makes its
             batches beside the network
  as is      an epoch of PyTorch on batches that lie ready in memory: no augmentation,
             no loader

Decoding, starting and writing checkpoints are outside of every clock, and so is the
first epoch, in which memory is taken and kernels are made.
"""

import argparse
import csv
import math
import os
import random
import re
import statistics
import subprocess
import tempfile
import time
import types

import numpy
import torch
import torch.nn.functional as F
import torchvision
from PIL import Image
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms.v2.functional import gaussian_blur

REFERENCE_SIDE = 224  # Blur in a recipe is in pixels of films this wide.


def read_recipe(path):
    """The text of a recipe with two epochs of its first stage, and the numbers in it."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    stage = re.search(r"^stages \{.*?^\}\n", text, re.M | re.S).group()
    stage = re.sub(r"epochs: \d+", "epochs: 2", stage)
    text = re.sub(r"^stages \{.*?^\}\n", "", text, flags=re.M | re.S) + stage
    if "BFLOAT16" not in text or "ADAMW" not in text or "ONE_CYCLE" not in stage:
        raise SystemExit(f"{path}: the PyTorch side is bfloat16, AdamW and one-cycle")

    def numbers(block):
        return {name: float(value) for name, value in re.findall(r"(\w+): ([-\d.e]+)\s", block)}

    recipe = types.SimpleNamespace(**numbers(text[text.index("optimizer:"):]), **{
        name: [float(value) for value in re.search(name + r": \[(.*?)\]", text).group(1).split(",")]
        for name in ("mean", "standard_deviation")})
    recipe.side, recipe.batch = int(recipe.image_size), int(recipe.batch_size)
    recipe.architecture = re.search(r'architecture: "(\w+)"', text).group(1)
    recipe.classes = re.findall(r'^classes \{ name: "(\w+)"', text, re.M)
    return text, recipe


def choose_films(data, classes, count):
    """(path, class) of the first films of each class."""
    films = []
    for number, name in enumerate(classes):
        folder = os.path.join(os.path.abspath(data), "train", name)
        names = sorted(os.listdir(folder))[:count // len(classes)]
        films += [(os.path.join(folder, name), number) for name in names]
    return films


class Camnode:
    """camnode-lab train, a process each time; films are decoded by the first."""

    def __init__(self, lab, recipe_text, classes, films, threads, folder):
        self.folder, self.runs = folder, 0
        with open(f"{folder}/recipe.textproto", "w", encoding="utf-8") as file:
            file.write(recipe_text)
        with open(f"{folder}/films.csv", "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(("path", "class", "split", "patient"))
            for path, number in films:
                writer.writerow((path, classes[number], "train", path))
        self.command = [lab, "train", "--recipe", f"{folder}/recipe.textproto", "--data",
                        f"{folder}/films.csv", "--fold", "none", "--cache", f"{folder}/cache",
                        "--threads", str(threads)]

    def images_per_second(self):
        self.runs += 1
        run = f"{self.folder}/run{self.runs}"
        subprocess.run(self.command + ["--output", run], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        with open(f"{run}/curves.csv", newline="", encoding="utf-8") as file:
            return float(list(csv.DictReader(file))[-1]["images_per_second"])


class Films(Dataset):
    """Gray squares in memory, augmented one by one as the recipe says."""

    def __init__(self, films, recipe):
        self.recipe = recipe
        size = (recipe.side, recipe.side)
        self.images = [torch.from_numpy(numpy.array(
            Image.open(path).convert("L").resize(size, Image.BILINEAR)))[None] for path, _ in films]
        self.targets = torch.tensor([float(number) for _, number in films])

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        return augment(self.images[index], self.recipe), self.targets[index]


def placement(r):
    """From the square back to the film: turned, scaled, stretched and moved."""
    angle = math.radians(random.uniform(-r.rotation_degrees, r.rotation_degrees))
    scale = random.uniform(r.min_scale, r.max_scale)
    stretch = math.log1p(r.aspect)
    x, y = (scale * math.exp(random.uniform(-stretch, stretch)) for _ in "xy")
    cosine, sine = math.cos(angle), math.sin(angle)
    return torch.tensor([[[cosine / x, sine / x, 2 * random.uniform(-r.shift, r.shift)],
                          [-sine / y, cosine / y, 2 * random.uniform(-r.shift, r.shift)]]])


def blur(image, deviation):
    return gaussian_blur(image, 2 * math.ceil(3 * deviation) + 1, deviation)


def augment(film, r):
    image = film[None].float() / 255
    grid = F.affine_grid(placement(r), image.shape, align_corners=False)
    image = F.grid_sample(image, grid, align_corners=False)
    if random.random() < r.resampling_probability:
        side = max(8, round(r.side * random.uniform(r.min_resampling, 1)))
        image = F.interpolate(F.interpolate(image, side, mode="area"), r.side, mode="bilinear")
    choice, amount, pixel = random.random(), random.random(), r.side / REFERENCE_SIDE
    if choice < r.blur_probability:
        image = blur(image, max(0.05, amount * r.max_blur_pixels * pixel))
    elif choice < r.blur_probability + r.sharpen_probability:
        image = image + amount * r.max_sharpen * (image - blur(image, 1.5 * pixel))
    image = image.clamp(0, 1) ** math.exp(random.uniform(-r.log_gamma, r.log_gamma))
    image = (image - 0.5) * (1 + random.uniform(-r.contrast, r.contrast)) + 0.5
    image = image + random.uniform(-r.brightness, r.brightness)
    image = image + torch.randn_like(image) * (random.uniform(0, r.max_noise_levels) / 255)
    if random.random() < r.erasing_probability:
        area, aspect = random.uniform(0, r.max_erased_area), math.exp(random.uniform(-1, 1))
        height, width = (min(r.side, round(r.side * math.sqrt(share)))
                         for share in (area / aspect, area * aspect))
        top, left = random.randint(0, r.side - height), random.randint(0, r.side - width)
        image[..., top:top + height, left:left + width] = random.random()
    return (image[0].clamp(0, 1) * 255).to(torch.uint8)


class PyTorch:
    """The training loop as PyTorch's documentation writes it."""

    def __init__(self, films, recipe, epochs):
        self.recipe = recipe
        self.films = Films(films, recipe)
        self.steps = len(films) // recipe.batch
        self.augmented = DataLoader(self.films, recipe.batch, shuffle=True, drop_last=True,
                                    num_workers=1, persistent_workers=True)
        self.ready = list(zip(torch.stack(self.films.images).split(recipe.batch),
                              self.films.targets.split(recipe.batch)))[:self.steps]
        network = getattr(torchvision.models, recipe.architecture)(num_classes=1)
        self.network = network.to(memory_format=torch.channels_last).train()
        self.averaged = AveragedModel(self.network, use_buffers=True,
                                      multi_avg_fn=get_ema_multi_avg_fn(recipe.average_decay))
        kernels = [p for p in network.parameters() if p.dim() > 1]
        others = [p for p in network.parameters() if p.dim() <= 1]
        self.optimizer = torch.optim.AdamW(
            [{"params": kernels, "weight_decay": recipe.weight_decay},
             {"params": others, "weight_decay": 0.0}], lr=recipe.learning_rate, fused=True)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer, recipe.learning_rate, total_steps=epochs * self.steps)
        self.mean = torch.tensor(recipe.mean).view(1, 3, 1, 1)
        self.deviation = torch.tensor(recipe.standard_deviation).view(1, 3, 1, 1)

    def step(self, gray, targets):
        images = (gray.float() / 255 - self.mean) / self.deviation
        images = images.contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            logits = self.network(images)
        loss = F.binary_cross_entropy_with_logits(logits[:, 0].float(), targets)
        if not math.isfinite(loss.item()):
            raise SystemExit("PyTorch: the loss is not finite")
        loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.schedule.step()
        self.averaged.update_parameters(self.network)

    def images_per_second(self, batches):
        start = time.perf_counter()
        for gray, targets in batches:
            self.step(gray, targets)
        return self.steps * self.recipe.batch / (time.perf_counter() - start)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--lab", default="build/release/bin/camnode-lab")
    parser.add_argument("--recipe", default="deploy/models/resnet18/recipe.textproto")
    parser.add_argument("--films", type=int, default=640)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    options = parser.parse_args()

    text, recipe = read_recipe(options.recipe)
    if options.films < recipe.batch:
        parser.error(f"--films must be at least {recipe.batch}, one batch")
    films = choose_films(options.data, recipe.classes, options.films)
    random.seed(1)
    torch.manual_seed(1)
    torch.set_num_threads(options.threads)
    pytorch = PyTorch(films, recipe, epochs=2 * (options.rounds + 1))
    figures = {"camnode": [], "PyTorch": [], "as is": []}
    with tempfile.TemporaryDirectory() as folder:
        camnode = Camnode(options.lab, text, recipe.classes, films, options.threads, folder)
        for batches in (pytorch.augmented, pytorch.ready):
            pytorch.images_per_second(batches)
        for _ in range(options.rounds):
            figures["camnode"].append(camnode.images_per_second())
            figures["PyTorch"].append(pytorch.images_per_second(pytorch.augmented))
            figures["as is"].append(pytorch.images_per_second(pytorch.ready))

    print(f"{recipe.architecture}, {recipe.side} pixels, batches of {recipe.batch}, bfloat16,"
          f" {len(films)} films, {options.threads} threads, {options.rounds} rounds")
    for name, values in figures.items():
        print(f"{name:8} {statistics.median(values):8.1f} images/s"
              f" ({min(values):.1f} to {max(values):.1f})")
    for name in ("PyTorch", "as is"):
        ratios = [ours / other for ours, other in zip(figures["camnode"], figures[name])]
        print(f"camnode is {statistics.median(ratios):.2f} x {name}"
              f" ({min(ratios):.2f} to {max(ratios):.2f})")


if __name__ == "__main__":
    main()
