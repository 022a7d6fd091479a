"""dcmtk's stock programs as senders and as PACS; who is let in and who is not."""

import pydicom
import pytest

from harness import films, wire
from harness.dcmtk import Storescp, dcmsend, echoscu, storescu
from harness.destination import Destination
from harness.node import ONE_MODEL, SENDER
from harness.waiting import wait_until


def make_film(pixels, scratch, name="film.dcm", **changes):
    dataset = films.film(pixels, **changes)
    return dataset, films.save(dataset, scratch / name)


def test_storescu_and_dcmsend_deliver_films_and_storescp_gets_the_stored_bytes(
    make_node, pacs, pixels, scratch
):
    node = make_node(destinations={"pacs": (Storescp.AE_TITLE, pacs.port)}).start()
    first, first_path = make_film(pixels, scratch, "first.dcm")
    second, second_path = make_film(pixels, scratch, "second.dcm", sop_class=films.DX)

    one = storescu(node.ports["dicom"], first_path)
    two = dcmsend(node.ports["dicom"], second_path)

    assert one.returncode == 0, one.stderr
    assert two.returncode == 0, two.stderr
    for dataset in (first, second):
        analysis = node.wait_for_deliveries(dataset.SOPInstanceUID)
        received = pacs.objects()
        for derived in analysis.derived_instances:
            stored = node.blob_with(derived.sha256)
            assert received[derived.sop_instance_uid] == [films.data_set_bytes(stored)]


def test_the_stored_film_is_what_was_sent_bit_by_bit(make_node, pixels, scratch):
    node = make_node(workflow=ONE_MODEL).start()
    dataset, path = make_film(pixels, scratch)

    assert storescu(node.ports["dicom"], path).returncode == 0

    sent = films.data_set_bytes(path)
    stored = [
        blob
        for blob in (node.data / "blobs").rglob("*")
        if blob.is_file() and blob.read_bytes()[128:132] == b"DICM"
    ]
    assert sent in [films.data_set_bytes(blob) for blob in stored]


def test_every_transfer_syntax_that_storescu_proposes_finds_a_taker(make_node, pixels, scratch):
    node = make_node(workflow=ONE_MODEL).start()
    for option in ("-x=", "-xi", "-xe", "-xb", "-xd", "-xr", "-xs"):
        dataset, path = make_film(pixels, scratch)

        sent = storescu(node.ports["dicom"], path, options=(option,))

        assert sent.returncode == 0, f"{option}: {sent.stderr}"
        assert node.wait_for_analysis(dataset.SOPInstanceUID).results, option


@pytest.fixture
def receiver(make_node):
    """A node that receives and never analyses."""
    return make_node(workflow=ONE_MODEL, worker="supervise: false").start(wait_for_worker=False)


def test_echo_is_answered_for_a_known_peer(receiver):
    answer = echoscu(receiver.ports["dicom"])
    assert answer.returncode == 0, answer.stderr


def test_another_called_ae_title_is_refused_and_logged(receiver):
    node = receiver
    with pytest.raises(wire.Refused) as refusal:
        wire.Association(node.ports["dicom"], SENDER, "WRONG", ECHO)

    # Permanent, by the service user, called AE title not recognised (PS3.8 9.3.4).
    assert (refusal.value.result, refusal.value.source, refusal.value.reason) == (1, 1, 7)
    wait_until(lambda: lines_naming(node, called_ae="WRONG"), "a log line about the refusal")
    assert echoscu(node.ports["dicom"], called="WRONG").returncode != 0
    assert echoscu(node.ports["dicom"]).returncode == 0


def test_an_unknown_peer_is_refused_and_logged(receiver, pixels, scratch):
    node = receiver
    with pytest.raises(wire.Refused) as refusal:
        wire.Association(node.ports["dicom"], "STRANGER", "CAMNODE", ECHO)

    # Permanent, by the service user, calling AE title not recognised.
    assert (refusal.value.result, refusal.value.source, refusal.value.reason) == (1, 1, 3)
    line = wait_until(lambda: lines_naming(node, calling_ae="STRANGER"), "a log line")[0]
    assert line["level"] in ("warning", "error")
    assert line["peer"] == "127.0.0.1"
    _, path = make_film(pixels, scratch)
    assert storescu(node.ports["dicom"], path, calling="STRANGER").returncode != 0
    assert not node.rpc.results("ListStudies").studies


