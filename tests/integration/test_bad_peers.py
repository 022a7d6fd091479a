"""Peers that are silent, slow or speak something else: shown the door, and the node goes on."""

import http.client
import os
import signal
import socket
import time

import pytest

from harness import films, wire
from harness.checks import going_on, impatient_node, logged
from harness.dcmtk import echoscu
from harness.node import SENDER, Node
from harness.settings import TIME_SCALE
from harness.waiting import wait_until


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    node = impatient_node(tmp_path_factory.mktemp("node"))
    try:
        yield node.start()
    finally:
        node.close()


@pytest.fixture
def node(running):
    with going_on(running):
        yield running


def connect(node):
    return socket.create_connection(("127.0.0.1", node.ports["dicom"]), timeout=20 * TIME_SCALE)


def seconds_until_closed(connection):
    """How long the node puts up with this connection from now on."""
    began = time.monotonic()
    try:
        while connection.recv(65536):
            pass
    except ConnectionError:
        pass
    connection.close()
    return time.monotonic() - began


def test_a_silent_peer_is_shown_the_door(node):
    assert seconds_until_closed(connect(node)) < 6 * TIME_SCALE


def test_a_peer_that_trickles_its_request_is_shown_the_door(node):
    connection = connect(node)
    request = wire.association_request(
        SENDER, "CAMNODE", [(wire.VERIFICATION, wire.IMPLICIT_LITTLE_ENDIAN)]
    )
    began = time.monotonic()
    # A byte now and then: never idle, never done.
    with pytest.raises(OSError):
        for byte in request:
            connection.sendall(bytes([byte]))
            time.sleep(0.2)
    connection.close()
    assert time.monotonic() - began < 8 * TIME_SCALE


def test_a_peer_that_trickles_its_film_is_shown_the_door(node, pixels, scratch):
    dataset = films.film(pixels)
    data = films.data_set_bytes(films.save(dataset, scratch / "film.dcm"))
    contexts = [(films.CR, films.EXPLICIT_LITTLE_ENDIAN)]
    association = wire.Association(node.ports["dicom"], SENDER, "CAMNODE", contexts)
    context = association.start_store(films.CR, str(dataset.SOPInstanceUID))
    began = time.monotonic()

    with pytest.raises(OSError):
        for part in wire.fragments(context, data, False, size=100):
            association.socket.sendall(part)
            time.sleep(0.1)

    association.close()
    assert time.monotonic() - began < 12 * TIME_SCALE
    assert node.rpc.find_analysis(dataset.SOPInstanceUID) is None
    wait_until(lambda: not list((node.data / "blobs").rglob("*.part")), "no half a film left")


def test_a_sender_that_vanishes_in_the_middle_leaves_nothing(node, pixels, scratch):
    dataset = films.film(pixels)
    data = films.data_set_bytes(films.save(dataset, scratch / "film.dcm"))
    contexts = [(films.CR, films.EXPLICIT_LITTLE_ENDIAN)]
    association = wire.Association(node.ports["dicom"], SENDER, "CAMNODE", contexts)
    context = association.start_store(films.CR, str(dataset.SOPInstanceUID))
    association.socket.sendall(next(wire.fragments(context, data, False)))
    association.close()

    wait_until(lambda: not list((node.data / "blobs").rglob("*.part")), "no half a film left")
    assert node.rpc.find_analysis(dataset.SOPInstanceUID) is None


def test_many_silent_peers_do_not_keep_others_out(node):
    """As many as one address may have open, less one, for the one who means it."""
    silent = [connect(node) for _ in range(6)]
    began = time.monotonic()
    answer = echoscu(node.ports["dicom"])
    waited = time.monotonic() - began
    for connection in silent:
        connection.close()
    assert answer.returncode == 0, answer.stderr
    assert waited < 4 * TIME_SCALE


