"""Two hundred films over four associations: every one analysed, every one delivered."""

import concurrent.futures

from harness import films
from harness.dcmtk import Storescp, storescu
from harness.waiting import wait_until

FILMS = 200
ASSOCIATIONS = 4


def test_a_burst_over_four_associations_is_analysed_and_delivered_to_the_last_film(
    make_node, pacs, pixels, scratch
):
    node = make_node(
        destinations={"pacs": (Storescp.AE_TITLE, pacs.port)},
        outputs="overlays: false panel_max_long_side: 512",
    ).start()
    small = films.film(films.shrink(pixels, 3))
    paths, uids = [], set()
    for number in range(FILMS):
        dataset = films.another(small)
        uids.add(str(dataset.SOPInstanceUID))
        paths.append(films.save(dataset, scratch / f"{number}.dcm"))

    with concurrent.futures.ThreadPoolExecutor(ASSOCIATIONS) as senders:
        sent = list(
            senders.map(
                lambda part: storescu(node.ports["dicom"], *part, seconds=120),
                [paths[number::ASSOCIATIONS] for number in range(ASSOCIATIONS)],
            )
        )

    assert [one.returncode for one in sent] == [0] * ASSOCIATIONS, sent[0].stderr[-2000:]
    status = node.rpc.status

    def delivered():
        now = status()
        assert now.buried_jobs == 0
        analysed = not (now.queued_jobs or now.leased_jobs)
        return analysed and node.destination("pacs").delivered >= FILMS

    wait_until(delivered, lambda: f"everything to be delivered: {status()}", seconds=180)
    assert status().buried_jobs == 0
    analyses = node.rpc.all_analyses(page_size=200)
    assert sorted(one.instance.sop_instance_uid for one in analyses) == sorted(uids)
    assert all(len(one.results) == 3 for one in analyses)
    in_pacs = pacs.objects()
    panels = {made.sop_instance_uid for one in analyses for made in one.derived_instances}
    assert set(in_pacs) == panels and len(panels) == FILMS
    assert all(len(copies) == 1 for copies in in_pacs.values())
