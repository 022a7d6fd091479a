"""The pictures in the READMEs, as PNG files: what they show, who made them, their pixels."""

import re
import struct
import zlib

import numpy

from harness.settings import MODELS, SAMPLES

FILM = SAMPLES / "pneumonia_bacteria.dcm"
NAMES = ("overlay.png", "orthanc.png")
SHIPPED = ("resnet18/1", "efficientnet_b0/1", "densenet121/1")

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_KEYWORD = b"Comment"


def made_from(analysis):
    """The comment of a picture of this analysis: each model, a line."""
    return "\n".join(
        _line(one.model, one.version, one.weights_sha256, one.threshold)
        for one in analysis.results
    )


def made_from_what_ships():
    """The comment of a picture made by the models in deploy/models."""
    return "\n".join(_line(*_identity(MODELS / model)) for model in SHIPPED)


def _line(name, version, weights_sha256, threshold):
    return f"{name}/{version} weights {weights_sha256} threshold {float(threshold):g}"


def _identity(folder):
    """Name, version, digest of the weights and threshold in a model's manifest."""
    manifest = (folder / "manifest.textproto").read_text()
    for field in ("name", "version", "weights_sha256", "threshold"):
        yield re.search(rf'^{field}: "?([^"\n]+)"?$', manifest, re.MULTILINE).group(1)


def chunks(png):
    """(type, data) of each chunk."""
    assert png[:8] == _SIGNATURE, "not a PNG file"
    at = 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        yield png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        at += 12 + length


def comment(png):
    """The text that with_comment put in; empty if there is none."""
    for kind, data in chunks(png):
        keyword, _, text = data.partition(b"\0")
        if kind == b"tEXt" and keyword == _KEYWORD:
            return text.decode("ascii")
    return ""


def with_comment(png, text):
    """The same picture with this comment, and no other text or time."""
    kept = [(kind, data) for kind, data in chunks(png) if kind not in (b"tEXt", b"zTXt", b"tIME")]
    kept.insert(1, (b"tEXt", _KEYWORD + b"\0" + text.encode("ascii")))
    return _SIGNATURE + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in kept
    )


def pixels(png):
    """Rows x columns x 3 of an 8-bit RGB picture as camnode writes it: filters None and Sub."""
    by_kind = {}
    for kind, data in chunks(png):
        by_kind[kind] = by_kind.get(kind, b"") + data
    columns, rows, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", by_kind[b"IHDR"])
    assert (depth, colour, interlaced) == (8, 2, 0), "not an 8-bit RGB picture"
    lines = numpy.frombuffer(zlib.decompress(by_kind[b"IDAT"]), numpy.uint8)
    lines = lines.reshape(rows, 1 + 3 * columns)
    filters, lines = lines[:, 0], lines[:, 1:].reshape(rows, columns, 3)
    assert set(filters.tolist()) <= {0, 1}, "rows are filtered as camnode does not"
    sums = numpy.cumsum(lines, axis=1, dtype=numpy.uint8)
    return numpy.where((filters == 1)[:, None, None], sums, lines)
