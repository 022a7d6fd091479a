"""A film much larger than what the node may keep in memory."""

import pathlib

import numpy

from harness import films
from harness.dcmtk import dcmsend

MEGABYTES = 200
MAY_GROW_MB = 16


def memory_mb(node, field):
    status = pathlib.Path(f"/proc/{node.process.pid}/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith(f"{field}:")]
    return int(line.split()[1]) / 1024


def test_a_multi_frame_film_of_200_mb_never_lies_in_memory(make_node, scratch):
    node = make_node(worker="supervise: false").start(wait_for_worker=False)
    frames = numpy.random.default_rng(1).integers(0, 256, (MEGABYTES * 1000, 1000), numpy.uint8)
    large = films.film(frames, films.SECONDARY_CAPTURE, Rows=1000, NumberOfFrames=MEGABYTES)
    small = films.film(frames[:100], films.SECONDARY_CAPTURE)
    # What any film needs is there before.
    assert dcmsend(node.ports["dicom"], films.save(small, scratch / "small.dcm")).returncode == 0
    path = films.save(large, scratch / "large.dcm")

    before = memory_mb(node, "VmRSS")
    # The kernel notes the largest resident size anew.
    pathlib.Path(f"/proc/{node.process.pid}/clear_refs").write_text("5")
    sent = dcmsend(node.ports["dicom"], path, seconds=120)
    grown = memory_mb(node, "VmHWM") - before

    assert sent.returncode == 0, sent.stdout + sent.stderr
    assert node.rpc.status().queued_jobs == 2
    blobs = [path.stat().st_size for path in (node.data / "blobs").rglob("*") if path.is_file()]
    assert max(blobs) > MEGABYTES * 1_000_000
    assert grown < MAY_GROW_MB, f"the node grew by {grown:.1f} MB"
