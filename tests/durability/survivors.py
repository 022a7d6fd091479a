"""The programs, started on what a power cut left."""

import os
import sqlite3
import time

import pydicom

from cuts import states
from harness import films, wire
from harness.dcmtk import Storescp
from harness.node import ONE_MODEL, SENDER, Node
from harness.waiting import wait_until


def check_programs_go_on(recording, cut, fate, folder):
    """Node and worker finish what was promised after `cut` records, exactly once."""
    left = folder / "disk"
    for _, disk in states(recording, [cut]):
        disk.save(left, fate)
    _make_old(left)
    instances, derived = recording.promises.at(cut)
    pacs = Storescp(folder / "pacs").start()
    node = Node(
        left,
        workflow=ONE_MODEL,
        destinations={"pacs": (Storescp.AE_TITLE, pacs.port)},
        outputs="overlays: false panel_max_long_side: 512",
        storage="min_free_bytes: 0 sweep_delay_ms: 1",
    )
    try:
        node.start()
        wait_until(lambda: not _files_without_row(node), "the start-up sweep", 20)
        for path in recording.films:
            _send(node, path)
        sent = {str(pydicom.dcmread(path).SOPInstanceUID) for path in recording.films}
        expected = sent | set(instances)
        analyses = wait_until(
            lambda: _all_done(node, expected),
            lambda: f"all of {len(expected)} films: {node.rpc.status()}",
            90,
        )
        _check_exactly_once(node, pacs, analyses, derived)
        assert node.stop() == 0
    finally:
        node.close()
        pacs.close()


def _make_old(folder):
    """As if the power had come back two hours later, when nobody writes any more."""
    then = time.time() - 7200
    for parent, _, names in os.walk(folder / "data"):
        for name in names:
            os.utime(os.path.join(parent, name), (then, then))


def _send(node, path):
    data = films.data_set_bytes(path)
    assert wire.store_file(node.ports["dicom"], pydicom.dcmread(path), data, SENDER) == wire.SUCCESS


def _all_done(node, expected):
    analyses = node.rpc.all_analyses()
    if {one.instance.sop_instance_uid for one in analyses} != expected:
        return None
    return analyses if node.rpc.delivered(analyses) else None


def _files_without_row(node):
    with sqlite3.connect(f"file:{node.data}/camnode.db?mode=ro", uri=True) as database:
        named = {
            row[0]
            for row in database.execute(
                "SELECT blob_id FROM instance UNION SELECT blob_id FROM derived_instance"
                " UNION SELECT display_blob_id FROM analysis"
            )
        }
    database.close()
    blobs = node.data / "blobs"
    places = [*blobs.glob("[0-9a-f][0-9a-f]/*"), *blobs.glob("part/**/*.part")]
    return {path.name for path in places} - named


def _check_exactly_once(node, pacs, analyses, derived):
    uids = [one.instance.sop_instance_uid for one in analyses]
    assert len(uids) == len(set(uids)), "a film was analysed twice"
    status = node.rpc.status()
    assert (status.queued_jobs, status.leased_jobs, status.buried_jobs) == (0, 0, 0)
    ours = {made.sop_instance_uid: made.sha256 for one in analyses for made in one.derived_instances}
    assert derived.items() <= ours.items(), "an object that was shown is gone or another"
    for uid, copies in pacs.objects().items():
        stored = films.data_set_bytes(node.blob_with(ours[uid]))
        assert set(copies) == {stored}, "sent again means the same bytes again"
