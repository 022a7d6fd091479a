"""Cuts the power of a recorded run, and judges what is left."""

import collections
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

from disk import Disk
from harness.settings import BIN

INSPECTOR = BIN.parent / "tests/storage_inspector"


class Inspector:
    """storage_inspector, kept running.  A context manager."""

    def __init__(self, films):
        self._process = subprocess.Popen(
            [INSPECTOR, *films], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        assert self._process.wait(60) == 0, "the inspector failed"

    def __call__(self, directory):
        self._process.stdin.write(f"{directory}\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        return json.loads(line) if line else {"error": "the inspector died"}


def scratch_folder():
    """In memory if possible: what is looked at here was cut off long ago."""
    memory = pathlib.Path("/dev/shm")
    return pathlib.Path(
        tempfile.mkdtemp(prefix="camnode-cut-", dir=memory if os.access(memory, os.W_OK) else None)
    )


def states(recording, cuts, ignores=lambda record, path: False):
    """Yields (cut, disk) for rising numbers of records."""
    disk = Disk(recording.root, ignores)
    done = 0
    for cut in cuts:
        for record in recording.records[done:cut]:
            disk.replay(record)
        done = cut
        yield cut, disk


def mistakes(found, promises, cut):
    """What is wrong with a store after a cut: sentences, none if all is well."""
    if "error" in found:
        return [f"the store does not open: {found['error']}"]
    wrong = []
    instances, derived = promises.at(cut)
    if found["integrity"] != [["ok"]] or found["foreign_keys"]:
        wrong.append(f"the database is damaged: {found['integrity']}, {found['foreign_keys']}")
    wrong += _lost("acknowledged film", instances, found["instances"])
    wrong += _lost("object that was shown", derived, found["derived"])
    for _, digest, blob, *_ in found["instances"] + found["derived"]:
        if digest not in found["digests"].get(blob, []):
            wrong.append(f"blob {blob} has not the bytes that its row names")
    for *_, display in found["analyses"]:
        if display and not found["digests"].get(display):
            wrong.append(f"display raster {display} is gone")
    wrong += _work(found)
    for when in ("orphans", "orphans_after"):
        if found[when]:
            wrong.append(f"{found[when]} files that no row names are left ({when})")
    if found["refused_repeats"]:
        wrong.append(f"a repeat was refused: {found['refused_repeats']}")
    for name in ("instances", "instances_after"):
        wrong += _twice(name, [row[0] for row in found[name]])
    return wrong


def _lost(what, promised, rows):
    there = {row[0]: row[1] for row in rows}
    return [
        f"{what} {uid} is {'lost' if uid not in there else 'another'}"
        for uid, digest in promised.items()
        if there.get(uid) != digest
    ]


def _twice(what, keys):
    return [f"{key} {n} times in {what}" for key, n in collections.Counter(keys).items() if n > 1]


def _work(found):
    """Each film has one job; a job is done if, and only if, there is its analysis."""
    wrong = _twice("jobs", [job[0] for job in found["jobs"]])
    wrong += _twice("analyses", [row[0] for row in found["analyses"]])
    films = {row[3] for row in found["instances"]}
    if {job[0] for job in found["jobs"]} != films:
        wrong.append("films and jobs differ")
    done = {job[0] for job in found["jobs"] if job[1] == "done"}
    if done != {row[0] for row in found["analyses"]}:
        wrong.append("finished jobs and analyses differ")
    if [row[0] for row in found["events"]] != [row[1] for row in found["analyses"]]:
        wrong.append("events and analyses differ")
    waiting = [job for job in found["jobs_after"] if job[1] != "done"]
    if any(job[1] == "buried" for job in waiting) or len(waiting) != found["leased"]:
        wrong.append(f"of {len(waiting)} unfinished jobs {found['leased']} can be had: {waiting}")
    return wrong


def try_cuts(recording, plan, ignores=lambda record, path: False, stop_at_first=False):
    """Cuts and judges.  `plan`: {cut: {name of fate: Fate}}.

    Returns (number of stores looked at, sentences about those that are wrong).
    """
    looked, wrong = 0, []
    folder = scratch_folder()
    try:
        with Inspector(recording.films) as inspect:
            for cut, disk in states(recording, sorted(plan), ignores):
                for name, fate in plan[cut].items():
                    left = folder / "disk"
                    disk.save(left, fate)
                    found = inspect(_data_of(left))
                    looked += 1
                    for sentence in mistakes(found, recording.promises, cut):
                        wrong.append(f"cut after record {cut}, fate '{name}': {sentence}")
                    shutil.rmtree(left)
                    if wrong and stop_at_first:
                        return looked, wrong
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return looked, wrong


def _data_of(left):
    data = left / "data"
    data.mkdir(exist_ok=True)
    return data
