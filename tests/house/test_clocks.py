"""Durations, waits and deadlines go by the monotonic clock: core/base/stopwatch.h.

Runs by itself, from the repository root: python3 -m pytest tests/house/test_clocks.py
"""

import functools
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("core", "scp", "services", "tests")

# What may be read where, and why there.
DATE = re.compile(
    r"absl::Now\(|system_clock|gettimeofday|CLOCK_REALTIME|std::time\(|\btime\((nullptr|NULL|0)\)")
MAY_READ_DATE = {
    "core/base/clock.cc": "the one place that asks for the date",
    "core/base/clock.h": "says which clock it is",
    "core/base/mutex.h": "says why the waits are not Abseil's",
    "core/base/stopwatch.h": "gRPC takes and gives deadlines as dates",
    "services/privileges/call_filter.cc": "lists the calls that a worker may make",
    "tests/core/base/clock_test.cc": "asks the kernel what Clock should say",
    "tests/testing/wall_clock.cc": "is the date that tests set",
    "tests/testing/wall_clock.h": "is the date that tests set",
}

# One way to read it: Stopwatch and Deadline, by Clock.
MONOTONIC = re.compile(r"steady_clock|high_resolution_clock|CLOCK_MONOTONIC")
MAY_READ_MONOTONIC = {
    "core/base/clock.cc": "the one place that asks for it",
    "core/base/clock.h": "says which clock it is",
    "core/base/mutex.h": "says which clock its waits go by",
    "tests/core/base/clock_test.cc": "asks the kernel what Clock should say",
}

# Of Abseil 20220623, with a timeout: all wait until a date.
WAIT = re.compile(
    r"absl::(Mutex|MutexLock|ReaderMutexLock|CondVar|Notification|BlockingCounter|Barrier)\b"
    r"|AwaitWith|LockWhenWith|WaitWithDeadline|WaitForNotificationWith"
    r"|wait_until|pthread_cond_timedwait|sem_timedwait")
MAY_WAIT = {
    "core/base/mutex.h": "says why the waits are not Abseil's",
    "tests/core/training/films/film_store_test.cc": "waits for a notification without a timeout",
}

RULES = [
    (DATE, MAY_READ_DATE,
     "a date that is stored or shown is Clock::Now of core/base/clock.h; how long something takes, "
     "or may take, is a Stopwatch or a Deadline of core/base/stopwatch.h"),
    (MONOTONIC, MAY_READ_MONOTONIC,
     "take Stopwatch or Deadline of core/base/stopwatch.h"),
    (WAIT, MAY_WAIT,
     "take Mutex and CondVar of core/base/mutex.h: the others wait until a date, which may be set"),
]


@functools.lru_cache(maxsize=None)
def sources():
    paths = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*"))]
    return {path.relative_to(ROOT).as_posix(): path.read_text() for path in paths
            if path.suffix in (".cc", ".h")}


@pytest.mark.parametrize("pattern, allowed, remedy", RULES, ids=["date", "monotonic", "wait"])
def test_clocks_are_read_only_where_it_is_said(pattern, allowed, remedy):
    found = {}
    for name, text in sources().items():
        if pattern.search(text):
            found[name] = [f"{name}:{number}: {line.strip()}"
                           for number, line in enumerate(text.splitlines(), start=1)
                           if pattern.search(line)]
    wrong = [line for name, lines in found.items() if name not in allowed for line in lines]
    assert not wrong, remedy + "\n" + "\n".join(wrong)
    spare = sorted(set(allowed) - set(found))
    assert not spare, "these no longer need their line in this file; delete it: " + ", ".join(spare)
