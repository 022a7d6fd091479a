"""Somebody sets the clock while films wait, and before a start: no work is parked for it."""

import pathlib

import pytest

from harness import films, wire
from harness.dcmtk import storescu
from harness.destination import Destination
from harness.node import ONE_MODEL
from harness.settings import TIME_SCALE
from harness.waiting import wait_until

FAKETIME = pathlib.Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
RESOURCES = 0xA700


class Clock:
    """The date of programs started with `environment`; their monotonic clock is left alone."""

    def __init__(self, file):
        self._file = file
        self.set("+0")

    def set(self, offset):
        """From the true date, as faketime writes it: "+1d", "-10y"."""
        # In one piece, however often the programs read it.
        fresh = self._file.with_suffix(".new")
        fresh.write_text(f"{offset}\n")
        fresh.replace(self._file)

    @property
    def environment(self):
        return {
            "LD_PRELOAD": str(FAKETIME),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DONT_RESET": "1",
        }


@pytest.fixture
def clock(scratch):
    if not FAKETIME.exists():
        pytest.skip("SKIPPED: faketime is not installed: third_party/install --tests")
    return Clock(scratch / "date")


def send(node, pixels, path):
    film = films.film(films.shrink(pixels, 2))
    assert storescu(node.ports["dicom"], films.save(film, path)).returncode == 0
    return film.SOPInstanceUID


@pytest.mark.parametrize("step, back", [("-1d", "+1d"), ("+1d", "-1d"), ("-10y", "+10y"), ("+10y", "-10y")])
def test_a_step_while_films_wait_and_one_before_a_start_park_nothing(
    make_node, clock, pixels, scratch, step, back
):
    ready = []
    pacs = Destination(lambda uid, before: wire.SUCCESS if ready else RESOURCES)
    node = make_node(
        workflow=ONE_MODEL,
        outputs="overlays: false panel_max_long_side: 512",
        destinations={"pacs": ("PACS", pacs.port)},
        environment=clock.environment,
    ).start()

    # One film is analysed and its delivery backs off when the clock is set; one comes after.
    sent = [send(node, pixels, scratch / "before.dcm")]
    node.wait_for_analysis(sent[0])
    assert pacs.wait_for(lambda arrivals: arrivals, 20 * TIME_SCALE)
    clock.set(step)
    sent.append(send(node, pixels, scratch / "after.dcm"))
    node.wait_for_analysis(sent[1], 20)
    wait_until(lambda: node.metrics()["camnode_oldest_job_age_seconds"] == 0, "the alarm to end")

    # The node is killed with work in its hands, and starts under yet another date.
    sent.append(send(node, pixels, scratch / "killed.dcm"))
    node.kill()
    clock.set(back)
    ready.append(True)
    node.restart()
    sent.append(send(node, pixels, scratch / "restarted.dcm"))

    # The longest back-off here is 2 s, a lease of the dead worker is given back at once.
    for uid in sent:
        node.wait_for_deliveries(uid, 30)
    assert node.destination("pacs").delivered == len(sent)
    assert len(node.rpc.all_analyses()) == len(sent)
    assert node.rpc.status().buried_jobs == 0
    assert node.stop() == 0
