"""What hangs instead of failing is noticed, ended and gone round; nothing innocent pays."""

# Also: services/node/worker_supervisor, services/worker/watchdog, core/base/log_writer.

import contextlib
import os
import resource
import signal
import socket
import subprocess
import time

import pytest

from harness import films, wire
from harness.checks import logged
from harness.dcmtk import echoscu, storescu
from harness.hangs import standing_still
from harness.node import ONE_MODEL, SENDER
from harness.rpc import RpcFailure
from harness.settings import BIN, TIME_SCALE
from harness.waiting import wait_until


def send(node, pixels, scratch, count=1):
    small = films.film(films.shrink(pixels, 2))
    sent = [films.another(small) for _ in range(count)]
    paths = [films.save(one, scratch / f"{one.SOPInstanceUID}.dcm") for one in sent]
    assert storescu(node.ports["dicom"], *paths).returncode == 0
    return [str(one.SOPInstanceUID) for one in sent]


def all_analysed_once(node, uids):
    wait_until(
        lambda: len(node.rpc.all_analyses()) >= len(uids),
        lambda: f"every film: {node.rpc.status()}",
        90,
    )
    analyses = node.rpc.all_analyses()
    assert sorted(one.instance.sop_instance_uid for one in analyses) == sorted(uids)
    assert node.rpc.status().buried_jobs == 0


@pytest.fixture
def node(make_node):
    return make_node(
        workflow=ONE_MODEL,
        outputs="overlays: false panel_max_long_side: 512",
        worker="max_step_ms: 3000 max_silence_ms: 6000",
    ).start()


def test_a_thread_that_stands_still_ends_its_worker_and_the_films_are_done_by_the_next(
    node, pixels, scratch
):
    (worker,) = node.worker_pids()
    # The thread that computes is the first one.
    with standing_still(worker):
        uids = send(node, pixels, scratch, 12)
        logged(node, 0, event="worker_stalled", worker="worker-0")
    all_analysed_once(node, uids)
    assert worker not in node.worker_pids()


def test_a_film_that_never_ends_is_named_and_only_that_film_runs_alone(node, pixels, scratch):
    (worker,) = node.worker_pids()
    uids = send(node, pixels, scratch, 1)
    node.wait_for_analysis(uids[0])
    for _ in range(20):  # Until it stands still within a film.
        before = len(node.log_lines())
        uids += send(node, pixels, scratch, 12)
        with standing_still(worker):
            wait_until(
                lambda: worker not in node.worker_pids(), "the worker to be ended", pause=0.2
            )
        stalled = [line for line in node.log_lines("film_stalled")]
        logged(node, before, event="worker_stalled")
        worker = wait_until(lambda: (node.worker_pids() or [None])[0], "the next worker")
        node.wait_for_worker()
        if stalled:
            break
    assert stalled and all(line["job"] > 0 for line in stalled)
    all_analysed_once(node, uids)


def test_a_worker_that_is_stopped_as_a_whole_is_killed_and_started_again(node, pixels, scratch):
    (worker,) = node.worker_pids()
    os.kill(worker, signal.SIGSTOP)
    uids = send(node, pixels, scratch, 3)

    logged(node, 0, event="worker_killed", reason="no sign of life")
    all_analysed_once(node, uids)


def test_a_worker_that_never_gets_ready_is_killed_and_started_again(make_node):
    node = make_node(workflow=ONE_MODEL, worker="max_silence_ms: 3000")
    node.start(wait_for_worker=False)
    (worker,) = wait_until(node.worker_pids, "a worker", pause=0.001)
    os.kill(worker, signal.SIGSTOP)

    logged(node, 0, event="worker_killed", reason="no sign of life")
    node.wait_for_worker()


def test_a_stop_ends_in_time_though_the_worker_does_not_answer(make_node, pixels, scratch):
    node = make_node(top="stop_timeout_ms: 10000", workflow=ONE_MODEL).start()
    (worker,) = node.worker_pids()
    os.kill(worker, signal.SIGSTOP)
    send(node, pixels, scratch, 3)

    assert node.stop(seconds=12) == 0
    logged(node, 0, event="worker_killed", reason="did not stop in time")


@contextlib.contextmanager
def unread_log(node):
    """The node started by hand, its log a pipe that nobody reads."""
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [BIN / "camnode", "--config", node.config], stdin=subprocess.DEVNULL, stderr=writing
    )
    os.close(writing)
    try:
        yield process, reading
    finally:
        process.kill()
        process.wait()
        os.close(reading)


def test_a_log_that_nobody_reads_stops_neither_films_nor_the_stop(make_node, pixels, scratch):
    node = make_node(
        top='log_level: "debug" stop_timeout_ms: 10000', workflow=ONE_MODEL, worker="supervise: false"
    )
    contexts = [(wire.VERIFICATION, wire.IMPLICIT_LITTLE_ENDIAN)]
    with unread_log(node) as (process, reading):
        ports = node.data / "ports.json"
        wait_until(ports.exists, "camnode to start")
        node.read_ports()
        for _ in range(600):  # Some 400 bytes each; 64 KiB fit into the pipe.
            with wire.Association(node.ports["dicom"], SENDER, "CAMNODE", contexts) as one:
                assert one.echo() == wire.SUCCESS
        assert node.http_get("/healthz")[0] == 200
        assert node.metrics()["camnode_log_lines_dropped_total"] == 0, "a mebibyte waits"

        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.wait(12 * TIME_SCALE)
        assert time.monotonic() - began < 12 * TIME_SCALE


def test_idle_connections_to_grpc_leave_descriptors_for_films(make_node, pixels, scratch):
    node = make_node(workflow=ONE_MODEL, worker="supervise: false")
    # As `ulimit -n 1024` before its start: the node cannot raise it.
    node.max_descriptors = 1024
    node.start(wait_for_worker=False)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4096)), hard))
    idle = []
    try:
        for _ in range(1100):
            idle.append(socket.create_connection(("127.0.0.1", node.ports["grpc"]), timeout=20))
        began = time.monotonic()
        send(node, pixels, scratch, 3)
        assert echoscu(node.ports["dicom"]).returncode == 0
        assert time.monotonic() - began < 10 * TIME_SCALE
        descriptors = len(os.listdir(f"/proc/{node.process.pid}/fd"))
        assert descriptors < 900, f"{descriptors} are open"
        logged(node, 0, event="grpc_connections_refused")
        # Those that say nothing go, and callers are let in again.
        wait_until(lambda: _answers(node), "an answer by gRPC", 40, pause=0.5)
        assert node.rpc.status().queued_jobs == 3
    finally:
        for connection in idle:
            connection.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _answers(node):
    try:
        return node.rpc.status()
    except RpcFailure:
        return None
