"""Power cuts at random moments with random losses: the slow suite.

    tests/run --power-cuts 1000

Every 250 cuts the programs are recorded anew, because no two runs interleave alike;
every 50th cut is followed by a start of the real node and worker.
"""

import os
import random

import pytest

from cuts import try_cuts
from disk import Chance
from story import record_story
from survivors import check_programs_go_on

CUTS = int(os.environ.get("CAMNODE_POWER_CUTS", "0"))
SEED = int(os.environ.get("CAMNODE_POWER_CUTS_SEED", "20240131"))
CUTS_OF_ONE_RECORDING = 250
CUTS_BETWEEN_STARTS = 50

needs_time = pytest.mark.skipif(CUTS == 0, reason="slow: tests/run --power-cuts N")


@needs_time
@pytest.mark.parametrize("batch", range(-(-CUTS // CUTS_OF_ONE_RECORDING)))
def test_random_power_cuts_lose_nothing(tmp_path, pixels, batch):
    recording = record_story(tmp_path, pixels)
    chance = random.Random(SEED + batch)
    seeds = {}
    for _ in range(min(CUTS_OF_ONE_RECORDING, CUTS - batch * CUTS_OF_ONE_RECORDING)):
        cut = chance.randint(1, len(recording.records))
        seeds.setdefault(cut, []).append(chance.getrandbits(64))

    # A fate rolls its dice as it goes: a second one for the same cut is another object.
    plan = {cut: {f"seed {seed}": Chance(seed) for seed in each} for cut, each in seeds.items()}
    looked, wrong = try_cuts(recording, plan)

    assert not wrong, "\n".join(wrong[:20])

    started = sorted(plan)[::CUTS_BETWEEN_STARTS]
    for number, cut in enumerate(started):
        folder = tmp_path / f"start{number}"
        folder.mkdir()
        check_programs_go_on(recording, cut, Chance(seeds[cut][0]), folder)
    print(f"{looked} random power cuts, {len(started)} of them followed by a start")
