"""Other bytes under a UID that is here: refused, or kept aside and never analysed."""

import pytest

from harness import films, wire
from harness.checks import send_until_acknowledged
from harness.crash_points import REACHED_BY_CONFLICT
from harness.node import ONE_MODEL, SENDER
from harness.waiting import stays, wait_until

DUPLICATE = 0x0111
QUARANTINE = 'min_free_bytes: 50000000 on_conflict: "quarantine" max_quarantined_instances: 2'


@pytest.fixture
def film(pixels, scratch):
    """A film, its data set, and data sets in conflict with it by number."""
    dataset = films.film(films.shrink(pixels, 4))
    first = data_set(dataset, scratch)

    def other(number):
        dataset.InstanceNumber = number
        return data_set(dataset, scratch)

    return dataset, first, other


def data_set(dataset, scratch):
    return films.data_set_bytes(films.save(dataset, scratch / "film.dcm"))


def store(node, dataset, data):
    return wire.store_file(node.ports["dicom"], dataset, data, SENDER)


def quarantined(node):
    return list(node.rpc.admin("ListQuarantinedInstances").instances)


def test_the_second_film_is_kept_aside_until_it_is_removed(make_node, film):
    node = make_node(workflow=ONE_MODEL, storage=QUARANTINE).start()
    dataset, first, other = film
    second = other(77)
    assert store(node, dataset, first) == wire.SUCCESS
    assert store(node, dataset, second) == wire.SUCCESS
    assert store(node, dataset, second) == wire.SUCCESS, "a repeat adds nothing"
    node.wait_for_analysis(dataset.SOPInstanceUID)

    node.kill()
    node.restart()

    (kept,) = quarantined(node)
    assert kept.sop_instance_uid == dataset.SOPInstanceUID
    assert kept.calling_ae_title == SENDER
    assert films.data_set_bytes(blob(node, kept)) == second
    logged = [line for line in node.log_lines("instance_quarantined")]
    assert [line["outcome"] for line in logged] == ["added", "repeat"]
    assert kept.sha256 in logged[0]["reason"] and kept.stored_sha256 in logged[0]["reason"]
    assert node.metrics()["camnode_quarantined_instances"] == 1
    assert len(node.rpc.all_analyses()) == 1, "it is never analysed"

    listed = node.control("quarantine").stdout
    assert dataset.SOPInstanceUID in listed and kept.sha256[:12] in listed
    assert "1 in quarantine" in node.control("status").stdout
    path = blob(node, kept)
    removed = node.control("quarantine", "--remove", str(kept.quarantine_id))
    assert removed.returncode == 0, removed.stderr
    assert quarantined(node) == [] and not path.exists()
    assert "No film is in quarantine" in node.control("quarantine").stdout
    again = node.control("quarantine", "--remove", str(kept.quarantine_id))
    assert again.returncode == 4, again.stderr


def blob(node, kept):
    return node.data / "blobs" / kept.blob_id[:2] / kept.blob_id


def test_a_full_quarantine_and_another_study_refuse(make_node, film, scratch):
    node = make_node(workflow=ONE_MODEL, storage=QUARANTINE, worker="supervise: false")
    node.start(wait_for_worker=False)
    dataset, first, other = film
    assert store(node, dataset, first) == wire.SUCCESS
    assert store(node, dataset, other(1001)) == wire.SUCCESS
    assert store(node, dataset, other(1002)) == wire.SUCCESS
    assert store(node, dataset, other(1003)) == DUPLICATE
    (line,) = node.log_lines("instance_refused")
    assert "the quarantine is full" in line["reason"]

    (oldest,) = [one for one in quarantined(node)][1:]
    assert node.control("quarantine", "--remove", str(oldest.quarantine_id)).returncode == 0
    dataset.StudyInstanceUID = films.new_uid()
    assert store(node, dataset, data_set(dataset, scratch)) == DUPLICATE
    assert len(quarantined(node)) == 1


@pytest.mark.parametrize("point", sorted(REACHED_BY_CONFLICT))
def test_a_kill_keeps_the_second_film_once(make_node, film, scratch, point):
    died = scratch / "died"
    died.touch()  # Disarmed until the first film is in.
    node = make_node(
        workflow=ONE_MODEL,
        storage=QUARANTINE,
        worker="supervise: false",
        environment={"CAMNODE_CRASH_AT": point, "CAMNODE_CRASH_ONCE": str(died)},
    )
    node.start(wait_for_worker=False)
    dataset, first, other = film
    assert store(node, dataset, first) == wire.SUCCESS
    second = other(77)
    died.unlink()

    send_until_acknowledged(node, scratch / "film.dcm")
    (kept,) = quarantined(node)
    assert films.data_set_bytes(blob(node, kept)) == second
    assert node.rpc.status().queued_jobs == 1

    # The one point that the removal passes kills the node there.
    node.control("quarantine", "--remove", str(kept.quarantine_id))
    if not stays(node.running, 0.3):
        node.restart(wait_for_worker=False)
    assert died.exists(), f"the node never came to {point}"
    assert node.starts == 2
    assert quarantined(node) == []
    wait_until(lambda: node.rpc.status().quarantined_instances == 0, "an empty quarantine", 5)
