"""The disk fills up, breaks or is taken away: senders are told to come again, readiness
goes off with a reason, and both end by themselves when the trouble does."""

import contextlib
import errno
import fcntl
import hashlib
import os
import signal
import sqlite3
import subprocess

import pytest

from cuts import try_cuts
from disk import Fate, sync_cuts
from harness import films, wire
from harness.checks import logged
from harness.node import ONE_MODEL, Node
from harness.processes import Child
from harness.settings import BIN
from harness.waiting import wait_until
from record_log import Kind
from story import LoneNode, Sender

OUT_OF_RESOURCES = 0xA700


@pytest.fixture
def faulty(tmp_path, pixels):
    made = LoneNode(tmp_path, pixels).start()
    yield made
    made.node.close()


def wait_for_health(node, status):
    wait_until(lambda: node.rpc.health("camnode.storage") == status, f"storage {status}", 20)
    whole = wait_until(lambda: node.rpc.health() == status, f"the node {status}", 5)
    assert whole and node.http_get("/healthz")[0] == (200 if status == "SERVING" else 503)


FAULTS = {
    "the disk is full": ("write", "/data/", errno.ENOSPC),
    "the disk is read-only": ("any", "/data/", errno.EROFS),
    "writes fail": ("write", "/data/", errno.EIO),
    "syncs fail": ("sync", "/data/", errno.EIO),
    "blobs cannot be synced": ("sync", "/blobs/", errno.EIO),
    "no more files may be opened": ("open", "/blobs/", errno.EMFILE),
    "the database cannot be written": ("write", "camnode.db", errno.EIO),
    "the database cannot be synced": ("sync", "camnode.db", errno.EIO),
    "the database finds no room": ("write", "camnode.db", errno.ENOSPC),
}


def test_every_fault_of_the_disk_refuses_senders_and_ends_by_itself(faulty):
    node = faulty.node
    pid = node.process.pid
    assert faulty.send() == wire.SUCCESS
    wait_for_health(node, "SERVING")
    for what, fault in FAULTS.items():
        before = len(node.log_lines())
        film = faulty.sender.new_film()
        with faulty.failing(*fault):
            assert faulty.send(film) == OUT_OF_RESOURCES, what
            wait_for_health(node, "NOT_SERVING")
            logged(node, before, event="instance_refused", dimse_status="0xA700")
            logged(node, before, event="health_changed", reason="camnode.storage: ")
        wait_for_health(node, "SERVING")
        assert faulty.send(film) == wire.SUCCESS, f"after {what}"
    assert node.running() and node.process.pid == pid
    assert node.stop() == 0
    check_all_acknowledged_survive(faulty)


def check_all_acknowledged_survive(faulty):
    """Whatever was acknowledged in between survives a power cut before any sync: what a
    failed sync was to cover is lost for good, so it must have been written again."""
    recording = faulty.recording()
    cuts = sync_cuts(recording.records)
    _, wrong = try_cuts(recording, {cut: {"nothing": Fate()} for cut in cuts})
    assert not wrong, "\n".join(wrong[:20])


# After a failed fsync the kernel drops the pages and forgets the error: a second fsync of
# the same file succeeds and proves nothing.
def test_a_file_whose_sync_failed_is_given_up(faulty):
    film = faulty.sender.new_film()
    with faulty.failing("sync", ".part", errno.EIO):
        assert faulty.send(film) == OUT_OF_RESOURCES
    wait_until(lambda: faulty.send(film) == wire.SUCCESS, "the repeat", 10)
    assert faulty.node.stop() == 0

    given_up, failures, synced_later = set(), 0, []
    for record in faulty.recording().records:
        if record.kind is Kind.CREATE:
            given_up.discard(record.inode)  # A new file under an old number.
        if record.kind is Kind.SYNC_END and record.path.endswith(".part"):
            if record.inode in given_up:
                synced_later.append(record.path)
            if record.error:
                given_up.add(record.inode)
                failures += 1
    assert failures and not synced_later
    check_all_acknowledged_survive(faulty)


def test_a_worker_without_disk_keeps_the_film_and_charges_it_nothing(tmp_path, pixels):
    lone = LoneNode(tmp_path, pixels, worker="")
    node = lone.node.start()
    try:
        (worker,) = node.worker_pids()
        os.kill(worker, signal.SIGSTOP)  # Until the disk is full.
        film = lone.sender.new_film()
        assert lone.send(film) == wire.SUCCESS
        with lone.failing("write", "/blobs/", errno.ENOSPC):
            os.kill(worker, signal.SIGCONT)
            # More often than the budget of a film that fails by its own fault.
            wait_until(
                lambda: [one["outcome"] for one in node.log_lines("job")].count("retry") > 4,
                "the job to be tried again and again",
                40,
            )
        analysis = node.wait_for_analysis(str(film[0].SOPInstanceUID))
        assert analysis.results
        with sqlite3.connect(f"file:{node.data}/camnode.db?mode=ro", uri=True) as database:
            assert database.execute("SELECT state, failures FROM job").fetchall() == [("done", 0)]
    finally:
        node.close()


def test_a_database_locked_by_a_stranger_refuses_until_it_is_free(faulty):
    node = faulty.node
    film = faulty.sender.new_film()
    stranger = sqlite3.connect(node.data / "camnode.db", isolation_level=None)
    stranger.execute("BEGIN IMMEDIATE")
    assert faulty.send(film) == OUT_OF_RESOURCES
    wait_for_health(node, "NOT_SERVING")

    stranger.execute("ROLLBACK")
    stranger.close()

    wait_for_health(node, "SERVING")
    assert faulty.send(film) == wire.SUCCESS


