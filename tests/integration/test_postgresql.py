"""The main path with PostgreSQL in place of SQLite."""

from harness import films
from harness.dcmtk import Storescp, storescu
from harness.node import ONE_MODEL
from harness.waiting import wait_until


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


def test_a_second_node_on_the_database_is_refused_until_the_first_is_dead(
    make_node, postgresql, pixels, scratch
):
    uri = f'database_uri: "{postgresql.uri}"'
    first = make_node(top=uri, workflow=ONE_MODEL).start()
    # With the blobs of the first, as on a shared volume: it is the same store.
    second = make_node(top=uri, workflow=ONE_MODEL)
    second.data.mkdir()
    (second.data / "blobs").symlink_to(first.data / "blobs")

    said = second.refusal()

    node_id = (first.data / "node.id").read_text().strip()
    assert f"node {node_id} on host" in said and f"process {first.process.pid}" in said, said
    assert [worker.name for worker in first.rpc.status().workers] == [f"{node_id}/worker-0"]
    film = films.film(pixels)
    path = films.save(film, scratch / "film.dcm")
    assert storescu(first.ports["dicom"], path).returncode == 0
    first.wait_for_analysis(film.SOPInstanceUID)

    first.kill()
    second.start()
    assert second.rpc.find_analysis(film.SOPInstanceUID)


def test_a_server_that_restarts_leaves_the_database_to_its_node(make_node, postgresql):
    node = make_node(top=f'database_uri: "{postgresql.uri}"', workflow=ONE_MODEL).start()
    postgresql.restart()

    wait_until(lambda: node.log_lines("node_lock_taken_again"), "the lock to be taken again")

    assert node.running()
    other = make_node(top=f'database_uri: "{postgresql.uri}"', workflow=ONE_MODEL)
    assert "in use by node" in other.refusal()
