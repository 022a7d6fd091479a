"""The wrong database, the wrong volume, no volume: nothing is lost and nothing is buried."""

import os
import shutil
import time

import pytest

from harness import films
from harness.dcmtk import storescu
from harness.node import ONE_MODEL
from harness.processes import Child, run
from harness.settings import BIN
from harness.waiting import stays, wait_until

SMALL = "panel_max_long_side: 512"
DATABASE = ("camnode.db", "camnode.db-wal", "camnode.db-shm")
EAGER = "min_free_bytes: 50000000 sweep_delay_ms: 1"


def send(node, pixels, scratch, count):
    """Films of their own.  Their UIDs."""
    sent = [films.film(films.shrink(pixels, 2)) for _ in range(count)]
    paths = [films.save(one, scratch / f"{one.SOPInstanceUID}.dcm") for one in sent]
    assert storescu(node.ports["dicom"], *paths).returncode == 0
    return [str(one.SOPInstanceUID) for one in sent]


def send_and_analyse(node, pixels, scratch, count):
    uids = send(node, pixels, scratch, count)
    for uid in uids:
        node.wait_for_analysis(uid)
    return uids


def take_away(node):
    """The volume of the blobs is not mounted: an empty folder is in its place."""
    blobs = node.data / "blobs"
    blobs.rename(node.data / "blobs.away")
    blobs.mkdir()
    return blobs


def bring_back(node):
    blobs = node.data / "blobs"
    blobs.rmdir()  # Fails if anybody has made anything in the mount point.
    (node.data / "blobs.away").rename(blobs)


def names_below(folder):
    return {path.name for path in folder.rglob("*") if path.is_file()}


def make_old(node):
    """As if every file had been there for two hours: for the sweep nobody is at work on it."""
    then = time.time() - 7200
    for path in node.blob_files():
        os.utime(path, (then, then))


@pytest.fixture
def restored(make_node, pixels, scratch):
    """make(storage): a stopped node whose database is a copy from before the last three of
    its six films; (node, all UIDs, the names of all files)."""

    def make(storage):
        node = make_node(workflow=ONE_MODEL, outputs=SMALL, storage=storage).start()
        uids = send_and_analyse(node, pixels, scratch, 3)
        assert node.stop() == 0
        for name in DATABASE:
            if (node.data / name).exists():
                shutil.copy(node.data / name, scratch / name)
        node.restart()
        uids += send_and_analyse(node, pixels, scratch, 3)
        stream = node.rpc.watch(after_event_number=0)
        assert [next(stream).event_number for _ in uids] == [1, 2, 3, 4, 5, 6]
        stream.cancel()
        assert node.stop() == 0
        make_old(node)
        for name in DATABASE:
            (node.data / name).unlink(missing_ok=True)
            if (scratch / name).exists():
                shutil.copy(scratch / name, node.data / name)
        return node, uids, names_below(node.data / "blobs")

    return make


def test_films_newer_than_a_restored_database_are_kept_and_taken_in_again(restored):
    node, uids, files = restored(EAGER)

    node.restart()
    wait_until(lambda: node.log_lines("blobs_swept"), "the sweep")
    assert names_below(node.data / "blobs") >= files, "a file is gone"
    assert len(node.rpc.all_analyses()) == 3

    rehearsal = node.control("adopt", "--dry-run")
    assert "3 films would be taken in" in rehearsal.stdout, rehearsal
    done = node.control("adopt")
    assert done.returncode == 0 and "3 films are taken in" in done.stdout, done
    for uid in uids:
        node.wait_for_analysis(uid)
    assert node.rpc.status().buried_jobs == 0
    assert "0 films would be taken in" in node.control("adopt", "--dry-run").stdout


def test_a_watcher_from_before_a_restore_is_told_so(restored):
    node, _, _ = restored(EAGER)
    node.restart()

    late = node.control("watch", "--after", "6", "--timeout", "20")

    assert late.returncode == 1, late
    assert "EVENTS_OF_ANOTHER_EPOCH" in late.stderr and "--after 0" in late.stderr, late
    assert node.log_lines("event_epoch_begun")


