#!/usr/bin/python3
"""What many films do to a node: its memory, its answers, its files.

Stock dcmsend sends small films over one association after another to a node without a
worker.  After each batch: the node's memory, how long the C-STOREs of a further 200 films
took, how long a metrics scrape took, the size of the write-ahead log.  At the end the
slope of the memory, the peak of it while one film of 500 MB comes, and a restart.
Prints figures and never fails because of one.

    intake_soak.py [--films 100000] [--batch 5000] [--rows 0] [--large 500] [--directory DISK]

--rows N first puts N finished films (rows of every table, no files) into the database.
"""

import argparse
import pathlib
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

import intake_films  # noqa: E402
import intake_receivers as receivers  # noqa: E402
from intake_rows import Sqlite, add_finished_films  # noqa: E402
from intake_benchmark import summary  # noqa: E402

ASSOCIATIONS = 4
PROBE = 200


def memory_mb(pid, field="VmRSS"):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) / 1024
    raise AssertionError(f"no {field}")


def forget_peak(pid):
    """From now on the kernel notes the largest resident size (VmHWM) anew."""
    pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")


class Soak:
    def __init__(self, folder, films_folder, batch):
        self.camnode = receivers.Camnode(folder)
        self.films_folder = films_folder / "films"
        self.batch = batch
        self.kind = intake_films.twenty_kilobytes()
        self.received = 0
        self.points = []

    @property
    def pid(self):
        return self.camnode.node.process.pid

    def send(self, count, shares=ASSOCIATIONS, timed=False):
        paths = self.kind.make(self.films_folder, count)
        sent = self.camnode.send([paths[n::shares] for n in range(shares)], timed)
        shutil.rmtree(self.films_folder)
        self.received += count
        return sent

    def run(self, films):
        print(f"\n{films} films of {self.kind.name}, {ASSOCIATIONS} associations, no worker")
        print("  received  films/s  memory MB  scrape ms  log MB  each C-STORE of 200 more, alone")
        while self.received < films:
            count = min(self.batch, films - self.received)
            sent = self.send(count)
            probe = summary(sorted(self.send(PROBE, shares=1, timed=True).answers_ms))
            memory = memory_mb(self.pid)
            self.points.append((self.received, memory))
            print(
                f"  {self.received:8} {count / sent.seconds:8.0f} {memory:10.1f} "
                f"{self.scrape_ms():10.1f} {self.log_mb():7.1f}  {probe}",
                flush=True,
            )
        self.slope()

    def slope(self):
        """Bytes a film, by least squares over the second half: the first warms up."""
        points = self.points[len(self.points) // 2 :]
        if len(points) < 3:
            return
        mean_x = statistics.mean(x for x, _ in points)
        mean_y = statistics.mean(y for _, y in points)
        slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / sum(
            (x - mean_x) ** 2 for x, _ in points
        )
        print(
            f"  memory: {self.points[0][1]:.1f} MB after the first batch, "
            f"{self.points[-1][1]:.1f} MB after the last; slope over the second half "
            f"{slope * 1024 * 1024:.1f} bytes a film   (target: flat)"
        )

    def scrape_ms(self):
        began = time.monotonic()
        self.camnode.node.http_get("/metrics")
        return (time.monotonic() - began) * 1000

    def log_mb(self):
        log = self.camnode.node.data / "camnode.db-wal"
        return log.stat().st_size / 1e6 if log.exists() else 0.0

    def large(self, megabytes):
        """One multi-frame film that must never lie in memory."""
        kind = intake_films.large(megabytes)
        path = kind.make(self.films_folder, 1)
        before = memory_mb(self.pid)
        forget_peak(self.pid)
        sent = self.camnode.send([path])
        peak = memory_mb(self.pid, "VmHWM")
        shutil.rmtree(self.films_folder)
        print(
            f"\none film of {megabytes} MB in {sent.seconds:.1f} s: memory {before:.1f} MB before, "
            f"{peak:.1f} MB at the most, grew by {peak - before:.1f} MB"
        )

    def restart(self):
        node = self.camnode.node
        began = time.monotonic()
        stopped = node.stop(60)
        stop_s = time.monotonic() - began
        began = time.monotonic()
        node.start(wait_for_worker=False)
        print(f"\nstop {stop_s:.1f} s (exit code {stopped}), start {time.monotonic() - began:.2f} s")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--films", type=int, default=100_000)
    parser.add_argument("--batch", type=int, default=5_000)
    parser.add_argument("--rows", type=int, default=0)
    parser.add_argument("--large", type=int, default=500, help="MB; 0: none")
    parser.add_argument("--directory", help="where the node keeps what it takes")
    arguments = parser.parse_args()

    folder = pathlib.Path(tempfile.mkdtemp(prefix="camnode-soak-", dir=arguments.directory))
    films_folder = pathlib.Path(tempfile.mkdtemp(prefix="camnode-films-", dir="/dev/shm"))
    soak = Soak(folder, films_folder, arguments.batch)
    try:
        soak.send(200)
        soak.received = 0
        if arguments.rows:
            node = soak.camnode.node
            node.stop()
            database = sqlite3.connect(node.data / "camnode.db")
            add_finished_films(Sqlite(database), arguments.rows)
            database.close()
            began = time.monotonic()
            node.start(wait_for_worker=False)
            print(f"start with {arguments.rows} rows: {time.monotonic() - began:.2f} s")
        if arguments.large:
            soak.large(arguments.large)
        if arguments.films:
            soak.run(arguments.films)
        soak.restart()
    finally:
        soak.camnode.close()
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(films_folder, ignore_errors=True)


if __name__ == "__main__":
    main()