def test_a_silent_crowd_of_the_senders_own_address_keeps_it_out_for_a_moment_at_most(scratch):
    """Behind one address (NAT) may be many machines."""
    node = Node(
        scratch / "node",
        dicom='ae_title: "CAMNODE" port: 0 association_request_timeout_ms: 60000',
        worker="supervise: false",
    ).start(wait_for_worker=False)
    silent = [connect(node) for _ in range(60)]
    try:
        began = time.monotonic()
        while echoscu(node.ports["dicom"]).returncode != 0:
            assert time.monotonic() - began < 3 * TIME_SCALE, "kept out"
            silent += [connect(node) for _ in range(5)]  # It keeps coming.
        assert time.monotonic() - began < 3 * TIME_SCALE
    finally:
        for connection in silent:
            connection.close()
        node.close()


def test_a_crowd_from_many_addresses_keeps_nobody_out(scratch, pixels):
    """More connections than the node has threads, each address within its rights, and
    every kind of them: whoever means it is served at once all the same."""
    node = Node(
        scratch / "node",
        top='peers { ae_title: "CROWD" addresses: "127.0.0.0/8" }',
        dicom='ae_title: "CAMNODE" port: 0 association_request_timeout_ms: 60000',
        worker="supervise: false",
    ).start(wait_for_worker=False)
    request = wire.association_request(
        "CROWD", "CAMNODE", [(wire.VERIFICATION, wire.IMPLICIT_LITTLE_ENDIAN)]
    )
    beginnings = {
        "silent": b"",
        "half a request": request[: len(request) // 2],
        "half a header": request[:3],
        "a request that never ends": request[:2] + b"\x00\x03\x00\x00" + bytes(2000),
        "noise": os.urandom(3000),
        "HTTP": b"GET / HTTP/1.1\r\n\r\n",
        "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        "unknown": wire.association_request("NOBODY", "CAMNODE", []),
    }
    crowd = []
    try:
        for number in range(80):
            address = f"127.0.1.{1 + number % 20}"
            connection = socket.create_connection(
                ("127.0.0.1", node.ports["dicom"]), timeout=20, source_address=(address, 0)
            )
            connection.sendall(list(beginnings.values())[number % len(beginnings)])
            crowd.append(connection)
            if number % 4 == 3:
                connection.shutdown(socket.SHUT_WR)  # Half open.

        dataset = films.film(pixels)
        data = films.data_set_bytes(films.save(dataset, scratch / "film.dcm"))
        contexts = [
            (films.CR, films.EXPLICIT_LITTLE_ENDIAN),
            (wire.VERIFICATION, wire.IMPLICIT_LITTLE_ENDIAN),
        ]
        for _ in range(5):
            began = time.monotonic()
            with wire.Association(node.ports["dicom"], SENDER, "CAMNODE", contexts) as good:
                assert good.echo() == wire.SUCCESS
                assert good.store(films.CR, str(dataset.SOPInstanceUID), data) == wire.SUCCESS
            assert time.monotonic() - began < 3 * TIME_SCALE
        logged(node, 0, event="connection_failed", reason="made to leave")
    finally:
        for connection in crowd:
            connection.close()
        node.close()


def test_a_hangup_does_not_end_the_node(node):
    before = len(node.log_lines())
    node.process.send(signal.SIGHUP)
    logged(node, before, event="tls_certificates_kept", reason="dicom.tls is off")


def test_http_on_the_dicom_port_is_refused(node):
    before = len(node.log_lines())
    connection = http.client.HTTPConnection("127.0.0.1", node.ports["dicom"], timeout=20)
    with pytest.raises((http.client.HTTPException, OSError)):
        connection.request("GET", "/" + "x" * 5000)
        connection.getresponse()
    connection.close()
    wait_until(lambda: node.log_lines()[before:], "a line about it in the log")


@pytest.mark.parametrize(
    "garbage",
    [
        b"\0" * 10_000,
        os.urandom(10_000),
        b"\x01\x00\xff\xff\xff\xff" + b"\0" * 5000,  # A request that says it is 4 GB long.
        b"\x04\x00\x00\x00\x00\x04\x00\x00\x00\x02",  # Data before an association.
        b"\x01\x00\x00\x00\x00\x44" + b"\0" * 68,  # A request with nothing in it.
    ],
    ids=["zeros", "noise", "four gigabytes", "data first", "empty request"],
)
def test_garbage_on_the_dicom_port_is_refused(node, garbage):
    connection = connect(node)
    try:
        connection.sendall(garbage)
    except OSError:
        pass
    assert seconds_until_closed(connection) < 6 * TIME_SCALE
