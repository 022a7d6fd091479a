"""A worker that sleeps past its lease and wakes after another has committed changes nothing."""

import fcntl
import os
import pathlib
import signal

from harness import films
from harness.dcmtk import Storescp, storescu
from harness.node import ONE_MODEL
from harness.waiting import wait_until

FILMS = 12


def test_a_stalled_attempt_that_wakes_late_changes_nothing(make_node, pacs, pixels, scratch):
    node = make_node(
        workflow=ONE_MODEL,
        outputs="overlays: false panel_max_long_side: 512",
        destinations={"pacs": (Storescp.AE_TITLE, pacs.port)},
        worker="count: 2 threads: 1",
        queue="lease_ms: 2000 initial_backoff_ms: 200 max_backoff_ms: 2000",
    ).start()
    wait_until(
        lambda: sum(worker.ready for worker in node.rpc.status().workers) == 2, "two ready workers"
    )
    small = films.film(films.shrink(pixels, 2))
    sent = []

    stalled = None
    for attempt in range(5):
        stalled = stall_a_worker_in_the_middle(node, small, scratch / f"burst{attempt}", sent)
        if stalled:
            break
    assert stalled, "no worker could be stopped while it held a job"

    # The other worker takes over what the sleeper held, and finishes everything.
    wait_until(
        lambda: all_analysed(node, sent), lambda: f"the other worker: {node.rpc.status()}", 60
    )
    before = node.rpc.all_analyses(page_size=200)
    os.kill(stalled, signal.SIGCONT)
    # It finds that the attempt is another's, and says so.
    wait_until(
        lambda: [job for job in node.log_lines("job") if job["outcome"] == "lost"],
        "the woken worker to drop its attempt",
        60,
    )
    wait_until(lambda: node.rpc.status().leased_jobs == 0, "the woken worker to let go")

    after = node.rpc.all_analyses(page_size=200)
    assert [one.analysis_id for one in after] == [one.analysis_id for one in before]
    assert sorted(one.instance.sop_instance_uid for one in after) == sorted(sent)
    wait_until(
        lambda: node.destination("pacs").delivered == len(sent),
        lambda: f"every delivery: {node.rpc.status()}",
        60,
    )
    received = pacs.objects()
    assert set(received) == {
        made.sop_instance_uid for one in after for made in one.derived_instances
    }
    assert all(len(set(copies)) == 1 for copies in received.values())
    assert node.rpc.status().buried_jobs == 0


def stall_a_worker_in_the_middle(node, small, folder, sent):
    """Sends a burst and stops one worker.  Its pid if it held a job; else it goes on."""
    folder.mkdir()
    burst = [films.another(small) for _ in range(FILMS)]
    paths = [films.save(one, folder / f"{n}.dcm") for n, one in enumerate(burst)]
    before = len(sent)
    assert storescu(node.ports["dicom"], *paths).returncode == 0
    sent += [str(one.SOPInstanceUID) for one in burst]
    wait_until(lambda: len(node.rpc.all_analyses(page_size=200)) > before, "the burst to begin")
    worker = node.worker_pids()[0]
    stop_between_writes(worker, node.data / "database.lock")
    # What is still leased when all else is done, is the sleeper's.
    status = wait_until(
        lambda: _if(node.rpc.status(), lambda s: s.queued_jobs == 0 and s.leased_jobs <= 3),
        "the rest of the burst",
        pause=0.01,
    )
    if status.leased_jobs:
        return worker
    os.kill(worker, signal.SIGCONT)
    return None


def stop_between_writes(pid, lock):
    """Stops it, but not with the lock of the database in its hands: nobody could go on then."""
    with open(lock, "rb") as file:
        while True:
            os.kill(pid, signal.SIGSTOP)
            stat = pathlib.Path(f"/proc/{pid}/stat")
            wait_until(lambda: stat.read_text().rsplit(")", 1)[1].split()[0] == "T", "it to stop")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.kill(pid, signal.SIGCONT)
                continue
            fcntl.flock(file, fcntl.LOCK_UN)
            return


def _if(value, condition):
    return value if condition(value) else None


def all_analysed(node, uids):
    analyses = node.rpc.all_analyses(page_size=200)
    return {one.instance.sop_instance_uid for one in analyses} >= set(uids)
