"""kill -9 at every step of a film's life: nothing acknowledged is lost, nothing is shown twice.

A program is told to die at a crash point (core/base/crash_point.h).  The test does
what the world would do: whoever supervises the node starts it again on the same
data, and the sender repeats what was not acknowledged, nothing else.
"""

import os
import signal

import pytest

from harness import films
from harness.checks import send_until_acknowledged
from harness.crash_points import NODE, REACHED_BY, REACHED_BY_CONFLICT, WORKER, in_sources
from harness.dcmtk import Storescp
from harness.node import ONE_MODEL
from harness.waiting import stays, wait_until

RUNS = [(point, program) for point, programs in REACHED_BY.items() for program in programs]


def test_every_crash_point_of_the_sources_is_tried():
    assert in_sources() == set(REACHED_BY) | set(REACHED_BY_CONFLICT)


@pytest.mark.parametrize("point,program", RUNS)
def test_a_kill_loses_nothing_and_shows_nothing_twice(
    make_node, pacs, pixels, scratch, point, program
):
    died = scratch / "died"
    if program == WORKER:
        died.touch()  # Disarmed until the film is the worker's.
    node = make_node(
        workflow=ONE_MODEL,
        destinations={"pacs": (Storescp.AE_TITLE, pacs.port)},
        environment={"CAMNODE_CRASH_AT": point, "CAMNODE_CRASH_ONCE": str(died)},
    )
    start_again_until_up(node, died)
    dataset = films.film(films.shrink(pixels, 2))
    path = films.save(dataset, scratch / "film.dcm")

    if program == WORKER:
        worker = hold_worker(node)
        send_until_acknowledged(node, path)
        died.unlink()
        os.kill(worker, signal.SIGCONT)
    else:
        send_until_acknowledged(node, path)

    analysis = wait_until(
        lambda: delivered_in_the_end(node, dataset.SOPInstanceUID),
        lambda: f"film and deliveries to end well: {node.describe(dataset.SOPInstanceUID)}",
        seconds=40,
    )
    assert died.exists(), f"no program ever came to {point}"
    check_who_died(node, program)
    check_exactly_once(node, pacs, dataset, analysis)


def start_again_until_up(node, died):
    """Starts the node; once more if its crash point lies in its start."""
    try:
        node.start()
    except Exception:
        if node.running() or not died.exists():
            raise
        node.restart()


def hold_worker(node):
    """Stops the worker, so that a film waits; returns its process id."""
    (worker,) = node.worker_pids()
    os.kill(worker, signal.SIGSTOP)
    return worker


def delivered_in_the_end(node, sop_instance_uid):
    """The film's analysis once all of it is delivered; starts a dead node again."""
    if not node.running():
        node.restart(wait_for_worker=False)
    try:
        analysis = node.rpc.find_analysis(sop_instance_uid)
    except Exception:
        if node.running() and stays(node.running, 0.3):
            raise
        return None
    return analysis if analysis and node.rpc.delivered([analysis]) else None


def check_who_died(node, program):
    """A node that died was started a second time."""
    starts = node.starts
    assert starts == (2 if program == NODE else 1), f"the node was started {starts} times"


def check_exactly_once(node, pacs, dataset, analysis):
    assert [one.analysis_id for one in node.rpc.all_analyses()] == [analysis.analysis_id]
    assert analysis.instance.sop_instance_uid == dataset.SOPInstanceUID
    study = node.rpc.results("GetStudy", study_instance_uid=dataset.StudyInstanceUID)
    assert [one.sop_instance_uid for one in study.instances] == [dataset.SOPInstanceUID]
    stream = node.rpc.watch(after_event_number=0, timeout=10)
    assert next(stream).analysis.analysis_id == analysis.analysis_id
    stream.cancel()
    received = pacs.objects()
    ours = {made.sop_instance_uid: made for made in analysis.derived_instances}
    assert set(received) == set(ours), "the PACS has exactly the objects of the analysis"
    for uid, copies in received.items():
        stored = films.data_set_bytes(node.blob_with(ours[uid].sha256))
        assert set(copies) == {stored}, "sent again means the same bytes again"
    # Nothing is left that could show something twice later.
    status = node.rpc.status()
    assert (status.queued_jobs, status.leased_jobs, status.buried_jobs) == (0, 0, 0)
