#!/usr/bin/python3
"""How long a sender waits for its explanation: C-STORE success to the panel's C-STORE.

One film at a time on an idle node with the default outputs; then a burst over four
associations.  Real programs; the sender and the destination are the tests' DICOM
peer, because stock ones do not tell when an answer came.  Prints figures and never
fails because of one.

    latency_benchmark.py [--films 20] [--burst 100] [--models NAME ...]
"""

import argparse
import os
import pathlib
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
from harness.waiting import wait_until  # noqa: E402

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


def summary(milliseconds):
    ordered = sorted(milliseconds)
    return (
        f"median {statistics.median(ordered):6.0f} ms, "
        f"best {ordered[0]:6.0f}, worst {ordered[-1]:6.0f}"
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


def burst(node, destination, prepared):
    """All films at once over four associations, one C-STORE after another on each."""
    answers, lock = [], threading.Lock()

    def send(part):
        contexts = [(films.CR, films.EXPLICIT_LITTLE_ENDIAN)]
        with wire.Association(node.ports["dicom"], SENDER, "CAMNODE", contexts, 120) as peer:
            for dataset, data in part:
                asked = time.monotonic()
                status = peer.store(films.CR, str(dataset.SOPInstanceUID), data)
                with lock:
                    answers.append((time.monotonic() - asked) * 1000)
                assert status == wire.SUCCESS, hex(status)

    before = commit_waits(node)
    began = time.monotonic()
    senders = [
        threading.Thread(target=send, args=(prepared[number::ASSOCIATIONS],))
        for number in range(ASSOCIATIONS)
    ]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    received = time.monotonic() - began
    during = commit_waits(node)
    wait_until(
        lambda: not (node.rpc.status().queued_jobs or node.rpc.status().leased_jobs),
        "the burst to be analysed",
        seconds=600,
    )
    analysed = time.monotonic() - began
    wait_until(
        lambda: not node.destination("bench").queued, "the burst to be delivered", 600
    )
    print(f"burst of {len(prepared)} films over {ASSOCIATIONS} associations:")
    print(f"  each C-STORE                {summary(answers)}")
    print(f"  all received after {received:.1f} s, analysed after {analysed:.1f} s")
    while_receiving = during[len(before) :]
    if while_receiving:
        print(f"  worker's commits meanwhile  {summary(while_receiving)}")
    print(f"  worker's commits, all       {summary(commit_waits(node)[len(before):] or [0])}")


def commit_waits(node):
    """Milliseconds that each analysis waited for its commit, from the worker's log lines."""
    return [line["commit_ms"] for line in node.log_lines("job_done") if "commit_ms" in line]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--films", type=int, default=20)
    parser.add_argument("--burst", type=int, default=100)
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
        prepared = prepare(folder, arguments.films + 1 + arguments.burst)
        node.start()
        # The first film pays for the memory that later ones find ready.
        dataset, data = prepared.pop()
        wire.store_file(node.ports["dicom"], dataset, data, SENDER)
        node.wait_for_deliveries(dataset.SOPInstanceUID)
        print(f"{os.cpu_count()} cores, models: {workflow}")
        one_at_a_time(node, destination, prepared[: arguments.films])
        if arguments.burst:
            burst(node, destination, prepared[arguments.films :])
    finally:
        node.close()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