def test_a_sweep_that_would_take_too_much_takes_nothing_and_raises_an_alarm(restored):
    node, _, files = restored(f"{EAGER} sweep_max_files: 3")

    node.restart()
    alarm = wait_until(lambda: node.log_lines("sweep_refused"), "the alarm")[0]

    assert alarm["level"] == "error" and "camnodectl adopt" in alarm["reason"]
    assert names_below(node.data / "blobs") == files
    assert not (node.data / "blobs/trash").exists()
    wait_until(
        lambda: node.metrics()['camnode_part_serving{part="camnode.sweep"}'] == 0, "its health"
    )
    assert node.metrics()["camnode_sweep_refused"] == 1
    doctor = node.control("doctor")
    assert doctor.returncode == 5 and "sweep" in doctor.stdout
    assert node.http_get("/healthz")[0] == 200, "films are received all the same"


def test_a_worker_without_its_volume_waits_and_buries_nothing(make_node, pixels, scratch):
    node = make_node(workflow=ONE_MODEL, outputs=SMALL, worker="supervise: false")
    node.start(wait_for_worker=False)
    uids = send(node, pixels, scratch, 3)
    blobs = take_away(node)
    worker = Child(
        [BIN / "camnode-worker", "--config", node.config, "--name", "late"],
        node.directory / "worker.log",
    )
    try:
        log = node.directory / "worker.log"
        wait_until(lambda: "waiting_for_store" in log.read_text(), "the worker to say so")
        assert stays(lambda: not list(blobs.iterdir()), 2), "something was made in the mount point"
        status = node.rpc.status()
        assert (status.queued_jobs, status.buried_jobs) == (3, 0)
        assert not any(one.ready for one in status.workers)

        bring_back(node)

        for uid in uids:
            node.wait_for_analysis(uid)
    finally:
        worker.close()


def test_a_volume_that_goes_while_all_is_at_work_loses_nothing(make_node, pixels, scratch):
    node = make_node(workflow=ONE_MODEL, outputs=SMALL).start()
    send_and_analyse(node, pixels, scratch, 1)
    late = films.save(films.film(films.shrink(pixels, 2)), scratch / "late.dcm")
    blobs = take_away(node)

    assert storescu(node.ports["dicom"], late).returncode != 0, "acknowledged without its volume"
    wait_until(lambda: not node.rpc.status().workers[0].ready, "the worker to be not ready")
    wait_until(lambda: node.http_get("/healthz")[0] == 503, "the node to say so")
    assert not list(blobs.iterdir())

    bring_back(node)
    wait_until(lambda: node.http_get("/healthz")[0] == 200, "the node to be well")
    node.wait_for_worker()
    uids = send_and_analyse(node, pixels, scratch, 2)
    assert len(uids) == 2 and node.rpc.status().buried_jobs == 0


def test_two_stores_that_were_mixed_up_are_named_and_left_alone(make_node, pixels, scratch):
    nodes = [make_node(workflow=ONE_MODEL, worker="supervise: false") for _ in range(2)]
    for node in nodes:
        node.start(wait_for_worker=False)
        send(node, pixels, scratch, 1)
        assert node.stop() == 0
    first, second = nodes
    (first.data / "blobs").rename(scratch / "blobs")
    (second.data / "blobs").rename(first.data / "blobs")
    (scratch / "blobs").rename(second.data / "blobs")
    before = names_below(first.data / "blobs")

    said = first.refusal()

    ids = {path.read_text().split()[1] for path in scratch.glob("node*/data/blobs/store.id")}
    assert len(ids) == 2 and all(one in said for one in ids), said
    assert "--adopt-store" in said
    assert names_below(first.data / "blobs") == before

    word = run([BIN / "camnode", "--adopt-store", "--config", first.config])

    assert word.returncode == 0 and "of 1 looked for, 0 have their file" in word.stdout, word
    first.start(wait_for_worker=False)
