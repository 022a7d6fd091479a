"""No room: senders are told to come again, and are welcome once there is room."""

import sqlite3
import subprocess

import grpc
import pytest

from harness import films, wire
from harness.checks import PROBLEM, logged, refused
from harness.dcmtk import echoscu
from harness.node import ONE_MODEL, SENDER, Node
from harness.rpc import results_pb2
from harness.waiting import stays, wait_until

OUT_OF_RESOURCES = 0xA700


def store(node, dataset, scratch):
    path = films.save(dataset, scratch / f"{dataset.SOPInstanceUID}.dcm")
    return wire.store_file(node.ports["dicom"], dataset, films.data_set_bytes(path), SENDER)


def test_too_little_free_disk_is_out_of_resources(make_node, pixels, scratch):
    full = make_node(
        workflow=ONE_MODEL, worker="supervise: false", storage=f"min_free_bytes: {1 << 49}"
    ).start(wait_for_worker=False)

    assert store(full, films.film(pixels), scratch) == OUT_OF_RESOURCES

    logged(full, 0, levels=PROBLEM, dimse_status="0x")
    assert echoscu(full.ports["dicom"]).returncode == 0
    film = films.save(films.film(pixels), scratch / "film.dcm").read_bytes()
    code = refused(lambda: full.rpc.analyze(film, results_pb2.MEDIA_TYPE_DICOM))
    assert code == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert full.rpc.health("camnode.storage") == "NOT_SERVING"


def test_too_long_a_backlog_is_out_of_resources(make_node, pixels, scratch):
    busy = make_node(
        workflow=ONE_MODEL,
        worker="supervise: false",
        storage="max_queued_jobs: 2 min_free_bytes: 0",
    ).start(wait_for_worker=False)

    def refuses():
        small = films.film(films.shrink(pixels, 2))
        return store(busy, small, scratch) == OUT_OF_RESOURCES

    # The count of waiting jobs may be a second old.
    wait_until(refuses, "the node to refuse", seconds=10, pause=0.3)
    assert busy.rpc.status().queued_jobs >= 2


@pytest.fixture
def small_disk(scratch):
    """A file system of 48 MB."""
    folder = scratch / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=48m", "camnode-test", folder], capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("may not mount a small file system here: run as root to test a full disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def test_a_disk_that_is_full_for_long_charges_no_film(small_disk, pixels, scratch):
    """Films in work when the disk fills: how they ended cannot be recorded, their leases run
    out, and none of them is to blame."""
    node = Node(
        small_disk / "node",
        workflow=ONE_MODEL,
        outputs="overlays: false panel_max_long_side: 512",
        storage="min_free_bytes: 0",
        queue="lease_ms: 15000 initial_backoff_ms: 200 max_backoff_ms: 2000",
    ).start()
    try:
        small = films.film(films.shrink(pixels, 4))
        sent = [films.another(small) for _ in range(60)]
        for one in sent:
            assert store(node, one, scratch) == wire.SUCCESS
        wait_until(lambda: node.rpc.status().leased_jobs > 0, "films in work", pause=0.001)
        filler = small_disk / "filler"
        fill(filler)
        wait_until(lambda: node.rpc.health("camnode.storage") == "NOT_SERVING", "not ready")
        # Longer than a lease.
        assert stays(lambda: fill(filler) or True, seconds=20, pause=0.5)
        filler.unlink()

        wait_until(
            lambda: len(node.rpc.all_analyses(page_size=100)) == len(sent),
            lambda: f"every film: {node.rpc.status()}",
            120,
        )
        with sqlite3.connect(f"file:{node.data}/camnode.db?mode=ro", uri=True) as database:
            charged = database.execute(
                "SELECT id, failures, interruptions, last_error FROM job "
                "WHERE failures > 0 OR interruptions > 0 OR state <> 'done'"
            ).fetchall()
        assert charged == []
    finally:
        node.close()


def fill(path):
    """Appends to the file until nothing more fits."""
    with open(path, "ab", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4096)
        except OSError:
            pass


def test_a_disk_that_fills_up_refuses_and_recovers(small_disk, pixels, scratch):
    node = Node(
        small_disk / "node",
        workflow=ONE_MODEL,
        worker="supervise: false",
        storage="min_free_bytes: 0",
    ).start(wait_for_worker=False)
    try:
        first = films.film(pixels)
        assert store(node, first, scratch) == wire.SUCCESS
        filler = small_disk / "filler"
        fill(filler)

        refused_film = films.film(pixels)
        assert store(node, refused_film, scratch) == OUT_OF_RESOURCES
        assert echoscu(node.ports["dicom"]).returncode == 0
        wait_until(lambda: node.rpc.health("camnode.storage") == "NOT_SERVING", "not ready")

        filler.unlink()
        wait_until(lambda: node.rpc.health() == "SERVING", "ready again")
        wait_until(
            lambda: store(node, refused_film, scratch) == wire.SUCCESS,
            "room again",
            pause=0.3,
        )
        study = node.rpc.results("GetStudy", study_instance_uid=first.StudyInstanceUID)
        assert len(study.instances) == 1
    finally:
        node.close()
