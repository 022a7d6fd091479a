"""The power fails: nothing acknowledged is lost, nothing is shown twice."""

import itertools
import re
import shutil
import sqlite3

import pytest

from cuts import states, try_cuts
from disk import Fate, Sizes, sync_cuts, worst_fates
from harness import wire
from harness.processes import run
from record_log import Kind
from story import RECORDER, LoneNode, preloadable, recorder_environment
from survivors import check_programs_go_on

# Every kind of sync, by the path below the node's directory.
SYNCS = {
    "the bytes of a blob": r"/data/blobs/part/(worker/)?[0-9a-f]+\.part",
    "the directory of a blob's name": r"/data/blobs/[0-9a-f]{2}",
    "the directories of blobs": r"/data/blobs",
    "the name tag of the blobs": r"/data/blobs/store\.id\.[0-9a-f]{8}\.part",
    "the data directory": r"/data",
    "the parent of the data directory": r"",
    "SQLite's log, which FULL asks for": r"/data/camnode\.db-wal",
    "SQLite's database": r"/data/camnode\.db",
    "SQLite's journal, before there is a log": r"/data/camnode\.db-journal",
}


# What may be lost: what this process listens on, and its name among nodes; the next start
# writes them anew.
OF_THIS_PROCESS_ONLY = r"/data/(ports\.json|node\.id)\.[0-9a-f]{8}\.part"


def path_in(recording, record):
    return record.path.removeprefix(str(recording.root))


def test_the_recorder_is_loaded_wherever_the_build_lies(tmp_path):
    folder = tmp_path / "a space, a colon: 100%, an \u00e9"
    folder.mkdir()
    library = shutil.copy(RECORDER, folder / RECORDER.name)

    done = run(["/bin/true"], environment={"LD_PRELOAD": str(preloadable(library))})

    assert (done.returncode, done.stderr) == (0, "")


def test_a_power_cut_before_any_sync_loses_nothing(recording):
    plan = {}
    others = itertools.cycle([name for name in worst_fates() if name != "nothing"])
    for cut in sync_cuts(recording.records):
        fates = worst_fates()
        plan[cut] = {name: fates[name] for name in ("nothing", next(others))}

    looked, wrong = try_cuts(recording, plan)

    print(f"{looked} power cuts")
    assert not wrong, "\n".join(wrong[:20])


def lost_in_the_worst_case(recording):
    """What is wrong after power cuts that leave nothing but what was synced."""
    cuts = sync_cuts(recording.records)
    _, wrong = try_cuts(recording, {cut: {"nothing": Fate()} for cut in cuts})
    return wrong


# With a worker, its own start syncs directories that the node's should have.
def test_a_node_alone_on_a_new_directory_loses_nothing(tmp_path, pixels):
    lone = LoneNode(tmp_path, pixels).start()
    try:
        assert lone.send() == wire.SUCCESS
        assert lone.send() == wire.SUCCESS
        lone.node.kill()
    finally:
        lone.node.close()

    wrong = lost_in_the_worst_case(lone.recording())

    assert not wrong, "\n".join(wrong[:20])


# SQLite syncs the directory once for every connection that writes to the log, also if it
# found the log there; nobody else does.
BEGIN_AND_DIE = """
import os, signal, sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("PRAGMA journal_mode = WAL").fetchall()
database.execute("SELECT * FROM sqlite_master").fetchall()
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_database_begun_by_a_program_that_was_killed_is_made_durable(tmp_path, pixels):
    # Elsewhere, so that no sync of the data directory helps.
    lone = LoneNode(tmp_path, pixels, top='database_uri: "sqlite:elsewhere/camnode.db"')
    elsewhere = lone.root / "elsewhere"
    environment = recorder_environment(tmp_path, lone.root)
    run(["mkdir", elsewhere], environment=environment)
    run(["sync", lone.root], environment=environment)
    run(
        ["/usr/bin/python3", "-c", BEGIN_AND_DIE, elsewhere / "camnode.db"],
        environment=environment,
    )
    assert (elsewhere / "camnode.db-wal").exists()
    try:
        lone.start()
        assert lone.send() == wire.SUCCESS
        lone.node.kill()
    finally:
        lone.node.close()

    recording = lone.recording()
    ((_, disk),) = states(recording, [len(recording.records)])
    disk.save(tmp_path / "left", Fate())

    with sqlite3.connect(tmp_path / "left/elsewhere/camnode.db") as database:
        uids = [uid for (uid,) in database.execute("SELECT sop_instance_uid FROM instance")]
    assert uids == list(lone.sender.sent)


def test_every_sync_of_the_programs_is_of_a_kind_known_here(recording):
    synced = {path_in(recording, one) for one in recording.records if one.kind is Kind.SYNC_END}
    for what, pattern in SYNCS.items():
        assert any(re.fullmatch(pattern, path) for path in synced), f"{what} was never synced"
    strangers = {
        path
        for path in synced
        if not any(re.fullmatch(p, path) for p in [*SYNCS.values(), OF_THIS_PROCESS_ONLY])
    }
    assert not strangers


# Without it this file could not tell a sync that matters from one that does not.
@pytest.mark.parametrize("what", SYNCS)
def test_a_sync_left_out_is_noticed(recording, what):
    # What SQLite syncs before it has a log matters while the database is made.
    fate = Sizes() if "database" in what or "journal" in what else Fate()
    plan = {cut: {"": fate} for cut in sync_cuts(recording.records)}

    _, wrong = try_cuts(
        recording,
        plan,
        ignores=lambda record, _: re.fullmatch(SYNCS[what], path_in(recording, record)),
        stop_at_first=True,
    )

    assert wrong, f"nobody would miss the sync of {what}"


@pytest.mark.parametrize("part", [0.35, 0.6, 0.9])
def test_node_and_worker_go_on_from_what_a_power_cut_left(recording, tmp_path, part):
    cuts = sync_cuts(recording.records)

    check_programs_go_on(recording, cuts[int(len(cuts) * part)], Fate(), tmp_path)
