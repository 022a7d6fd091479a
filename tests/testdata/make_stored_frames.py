#!/usr/bin/env python3
"""Writes stored_frames.tsv: what pydicom makes of the first frame of each film.

    make_stored_frames.py FOLDER-WITH-FILMS >stored_frames.tsv

Needs pydicom 3 with pylibjpeg (libjpeg, openjpeg, rle), pyjpegls and python-gdcm.
Streams that pydicom's plug-ins refuse for their 12 bits are decoded by GDCM itself.
"""
import hashlib
import os
import sys
import warnings

import gdcm
import numpy as np
import pydicom
from pydicom.pixels import pixel_array

LOSSY = {"1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.91"}
GRID = 12  # Points of a lossy film, in each direction.


def by_gdcm(path, ds):
    reader = gdcm.ImageReader()
    reader.SetFileName(path)
    if not reader.Read():
        raise ValueError("GDCM refuses it")
    buffer = reader.GetImage().GetBuffer().encode("utf-8", "surrogateescape")
    values = np.frombuffer(buffer, "<u2")[: ds.Rows * ds.Columns]
    return values.reshape(ds.Rows, ds.Columns)


def frame_of(path, ds):
    """The first frame's stored values, rows x columns x samples."""
    try:
        frame = pixel_array(ds, index=0, raw=True)
    except RuntimeError:
        if ds.file_meta.TransferSyntaxUID not in LOSSY:
            raise
        frame = by_gdcm(path, ds)
    frame = np.asarray(frame)
    return frame.reshape(frame.shape[0], frame.shape[1], -1).astype("<i4")


def line_of(folder, name):
    path = os.path.join(folder, name)
    try:
        ds = pydicom.dcmread(path, force=True)
        frame = frame_of(path, ds)
    except Exception:  # Whatever it is, pydicom has no pixels to compare with.
        return [name, "none"]
    rows, columns, samples = frame.shape
    shape = [str(rows), str(columns), str(samples)]
    if ds.file_meta.TransferSyntaxUID not in LOSSY:
        return [name, "exact", *shape, hashlib.sha256(frame.tobytes()).hexdigest()]
    points = [
        str(value)
        for i in range(GRID)
        for j in range(GRID)
        for value in frame[i * rows // GRID, j * columns // GRID]
    ]
    return [name, "near", *shape, "%.3f" % frame.mean(), ",".join(points)]


def main():
    warnings.simplefilter("ignore")
    folder = sys.argv[1]
    print("# What pydicom makes of the first frame of every film: make_stored_frames.py says how.")
    print("# The films are not part of this repository.  Values are stored values, colour by pixel.")
    print("# file\texact\trows\tcolumns\tsamples\tSHA-256 of the values as int32")
    print(f"# file\tnear\trows\tcolumns\tsamples\tmean\t{GRID} x {GRID} points, row by row")
    print("# file\tnone")
    for name in sorted(os.listdir(folder)):
        if name.endswith(".dcm"):
            print("\t".join(line_of(folder, name)))


if __name__ == "__main__":
    main()
