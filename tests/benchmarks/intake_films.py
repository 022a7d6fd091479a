"""Films of noise in any number, each an instance and a study of its own."""

import os
import pathlib
import random

import numpy

from harness import films


class Kind:
    """One kind of film: a template whose UIDs and pixels every film gets anew."""

    def __init__(self, name, sop_class, side, dtype=numpy.uint8, frames=1):
        self.name = name
        dataset = films.film(numpy.zeros((side * frames, side), dtype), sop_class)
        if frames > 1:
            dataset.Rows, dataset.NumberOfFrames = side, frames
        self._template = None
        self._dataset = dataset
        self._pixel_bytes = len(dataset.PixelData)

    def make(self, folder, count):
        """`count` new films; returns their paths."""
        folder = pathlib.Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        if self._template is None:
            path = films.save(self._dataset, folder / "template.dcm")
            self._template = path.read_bytes()
            path.unlink()
        paths = []
        for number in range(count):
            paths.append(folder / f"{number:06}.dcm")
            paths[-1].write_bytes(self._fresh())
        return paths

    @property
    def file_bytes(self):
        return self._pixel_bytes

    def _fresh(self):
        head = self._template[: -self._pixel_bytes]
        for uid in (
            self._dataset.SOPInstanceUID,
            self._dataset.StudyInstanceUID,
            self._dataset.SeriesInstanceUID,
        ):
            head = head.replace(str(uid).encode(), another_uid(str(uid)).encode())
        return head + os.urandom(self._pixel_bytes)


def another_uid(uid):
    """A new UID of the same length, so that it can take the other's place in the bytes."""
    digits = len(uid) - len("2.25.")
    return f"2.25.{random.randrange(10 ** (digits - 1), 10**digits)}"


def half_megabyte():
    return Kind("0.5 MB", films.CR, 704)


def eight_megabytes():
    return Kind("8 MB", films.DX, 2000, numpy.uint16)


def sixty_kilobytes():
    return Kind("60 kB", films.SECONDARY_CAPTURE, 244)


def twenty_kilobytes():
    return Kind("20 kB", films.CR, 140)


def large(megabytes):
    return Kind(f"{megabytes} MB", films.SECONDARY_CAPTURE, 1000, frames=megabytes)
