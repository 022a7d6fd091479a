"""The main path with PostgreSQL in place of SQLite."""

from harness import films
from harness.dcmtk import Storescp, storescu
from harness.node import ONE_MODEL


def test_films_are_analysed_delivered_and_watched_with_postgresql(
    make_node, pacs, postgresql, pixels, scratch
):
    node = make_node(
        top=f'database_uri: "{postgresql.uri}"',
        workflow=ONE_MODEL,
        destinations={"pacs": (Storescp.AE_TITLE, pacs.port)},
    ).start()
    sent = [films.film(pixels) for _ in range(3)]
    paths = [films.save(one, scratch / f"{number}.dcm") for number, one in enumerate(sent)]

    assert storescu(node.ports["dicom"], *paths).returncode == 0

    made = {
        derived.sop_instance_uid
        for one in sent
        for derived in node.wait_for_deliveries(one.SOPInstanceUID).derived_instances
    }
    assert {uid: len(copies) for uid, copies in pacs.objects().items()} == {uid: 1 for uid in made}
    stream = node.rpc.watch(after_event_number=0)
    seen = [next(stream).analysis.instance.sop_instance_uid for _ in sent]
    stream.cancel()
    assert sorted(seen) == sorted(str(one.SOPInstanceUID) for one in sent)
    assert not (node.data / "camnode.db").exists()

    # What was acknowledged survives a kill of the node, here as with SQLite.
    last = films.film(pixels)
    path = films.save(last, scratch / "last.dcm")
    assert storescu(node.ports["dicom"], path).returncode == 0
    node.kill()
    node.restart()
    node.wait_for_deliveries(last.SOPInstanceUID)
    assert len(node.rpc.all_analyses()) == 4
