#!/usr/bin/python3
"""What many films do to a worker: its memory, its pace; and how soon it is ready.

A node with three models and the default outputs, nobody to send them to.  First it is
stopped and started a few times.  Then films of different patients and sizes are sent,
never more waiting than the worker needs to fill its batches; after each batch of films the
worker's memory and its films a second.  Every twentieth film has its full size, the others
a quarter of it each way: 10,000 take some 25 GB.  Prints figures and never fails because
of one.

    worker_soak.py [--films 10000] [--batch 500] [--starts 5] [--directory DISK]
"""

import argparse
import itertools
import pathlib
import shutil
import statistics
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

from harness import films, wire  # noqa: E402
from harness.node import SENDER, Node  # noqa: E402
from harness.waiting import wait_until  # noqa: E402
from intake_soak import memory_mb  # noqa: E402
from latency_benchmark import another_uid  # noqa: E402

WAITING = 32
SIZES = 8


def sources(folder):
    """(SOP Instance UID, data set) of films to send again and again under new UIDs."""
    made = []
    for number in range(SIZES):
        pixels = films.chest_pixels(folder, number)
        for gray in [pixels] + 19 * [films.shrink(pixels, 4)]:
            dataset = films.film(gray)
            data = films.data_set_bytes(films.save(dataset, folder / "film.dcm"))
            made.append((str(dataset.SOPInstanceUID), data))
    return made


def measure_starts(node, count):
    ready = []
    for _ in range(count + 1):
        began = time.monotonic()
        node.start(wait_for_worker=False)
        lines = len(node.log_lines("worker_ready"))
        wait_until(lambda: len(node.log_lines("worker_ready")) > lines, "a worker", 60)
        ready.append(time.monotonic() - began)
        node.wait_for_worker()
        if len(ready) <= count:
            node.stop()
    ready = ready[1:]  # The first read the weights from the disk.
    print(
        f"{count} starts, from the node's to the worker's readiness: "
        f"median {statistics.median(ready):.2f} s, worst {max(ready):.2f}   (target: 2 s)"
    )


class Soak:
    def __init__(self, node, prepared):
        self.node = node
        self.prepared = itertools.cycle(prepared)
        (self.worker,) = node.worker_pids()
        self.sent = 0
        self.finished = 0
        self.log = open(node.log, encoding="utf-8")

    def done(self):
        """Films analysed so far, by the lines that the log got since last asked."""
        self.finished += sum('"event":"job"' in line for line in self.log)
        return self.finished

    def send(self, count):
        contexts = [(films.CR, films.EXPLICIT_LITTLE_ENDIAN)]
        with wire.Association(self.node.ports["dicom"], SENDER, "CAMNODE", contexts, 120) as peer:
            for uid, data in itertools.islice(self.prepared, count):
                fresh = another_uid(uid)
                status = peer.store(films.CR, fresh, data.replace(uid.encode(), fresh.encode()))
                assert status == wire.SUCCESS, hex(status)
        self.sent += count

    def run(self, count, batch):
        print(f"\n{count} films, every twentieth in full size")
        print("     films  films/s  worker's memory MB, at most MB")
        while self.sent < count:
            began = time.monotonic()
            for _ in range(batch // WAITING + 1):
                self.send(WAITING)
                wait_until(lambda: self.done() >= self.sent - WAITING // 2, "half the films", 300)
            wait_until(lambda: self.done() >= self.sent, "the films", 300)
            seconds = time.monotonic() - began
            print(
                f"  {self.sent:8} {(batch // WAITING + 1) * WAITING / seconds:8.1f} "
                f"{memory_mb(self.worker):10.1f} {memory_mb(self.worker, 'VmHWM'):10.1f}",
                flush=True,
            )
        print(f"  the same worker to the end: {self.node.worker_pids() == [self.worker]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--films", type=int, default=10_000)
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--starts", type=int, default=5, help="1 or more")
    parser.add_argument("--directory", help="where the node keeps what it takes and makes")
    arguments = parser.parse_args()

    folder = pathlib.Path(tempfile.mkdtemp(prefix="camnode-soak-", dir=arguments.directory))
    node = Node(folder / "node")
    try:
        measure_starts(node, arguments.starts)
        Soak(node, sources(folder)).run(arguments.films, arguments.batch)
    finally:
        node.close()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
