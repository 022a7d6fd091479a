#!/usr/bin/python3
"""How long a sender waits for its explanation: C-STORE success to the panel's C-STORE.

One film at a time on an idle node with the default outputs; then a burst over four
associations.  Real programs; the sender and the destination are the tests' DICOM
peer, because stock ones do not tell when an answer came.  Prints figures and never
fails because of one.

    latency_benchmark.py [--films 20] [--burst-seconds 10] [--models NAME ...]
"""

import argparse
import os
import pathlib
import random
import shutil
import statistics
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

from harness import films, wire  # noqa: E402
from harness.destination import Destination  # noqa: E402
from harness.node import DEFAULTS, SENDER, Node  # noqa: E402

TARGET_OVERHEAD_MS = 150
ASSOCIATIONS = 4


def prepare(folder, count):
    """`count` films of different patients in the sizes of the public films, with their bytes."""
    sources = [films.film(films.chest_pixels(folder, number)) for number in range(min(count, 8))]
    prepared = []
    for number in range(count):
        dataset = films.another(sources[number % len(sources)])
        path = films.save(dataset, folder / "film.dcm")
        prepared.append((dataset, films.data_set_bytes(path)))
    return prepared


def prepare_small(folder):
    """A film a third as wide and high, so that a burst is about commits and not about bytes."""
    dataset = films.film(films.shrink(films.chest_pixels(folder), 3))
    return dataset, films.data_set_bytes(films.save(dataset, folder / "small.dcm"))


def summary(milliseconds):
    ordered = sorted(milliseconds)
    return (
        f"median {statistics.median(ordered):7.1f} ms, "
        f"best {ordered[0]:7.1f}, worst {ordered[-1]:7.1f}"
    )


def one_at_a_time(node, destination, prepared):
    total, inference, overhead, to_first, answers = [], [], [], [], []
    for dataset, data in prepared:
        before = len(destination.arrivals())
        asked = time.monotonic()
        status = wire.store_file(node.ports["dicom"], dataset, data, SENDER)
        stored = time.monotonic()
        assert status == wire.SUCCESS, hex(status)
        analysis = node.wait_for_deliveries(dataset.SOPInstanceUID)
        (panel,) = [m.sop_instance_uid for m in analysis.derived_instances if m.kind == "panel"]
        arrivals = destination.arrivals()[before:]
        (arrived,) = [a.asked_at for a in arrivals if a.sop_instance == panel]
        total.append((arrived - stored) * 1000)
        inference.append(sum(result.duration_ms for result in analysis.results))
        overhead.append(total[-1] - inference[-1])
        to_first.append((arrivals[0].asked_at - stored) * 1000)
        answers.append((stored - asked) * 1000)
        # Idle again, as seen from outside.
        time.sleep(0.3)
    print(f"one film at a time, {len(prepared)} films:")
    print(f"  C-STORE with association    {summary(answers)}")
    print(f"  success to first object     {summary(to_first)}")
    print(f"  success to panel            {summary(total)}")
    print(f"  inference alone             {summary(inference)}")
    print(f"  difference                  {summary(overhead)}   (target: {TARGET_OVERHEAD_MS})")


def another_uid(uid):
    """A new UID of the same length, so that it can take the other's place in the bytes."""
    digits = len(uid) - len("2.25.")
    return f"2.25.{random.randrange(10 ** (digits - 1), 10**digits)}"


def burst(node, source, seconds):
    """Films of new instances as fast as four associations take them, for some seconds.

    The worker analyses meanwhile: what its commits wait for is the node's writing.
    """
    dataset, data = source
    uid = str(dataset.SOPInstanceUID)
    answers, lock = [], threading.Lock()
    end = time.monotonic() + seconds

    def send():
        contexts = [(films.CR, films.EXPLICIT_LITTLE_ENDIAN)]
        with wire.Association(node.ports["dicom"], SENDER, "CAMNODE", contexts, 120) as peer:
            while time.monotonic() < end:
                fresh = another_uid(uid)
                film = data.replace(uid.encode(), fresh.encode())
                asked = time.monotonic()
                status = peer.store(films.CR, fresh, film)
                with lock:
                    answers.append((time.monotonic() - asked) * 1000)
                assert status == wire.SUCCESS, hex(status)

    before = len(node.log_lines("job"))
    senders = [threading.Thread(target=send) for _ in range(ASSOCIATIONS)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    jobs = node.log_lines("job")[before:]
    megabytes = len(answers) * len(data) / 1e6
    print(f"burst over {ASSOCIATIONS} associations for {seconds} s, films of {len(data):,} bytes:")
    print(f"  received                    {len(answers)} films, {megabytes / seconds:.0f} MB/s")
    print(f"  each C-STORE                {summary(answers)}")
    print(f"  analysed meanwhile          {len(jobs)} films")
    waits = [job["commit_ms"] for job in jobs if "commit_ms" in job]
    if waits:
        print(f"  worker's commit wait        {summary(waits)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--films", type=int, default=20)
    parser.add_argument("--burst-seconds", type=int, default=10)
    parser.add_argument("--models", nargs="+")
    arguments = parser.parse_args()

    folder = pathlib.Path(tempfile.mkdtemp(prefix="camnode-benchmark-"))
    destination = Destination()
    workflow = DEFAULTS["workflow"]
    if arguments.models:
        workflow = " ".join(f'models: "{name}"' for name in arguments.models)
    node = Node(
        folder / "node", destinations={"bench": ("BENCH", destination.port)}, workflow=workflow
    )
    try:
        prepared = prepare(folder, arguments.films + 1)
        node.start()
        # The first film pays for the memory that later ones find ready.
        dataset, data = prepared.pop()
        wire.store_file(node.ports["dicom"], dataset, data, SENDER)
        node.wait_for_deliveries(dataset.SOPInstanceUID)
        print(f"{os.cpu_count()} cores, models: {workflow}")
        one_at_a_time(node, destination, prepared)
        if arguments.burst_seconds:
            burst(node, prepare_small(folder), arguments.burst_seconds)
    finally:
        node.close()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
