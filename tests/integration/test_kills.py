"""kill -9 at random moments of a burst: none lost, none buried, none twice."""

# Also: services/worker/process.

import os
import random
import signal
import threading
import time

import pytest

from harness import films, wire
from harness.dcmtk import Storescp, storescu
from harness.node import ONE_MODEL, SENDER
from harness.waiting import wait_until

FILMS = 30
KILLS = 10
# worker.decode_ahead and one: a worker that holds so many has decoded all but one of
# them, and computes together what it found waiting.
HELD = 9


@pytest.fixture
def node(make_node, pacs):
    return make_node(
        workflow=ONE_MODEL,
        destinations={"pacs": (Storescp.AE_TITLE, pacs.port)},
        outputs="overlays: false panel_max_long_side: 512",
    ).start()


@pytest.fixture
def burst(pixels):
    """Films with the bytes of their data sets."""
    small = films.film(films.shrink(pixels, 2))
    return [films.another(small) for _ in range(FILMS)]


class Sender(threading.Thread):
    """Sends every film until it is acknowledged, whatever happens to the node."""

    def __init__(self, node, datasets, folder):
        super().__init__(daemon=True)
        self._node = node
        self._left = [
            (one, films.data_set_bytes(films.save(one, folder / f"{number}.dcm")))
            for number, one in enumerate(datasets)
        ]
        self.acknowledged = []
        self.refused = []

    def run(self):
        while self._left:
            dataset, data = self._left[0]
            try:
                status = wire.store_file(self._node.ports["dicom"], dataset, data, SENDER)
            except (OSError, wire.Closed, wire.Refused, KeyError):
                time.sleep(0.1)
                continue
            if status == wire.SUCCESS:
                self.acknowledged.append(str(dataset.SOPInstanceUID))
                self._left.pop(0)
            else:
                self.refused.append(status)
                time.sleep(0.1)


def check_all_exactly_once(node, pacs, burst):
    """Waits for the end of all work, then counts."""

    def done():
        status = node.rpc.status()
        if status.queued_jobs or status.leased_jobs:
            return False
        return node.destination("pacs").delivered >= FILMS

    wait_until(done, lambda: f"all work to end: {node.rpc.status()}", seconds=90)
    assert node.rpc.status().buried_jobs == 0
    uids = sorted(str(one.SOPInstanceUID) for one in burst)
    analyses = node.rpc.all_analyses()
    assert sorted(one.instance.sop_instance_uid for one in analyses) == uids
    assert all(one.results for one in analyses)
    received = pacs.objects()
    ours = {made.sop_instance_uid for one in analyses for made in one.derived_instances}
    assert set(received) == ours and len(ours) == FILMS
    assert all(len(set(copies)) == 1 for copies in received.values())


def ready_worker(node, killed):
    """Process id of a worker not yet killed whose models are loaded; None before."""
    alive = set(node.worker_pids()) - killed
    for worker in node.rpc.status().workers:
        if worker.ready and worker.pid in alive:
            return worker.pid
    return None


def test_a_worker_killed_ten_times_in_a_row_loses_and_buries_no_film(node, pacs, burst, scratch):
    sender = Sender(node, burst, scratch)
    sender.start()
    chance = random.Random(20240131)

    killed = set()
    while len(killed) < KILLS:
        worker = wait_until(lambda: ready_worker(node, killed), "a worker that is ready", 60)
        # Up to about two films later.
        time.sleep(chance.uniform(0, 0.4))
        os.kill(worker, signal.SIGKILL)
        killed.add(worker)

    sender.join(60)
    assert not sender.is_alive() and not sender.refused
    check_all_exactly_once(node, pacs, burst)


def test_a_worker_killed_with_a_batch_in_its_hands_has_each_film_analysed_once(
    make_node, pacs, burst, scratch
):
    node = make_node(  # All three models.
        destinations={"pacs": (Storescp.AE_TITLE, pacs.port)},
        outputs="overlays: false panel_max_long_side: 512",
        queue="lease_ms: 5000 initial_backoff_ms: 200 max_backoff_ms: 2000",
    ).start()
    (worker,) = node.worker_pids()
    os.kill(worker, signal.SIGSTOP)  # So that it finds a whole batch waiting.
    paths = [films.save(one, scratch / f"{n}.dcm") for n, one in enumerate(burst)]
    assert storescu(node.ports["dicom"], *paths).returncode == 0
    wait_until(lambda: node.rpc.status().queued_jobs == FILMS, "every film to be queued")
    os.kill(worker, signal.SIGCONT)

    held = wait_until(lambda: stopped_with_a_batch(node, worker), "a batch", pause=0.01)
    before = node.rpc.all_analyses()
    os.kill(worker, signal.SIGKILL)

    check_all_exactly_once(node, pacs, burst)
    assert 1 <= len(before) < FILMS
    ended = [job for job in node.log_lines("job") if job["outcome"] == "done"]
    uids = sorted(str(one.SOPInstanceUID) for one in burst)
    assert sorted(job["instance"] for job in ended) == uids
    # The films that died with it, and no other, were begun a second time.
    assert sum(job["attempt"] == 2 for job in ended) == held
    assert all(job["attempt"] <= 2 for job in ended)
    # What was committed before stayed as it was.
    after = {one.analysis_id: one for one in node.rpc.all_analyses()}
    assert all(after[one.analysis_id].results == one.results for one in before)


def stopped_with_a_batch(node, worker):
    """Stops a worker that has committed a film and holds several more: their number."""
    if not node.rpc.all_analyses():
        return None
    os.kill(worker, signal.SIGSTOP)
    held = node.rpc.status().leased_jobs
    if held >= HELD:
        return held
    os.kill(worker, signal.SIGCONT)
    return None


def test_a_node_killed_again_and_again_loses_no_acknowledged_film(node, pacs, burst, scratch):
    sender = Sender(node, burst, scratch)
    sender.start()
    chance = random.Random(20240229)

    for _ in range(KILLS // 2):
        time.sleep(chance.uniform(0.1, 1.0))
        node.kill()
        node.restart(wait_for_worker=False)

    sender.join(60)
    assert not sender.is_alive()
    check_all_exactly_once(node, pacs, burst)
    assert node.starts == KILLS // 2 + 1


def test_a_stop_in_the_middle_of_work_ends_in_time_and_loses_nothing(node, pacs, burst, scratch):
    sender = Sender(node, burst, scratch)
    sender.start()
    wait_until(lambda: len(sender.acknowledged) >= FILMS // 3, "a third of the burst")

    assert node.stop(seconds=30) == 0
    node.restart(wait_for_worker=False)

    sender.join(60)
    assert not sender.is_alive()
    check_all_exactly_once(node, pacs, burst)