def test_a_known_title_from_another_address_is_refused(make_node):
    node = make_node(
        workflow=ONE_MODEL,
        worker="supervise: false",
        top='peers { ae_title: "FARAWAY" addresses: "192.0.2.0/24" }',
    ).start(wait_for_worker=False)

    with pytest.raises(wire.Refused) as refusal:
        wire.Association(node.ports["dicom"], "FARAWAY", "CAMNODE", ECHO)

    assert refusal.value.result == 1


def test_a_film_goes_back_to_its_sender_if_configured(make_node, pacs, pixels, scratch):
    node = make_node(
        workflow=ONE_MODEL + " return_to_sender: true",
        top=f'peers {{ ae_title: "{Storescp.AE_TITLE}" addresses: "127.0.0.1" '
        f"return_port: {pacs.port} }}",
    ).start()
    dataset, path = make_film(pixels, scratch)

    assert storescu(node.ports["dicom"], path, calling=Storescp.AE_TITLE).returncode == 0

    analysis = node.wait_for_deliveries(dataset.SOPInstanceUID)
    ours = {derived.sop_instance_uid for derived in analysis.derived_instances}
    assert set(pacs.objects()) == ours


def test_a_destination_short_of_resources_gets_the_same_bytes_later(make_node, pixels, scratch):
    destination = Destination(lambda uid, before: 0xA700 if before < 2 else 0x0000)
    node = make_node(
        workflow=ONE_MODEL, destinations={"weak": ("WEAK", destination.port)}
    ).start()
    dataset, path = make_film(pixels, scratch)

    assert storescu(node.ports["dicom"], path).returncode == 0

    analysis = node.wait_for_deliveries(dataset.SOPInstanceUID)
    for derived in analysis.derived_instances:
        arrivals = [
            arrival
            for arrival in destination.arrivals()
            if arrival.sop_instance == derived.sop_instance_uid
        ]
        assert [arrival.status for arrival in arrivals] == [0xA700, 0xA700, 0x0000]
        assert len({arrival.sha256 for arrival in arrivals}) == 1
    destination.close()


def test_a_destination_that_breaks_the_association_gets_everything_later(
    make_node, pixels, scratch
):
    destination = Destination(lambda uid, before: None if before == 0 else 0x0000)
    node = make_node(
        workflow=ONE_MODEL, destinations={"shaky": ("SHAKY", destination.port)}
    ).start()
    dataset, path = make_film(pixels, scratch)

    assert storescu(node.ports["dicom"], path).returncode == 0

    analysis = node.wait_for_deliveries(dataset.SOPInstanceUID)
    answered = [a for a in destination.arrivals() if a.status == wire.SUCCESS]
    assert {a.sop_instance for a in answered} == {
        derived.sop_instance_uid for derived in analysis.derived_instances
    }
    destination.close()


def test_a_destination_that_refuses_for_good_is_buried_and_can_be_requeued(
    make_node, pixels, scratch
):
    verdict = {"status": 0xA900}
    destination = Destination(lambda uid, before: verdict["status"])
    node = make_node(
        workflow=ONE_MODEL, destinations={"strict": ("STRICT", destination.port)}
    ).start()
    dataset, path = make_film(pixels, scratch)
    assert storescu(node.ports["dicom"], path).returncode == 0

    def strict():
        return node.destination("strict")

    wait_until(lambda: strict().buried == 2, lambda: f"two buried deliveries: {strict()}")
    verdict["status"] = wire.SUCCESS
    analysis = node.wait_for_analysis(dataset.SOPInstanceUID)
    for derived in analysis.derived_instances:
        for delivery in derived.deliveries:
            assert delivery.last_status == 0xA900
            node.rpc.admin("RequeueDelivery", delivery_id=delivery.delivery_id)

    node.wait_for_deliveries(dataset.SOPInstanceUID)
    destination.close()


def test_a_restart_keeps_everything(make_node, pacs, pixels, scratch):
    node = make_node(
        workflow=ONE_MODEL, destinations={"pacs": (Storescp.AE_TITLE, pacs.port)}
    ).start()
    dataset, path = make_film(pixels, scratch)
    assert storescu(node.ports["dicom"], path).returncode == 0
    before = node.wait_for_deliveries(dataset.SOPInstanceUID)

    assert node.stop() == 0
    node.restart()

    assert node.rpc.find_analysis(dataset.SOPInstanceUID) == before
    assert all(len(copies) == 1 for copies in pacs.objects().values())


ECHO = [(wire.VERIFICATION, wire.IMPLICIT_LITTLE_ENDIAN)]


def lines_naming(node, **fields):
    return [
        line
        for line in node.log_lines()
        if all(line.get(name) == value for name, value in fields.items())
    ]