def test_a_program_that_hangs_with_the_lock_does_not_hang_the_senders(faulty):
    node = faulty.node
    film = faulty.sender.new_film()
    with open(node.data / "database.lock") as hanging:
        fcntl.flock(hanging, fcntl.LOCK_EX)
        assert faulty.send(film) == OUT_OF_RESOURCES
        wait_for_health(node, "NOT_SERVING")
    wait_for_health(node, "SERVING")
    assert faulty.send(film) == wire.SUCCESS


@pytest.fixture
def stopped(tmp_path, pixels):
    """A node that has received a film and was stopped."""
    (tmp_path / "films").mkdir()
    node = Node(
        tmp_path / "node",
        workflow=ONE_MODEL,
        worker="supervise: false",
        storage="min_free_bytes: 0",
    )
    node.start(wait_for_worker=False)
    sender = Sender(tmp_path / "films", pixels)
    assert sender.store(node, sender.new_film()) == wire.SUCCESS
    assert node.stop() == 0
    yield node
    node.close()


def start_and_fail(node):
    """The lines that a node says which does not start."""
    log = node.directory / "refused.log"
    child = Child([BIN / "camnode", "--config", node.config], log)
    assert child.wait(30) == 1
    return [line for line in log.read_text().splitlines() if line.startswith("camnode: ")]


def contents(node):
    """Digests of the database, its log and all blobs."""
    files = [node.data / "camnode.db", node.data / "camnode.db-wal"]
    files += [path for path in (node.data / "blobs").rglob("*") if path.is_file()]
    return {
        path: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if path.exists() and path.stat().st_size > 0
    }


@pytest.mark.parametrize("where", ["header", "middle", "cut short", "not a database"])
def test_a_damaged_database_is_named_in_one_sentence_and_left_alone(stopped, where):
    file = stopped.data / "camnode.db"
    sound = file.read_bytes()
    middle = len(sound) // 2 // 4096 * 4096
    file.write_bytes(
        {
            "header": b"\xa5" * 64 + sound[64:],
            "middle": sound[:middle] + b"\xa5" * 512 + sound[middle + 512 :],
            "cut short": sound[:8192],
            "not a database": b"PK\x03\x04" + bytes(10000),
        }[where]
    )
    before = contents(stopped)

    (sentence,) = start_and_fail(stopped)

    assert f"{file} is damaged" in sentence and "restore a backup" in sentence
    assert contents(stopped) == before

    file.write_bytes(sound)
    stopped.restart(wait_for_worker=False)
    assert len(stopped.rpc.results("ListStudies").studies) == 1


@contextlib.contextmanager
def mounted(*arguments):
    """A file system at the last argument; skips where that is not allowed."""
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"may not mount here, run as root: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", arguments[-1]], check=True)


def test_a_read_only_disk_at_the_start_is_named_in_one_sentence(stopped):
    with mounted("--bind", str(stopped.directory), str(stopped.directory)):
        subprocess.run(
            ["mount", "-o", "remount,bind,ro", str(stopped.directory)], check=True
        )
        before = contents(stopped)
        refused = subprocess.run(
            [BIN / "camnode", "--config", stopped.config], capture_output=True, text=True
        )
        assert refused.returncode == 1
        (sentence,) = refused.stderr.strip().splitlines()
        assert "Read-only file system" in sentence and str(stopped.data) in sentence
        assert contents(stopped) == before
    stopped.restart(wait_for_worker=False)


def test_a_disk_that_turns_read_only_after_an_error_loses_nothing(tmp_path, pixels):
    """A real ext4 that remounts itself; only an operator can mount it again."""
    image, folder = tmp_path / "image", tmp_path / "disk"
    folder.mkdir()
    (tmp_path / "films").mkdir()
    with open(image, "wb") as file:
        file.truncate(64 << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True)
    sender = Sender(tmp_path / "films", pixels)
    settings = dict(
        workflow=ONE_MODEL, worker="supervise: false", storage="min_free_bytes: 0"
    )
    options = ("-o", "loop,errors=remount-ro", str(image), str(folder))
    with mounted(*options):
        node = Node(folder / "node", **settings).start(wait_for_worker=False)
        try:
            kept = sender.new_film()
            assert sender.store(node, kept) == wire.SUCCESS
            device = subprocess.run(
                ["findmnt", "-no", "SOURCE", folder], capture_output=True, text=True, check=True
            ).stdout.strip()
            trigger = f"/sys/fs/ext4/{device.removeprefix('/dev/')}/trigger_fs_error"
            with open(trigger, "w") as file:
                file.write("test\n")
            assert sender.store(node, sender.new_film()) == OUT_OF_RESOURCES
            wait_for_health(node, "NOT_SERVING")
        finally:
            node.close()
    subprocess.run(["e2fsck", "-fy", image], capture_output=True)
    with mounted(*options):
        node = Node(folder / "node", **settings).start(wait_for_worker=False)
        try:
            wait_for_health(node, "SERVING")
            uid = kept[0].StudyInstanceUID
            study = node.rpc.results("GetStudy", study_instance_uid=uid)
            assert [one.sop_instance_uid for one in study.instances] == [
                kept[0].SOPInstanceUID
            ]
        finally:
            node.close()
