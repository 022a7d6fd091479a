#!/usr/bin/python3
"""How fast the node takes films, beside other receivers and beside the least possible.

Stock dcmsend sends new films of noise; the receivers take turns within each round, and
the order changes from round to round.  Prints medians and ratios and never fails
because of one.  README.md says what each line means.

    intake_benchmark.py [--rounds 5] [--cases half_megabyte eight_megabytes parallel small]
                        [--directory DISK] [--without orthanc storescp busy]
"""

import argparse
import os
import pathlib
import platform
import shutil
import statistics
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

import intake_films  # noqa: E402
import intake_receivers as receivers  # noqa: E402

ASSOCIATIONS = 4
DISK, NETWORK = receivers.DiskFloor.name, receivers.DroppingReceiver.name
CAMNODE, BUSY = receivers.Camnode.name, receivers.BusyCamnode.name
STORESCP, ORTHANC = receivers.StorescpReceiver.name, receivers.OrthancReceiver.name


class Bench:
    def __init__(self, folder, films_folder, rounds, without):
        self.films_folder = films_folder
        self.rounds = rounds
        camnode = receivers.Camnode(folder)
        self.camnode = camnode
        every = [receivers.DiskFloor(folder), receivers.DroppingReceiver(folder), camnode]
        if "busy" not in without:
            every.append(receivers.BusyCamnode(camnode))
        if "storescp" not in without:
            every.append(receivers.StorescpReceiver(folder))
        if "orthanc" not in without:
            every.append(receivers.OrthancReceiver(folder))
        self.receivers = {receiver.name: receiver for receiver in every}

    def close(self):
        for receiver in self.receivers.values():
            receiver.close()

    def once(self, name, kind, count, shares=1, timed=False):
        """One sending of new films; what others left to be written is on the disk before."""
        paths = kind.make(self.films_folder, count)
        os.sync()
        time.sleep(0.05)
        sent = self.receivers[name].send([paths[n::shares] for n in range(shares)], timed)
        shutil.rmtree(self.films_folder)
        return sent

    def interleaved(self, kind, count, jobs):
        """`jobs`: {label: (receiver, associations)}; returns {label: [seconds]}."""
        labels = list(jobs)
        taken = {label: [] for label in labels}
        for number in range(self.rounds):
            turn = number % len(labels)
            for label in labels[turn:] + labels[:turn]:
                name, shares = jobs[label]
                taken[label].append(self.once(name, kind, count, shares).seconds)
        return taken


def table(title, taken, kind, count):
    print(f"\n{title}")
    print(f"  {'':34} {'median s':>9} {'best':>8} {'worst':>8} {'films/s':>8} {'MB/s':>7}")
    for label, seconds in taken.items():
        median = statistics.median(seconds)
        rate = count / median
        print(
            f"  {label:34} {median:9.3f} {min(seconds):8.3f} {max(seconds):8.3f} "
            f"{rate:8.0f} {rate * kind.file_bytes / 1e6:7.0f}"
        )


def ratio(text, above, below, target):
    print(f"  {text:52} {above / below:6.2f}   (target: {target})")


def one_association(bench, title, kind, count, against_storescp, against_orthanc):
    names = list(bench.receivers)
    taken = bench.interleaved(kind, count, {name: (name, 1) for name in names})
    table(title, taken, kind, count)
    median = {name: statistics.median(seconds) for name, seconds in taken.items()}
    floor = median[DISK] + median[NETWORK]
    ratio("camnode over the floor (disk + network)", median[CAMNODE], floor, "at most 1.3")
    if BUSY in median:
        ratio("camnode with busy worker over the floor", median[BUSY], floor, "none")
    if STORESCP in median:
        ratio("storescp over camnode", median[STORESCP], median[CAMNODE], against_storescp)
        if BUSY in median:
            ratio("storescp over camnode with busy worker", median[STORESCP], median[BUSY], "none")
    if ORTHANC in median:
        ratio("Orthanc over camnode", median[ORTHANC], median[CAMNODE], against_orthanc)
    answers(bench, kind, count)


def answers(bench, kind, count):
    """Each C-STORE's response time, in a sending of its own."""
    ordered = sorted(bench.once(CAMNODE, kind, count, timed=True).answers_ms)
    print(f"  each C-STORE of camnode: {summary(ordered)}")


def summary(ordered):
    if not ordered:
        return "no times"
    p99 = ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]
    return (
        f"median {statistics.median(ordered):.1f} ms, p99 {p99:.1f}, worst {ordered[-1]:.1f} "
        f"({len(ordered)} answers)"
    )


def half_megabyte(bench):
    one_association(
        bench,
        "200 films of 0.5 MB over one association",
        intake_films.half_megabyte(),
        200,
        "at least 10",
        "at least 40",
    )


def eight_megabytes(bench):
    one_association(
        bench,
        "20 films of 8 MB over one association",
        intake_films.eight_megabytes(),
        20,
        "at least 3",
        "none",
    )


def small(bench):
    one_association(
        bench,
        "150 films of 60 kB over one association",
        intake_films.sixty_kilobytes(),
        150,
        "none",
        "none",
    )


def parallel(bench):
    """Four associations against one: what sharing commits and syncs brings."""
    for kind, count in (
        (intake_films.sixty_kilobytes(), 800),
        (intake_films.half_megabyte(), 200),
    ):
        taken = bench.interleaved(
            kind,
            count,
            {
                f"{CAMNODE}, 1 association": (CAMNODE, 1),
                f"{CAMNODE}, {ASSOCIATIONS} associations": (CAMNODE, ASSOCIATIONS),
                f"{NETWORK}, 1": (NETWORK, 1),
                f"{NETWORK}, {ASSOCIATIONS}": (NETWORK, ASSOCIATIONS),
            },
        )
        table(f"{count} films of {kind.name}, one association and four", taken, kind, count)
        one, four, network_one, network_four = [statistics.median(s) for s in taken.values()]
        ratio(f"camnode, instances/s of {ASSOCIATIONS} over 1", one, four, "at least 3")
        ratio("nothing kept: the same, what the processors allow", network_one, network_four, "-")


CASES = {
    "half_megabyte": half_megabyte,
    "eight_megabytes": eight_megabytes,
    "parallel": parallel,
    "small": small,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--directory", help="where the receivers keep what they take")
    parser.add_argument("--without", nargs="+", default=[], choices=["orthanc", "storescp", "busy"])
    arguments = parser.parse_args()

    folder = pathlib.Path(tempfile.mkdtemp(prefix="camnode-intake-", dir=arguments.directory))
    # In memory where possible, so that the sender does not read the disk we measure.
    memory = pathlib.Path("/dev/shm")
    films_folder = pathlib.Path(
        tempfile.mkdtemp(prefix="camnode-films-", dir=memory if memory.is_dir() else folder)
    )
    bench = Bench(folder, films_folder / "films", arguments.rounds, arguments.without)
    try:
        print(
            f"{time.strftime('%Y-%m-%d %H:%M')}, {os.cpu_count()} cores, {platform.machine()}, "
            f"load {os.getloadavg()[0]:.1f}, {arguments.rounds} rounds, receivers in turn"
        )
        # The first association pays for what later ones find ready.
        for name in bench.receivers:
            bench.once(name, intake_films.half_megabyte(), 30 if name == CAMNODE else 5)
        for name in arguments.cases:
            CASES[name](bench)
    finally:
        bench.close()
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(films_folder, ignore_errors=True)


if __name__ == "__main__":
    main()
