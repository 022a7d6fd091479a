#!/usr/bin/env python3
"""Takes the first frames out of small films for corpus/frame_fuzzer.

    make_frame_seeds.py corpus/frame_fuzzer FILM...
"""
import os
import sys

import pydicom
from pydicom.encaps import generate_frames

SYNTAXES = ["5", "4.50", "4.51", "4.57", "4.70", "4.80", "4.81", "4.90", "4.91"]


def seed_of(path):
    ds = pydicom.dcmread(path)
    syntax = str(ds.file_meta.TransferSyntaxUID).replace("1.2.840.10008.1.2.", "")
    frames = int(ds.get("NumberOfFrames", 1) or 1)
    stream = next(generate_frames(ds.PixelData, number_of_frames=frames))
    flags = (ds.SamplesPerPixel == 3) | (ds.BitsAllocated == 16) << 1
    flags |= ds.PixelRepresentation << 2 | ds.PhotometricInterpretation.startswith("YBR") << 3
    header = [SYNTAXES.index(syntax), flags, ds.BitsStored, ds.Rows - 1, ds.Columns - 1]
    return bytes(header) + stream


def main():
    for path in sys.argv[2:]:
        name = os.path.splitext(os.path.basename(path))[0]
        with open(os.path.join(sys.argv[1], name), "wb") as file:
            file.write(seed_of(path))


if __name__ == "__main__":
    main()
