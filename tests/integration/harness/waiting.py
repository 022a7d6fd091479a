"""Waiting for a condition instead of sleeping for a guess."""

import time

from harness.settings import TIME_SCALE


def wait_until(condition, what, seconds=30.0, pause=0.05):
    """Calls `condition` until its value is true and returns that value.

    `what` names the condition in the failure; it may be a function, called at the
    end, to say how far things came.
    """
    deadline = time.monotonic() + seconds * TIME_SCALE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            text = what() if callable(what) else what
            raise AssertionError(f"waited {seconds * TIME_SCALE:.0f} s in vain for {text}")
        time.sleep(pause)


def stays(condition, seconds=1.0, pause=0.05):
    """True if `condition` is true now and at every look for `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not condition():
            return False
        time.sleep(pause)
    return bool(condition())
