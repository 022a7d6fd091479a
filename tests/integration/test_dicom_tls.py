"""DICOM by TLS, in and out, with dcmtk's tools and pynetdicom as peers."""

# Also: services/node/stop_signals.

import os
import signal
import socket
import ssl
import sys

import pytest

from harness import films, wire
from harness.certificates import Authority
from harness.checks import going_on, logged
from harness.dcmtk import Storescp, storescu
from harness.node import ONE_MODEL, SENDER, Node
from harness.processes import run
from harness.settings import PYNETDICOM
from harness.waiting import wait_until

VERIFICATION = [(wire.VERIFICATION, wire.IMPLICIT_LITTLE_ENDIAN)]


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    """A certificate of a CA that nobody here trusts."""
    return Authority(tmp_path_factory.mktemp("other"), "Other CA").issue("stranger")


def tls_section(pair, authority, more=""):
    return (
        f'tls {{ port: 0 certificate_file: "{pair.certificate}" private_key_file: "{pair.key}" '
        f'ca_file: "{authority.certificate}" {more} }}'
    )


def tls_node(folder, authority, more="", port=0, **arguments):
    dicom = (
        f'ae_title: "CAMNODE" port: {port} association_request_timeout_ms: 3000 '
        f'{tls_section(authority.issue("node"), authority, more)}'
    )
    return Node(folder, dicom=dicom, **arguments)


@pytest.fixture(scope="module")
def running(tmp_path_factory, authority):
    """Receives on both ports; no worker: nothing here needs an analysis."""
    node = tls_node(tmp_path_factory.mktemp("node"), authority, worker="supervise: false")
    try:
        yield node.start(wait_for_worker=False)
    finally:
        node.close()


@pytest.fixture
def node(running):
    with going_on(running):
        yield running


def tls_options(pair, authority):
    return ["+tls", pair.key, pair.certificate, "+cf", authority.certificate]


def echo_by_tls(port, options):
    return run(["echoscu", "-to", "10", "-aet", SENDER, "-aec", "CAMNODE", *options, "127.0.0.1", port])


def client_context(authority, pair=None, version=None):
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=str(authority.certificate))
    context.check_hostname = False
    if pair is not None:
        context.load_cert_chain(str(pair.certificate), str(pair.key))
    if version is not None:
        context.minimum_version = context.maximum_version = version
    return context


def associate_by_tls(node, context, contexts=VERIFICATION):
    return wire.Association(node.ports["dicom_tls"], SENDER, "CAMNODE", contexts, tls=context)


def refused_by_tls(node, context):
    """Whether the node ends a connection with this context before any DICOM."""
    try:
        # A TLS 1.3 client has finished before the server looks at its certificate.
        associate_by_tls(node, context).close()
        return False
    except (OSError, wire.Closed):
        return True


@pytest.mark.parametrize("key_type", ["rsa", "ecdsa"])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_both_tls_versions_and_both_kinds_of_keys_are_taken(node, authority, version, key_type):
    pair = authority.issue(f"peer-{key_type}", key_type=key_type)
    with associate_by_tls(node, client_context(authority, pair, version)) as association:
        assert association.socket.version() == version.name.replace("_", ".")
        assert association.echo() == 0x0000


@pytest.mark.parametrize("profile", ["+py", "+px"])
def test_dcmtk_verifies_and_stores_by_tls(node, authority, pixels, scratch, profile):
    options = [*tls_options(authority.issue("peer", key_type="rsa"), authority), profile]
    answer = echo_by_tls(node.ports["dicom_tls"], options)
    assert answer.returncode == 0, answer.stderr

    path = films.save(films.film(pixels), scratch / "film.dcm")
    before = len(node.log_lines())
    done = run(
        ["storescu", *options, "-aet", SENDER, "-aec", "CAMNODE", "127.0.0.1"]
        + [node.ports["dicom_tls"], path]
    )
    assert done.returncode == 0, done.stderr
    logged(node, before, event="association_ended", outcome="released", count=1)
    stored = [films.data_set_bytes(path) for path in node.blob_files()]
    assert films.data_set_bytes(path) in stored, "byte for byte"


@pytest.mark.parametrize(
    "case, sentence",
    [
        ("wrong CA", "comes from no CA that we trust; add its CA to dicom.tls.ca_file"),
        ("expired", "has expired; renew it on the peer"),
        ("none", "showed no certificate; configure one there"),
        ("old TLS", "must allow TLS 1.2 or 1.3"),
    ],
)
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
def test_who_is_not_trusted_is_refused_and_the_log_says_what_to_do(
    node, authority, stranger, case, sentence
):
    before = len(node.log_lines())
    if case == "old TLS":
        context = client_context(authority, authority.issue("peer"), ssl.TLSVersion.TLSv1_1)
        context.set_ciphers("ALL:@SECLEVEL=0")
    else:
        pair = {"wrong CA": stranger, "expired": authority.issue("late", days=-1), "none": None}
        context = client_context(authority, pair[case])

    assert refused_by_tls(node, context)

    logged(node, before, levels=("warning",), event="connection_failed", reason=sentence)
    lines = [line for line in node.log_lines()[before:] if line["event"] == "connection_failed"]
    assert len(lines) == 1, "one line each"


@pytest.mark.parametrize(
    "bytes_sent, sentence",
    [
        (wire.association_request(SENDER, "CAMNODE", VERIFICATION), "plain DICOM on the TLS port"),
        (b"GET / HTTP/1.1\r\nHost: node\r\n\r\n", "HTTP or another text protocol"),
        (b"\0" * 5000, "no handshake"),
        (b"\x16\x03\x01\x10\x00" + b"\xff" * 5000, ""),
    ],
    ids=["plain DICOM", "HTTP", "zeros", "noise in a TLS record"],
)
def test_what_is_not_tls_is_closed_at_once_and_named(node, authority, bytes_sent, sentence):
    before = len(node.log_lines())
    with socket.create_connection(("127.0.0.1", node.ports["dicom_tls"]), timeout=2) as connection:
        connection.sendall(bytes_sent)
        try:
            while connection.recv(4096):
                pass
        except ConnectionError:
            pass
    logged(node, before, event="connection_failed", reason=sentence)


def test_tls_on_the_plain_port_is_closed_at_once_and_named(node, authority):
    before = len(node.log_lines())
    answer = echo_by_tls(node.ports["dicom"], tls_options(authority.issue("peer"), authority))
    assert answer.returncode != 0
    logged(node, before, event="connection_failed", reason="TLS on the plain DICOM port")


def test_peers_that_stop_in_the_handshake_keep_nobody_out(node, authority):
    """As many as one address may have open, less one, for the one who means it."""
    hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
    held = []
    for _ in range(6):
        held.append(socket.create_connection(("127.0.0.1", node.ports["dicom_tls"]), timeout=20))
        held[-1].sendall(hello)
    answer = echo_by_tls(node.ports["dicom_tls"], tls_options(authority.issue("peer"), authority))
    assert answer.returncode == 0, answer.stderr
    # The deadline of the association request covers the handshake.
    for connection in held:
        while connection.recv(4096):
            pass
        connection.close()


def test_what_is_no_tls_any_more_ends_the_association_with_its_reason(node, authority):
    context = client_context(authority, authority.issue("peer"))
    before = len(node.log_lines())
    association = associate_by_tls(node, context)
    with socket.socket(fileno=os.dup(association.socket.fileno())) as beneath:
        beneath.sendall(b"GET / HTTP/1.1\r\n" * 10)
        logged(node, before, event="association_ended", outcome="aborted", reason="TLS: ")
    association.close()


def test_pynetdicom_verifies_and_stores_by_tls(node, authority, pixels, scratch):
    if PYNETDICOM.exists():
        sys.path.insert(0, str(PYNETDICOM))
    pynetdicom = pytest.importorskip("pynetdicom", reason="third_party/install --tests has it")
    path = films.save(films.film(pixels), scratch / "film.dcm")
    entity = pynetdicom.AE(ae_title=SENDER)
    entity.add_requested_context(films.CR, films.EXPLICIT_LITTLE_ENDIAN)
    entity.add_requested_context(wire.VERIFICATION)
    association = entity.associate(
        "127.0.0.1",
        node.ports["dicom_tls"],
        ae_title="CAMNODE",
        tls_args=(client_context(authority, authority.issue("peer")), None),
    )
    assert association.is_established
    assert association.send_c_echo().Status == 0x0000
    assert association.send_c_store(str(path)).Status == 0x0000
    association.release()


def test_a_title_is_taken_with_the_certificates_of_its_entry_only(authority, pixels, scratch):
    node = tls_node(scratch / "bound", authority, worker="supervise: false")
    node.config.write_text(
        node.config.read_text()
        + 'peers { ae_title: "BOUND" addresses: "127.0.0.1" certificate_names: "ct.example.org" '
        'certificate_names: "Console 7" }\n'
    )
    own = authority.issue("ct", host="CT.example.org")
    anothers = authority.issue("mr", host="mr.example.org")
    if PYNETDICOM.exists():
        sys.path.insert(0, str(PYNETDICOM))
    pynetdicom = pytest.importorskip("pynetdicom", reason="third_party/install --tests has it")
    path = films.save(films.film(pixels), scratch / "film.dcm")
    try:
        node.start(wait_for_worker=False)

        def echo(port, options):
            arguments = ["echoscu", "-to", "10", "-aet", "BOUND", "-aec", "CAMNODE", *options]
            return run([*arguments, "127.0.0.1", port])

        tls_port = node.ports["dicom_tls"]
        answer = echo(tls_port, tls_options(own, authority))
        assert answer.returncode == 0, answer.stderr
        assert echo(tls_port, tls_options(authority.issue("Console 7"), authority)).returncode == 0

        before = len(node.log_lines())
        refused = echo(tls_port, tls_options(anothers, authority))
        assert refused.returncode != 0 and "Calling AE Title Not Recognized" in refused.stderr
        line = logged(node, before, levels=("warning",), event="association_rejected")
        assert "names 'mr', 'mr.example.org'" in line["reason"]
        assert "certificate_names" in line["reason"]

        before = len(node.log_lines())
        assert echo(node.ports["dicom"], []).returncode != 0, "without TLS there is none"
        assert "no certificate" in logged(node, before, event="association_rejected")["reason"]

        entity = pynetdicom.AE(ae_title="BOUND")
        entity.add_requested_context(films.CR, films.EXPLICIT_LITTLE_ENDIAN)
        for pair, taken in ((own, True), (anothers, False)):
            association = entity.associate(
                "127.0.0.1",
                tls_port,
                ae_title="CAMNODE",
                tls_args=(client_context(authority, pair), None),
            )
            assert association.is_established == taken
            if taken:
                assert association.send_c_store(str(path)).Status == 0x0000
                association.release()
        # Who is bound to no certificate comes as before.
        assert echo_by_tls(tls_port, tls_options(anothers, authority)).returncode == 0
    finally:
        node.close()


def test_senders_without_a_certificate_are_taken_when_told_to(authority, stranger, scratch):
    node = tls_node(
        scratch / "relaxed",
        authority,
        "require_peer_certificate: false",
        port=-1,
        worker="supervise: false",
    )
    try:
        node.start(wait_for_worker=False)
        assert node.ports["dicom"] == -1, "by TLS alone"
        anonymous = ["+tla", "+cf", authority.certificate]
        assert echo_by_tls(node.ports["dicom_tls"], anonymous).returncode == 0
        assert refused_by_tls(node, client_context(authority, stranger)), "a wrong one is worse"
    finally:
        node.close()


def test_new_certificates_are_taken_at_sighup_and_open_associations_go_on(scratch, authority):
    own = Authority(scratch / "own")
    node = tls_node(scratch / "node", own, worker="supervise: false")
    pair = own.issue("peer")
    try:
        node.start(wait_for_worker=False)
        old_serial = served_serial(node, client_context(own, pair))
        with wire.Association(
            node.ports["dicom"], SENDER, "CAMNODE", VERIFICATION
        ) as plain, associate_by_tls(node, client_context(own, pair)) as secure:
            # A bad file: one line, and the old certificate stays.
            good = (scratch / "own" / "node.pem").read_bytes()
            (scratch / "own" / "node.pem").write_text("not a certificate")
            before = len(node.log_lines())
            node.process.send(signal.SIGHUP)
            logged(node, before, levels=("error",), event="tls_certificates_kept", reason="node.pem")
            assert served_serial(node, client_context(own, pair)) == old_serial

            # A key that others can read is as bad.
            (scratch / "own" / "node.pem").write_bytes(good)
            (scratch / "own" / "node.key").chmod(0o644)
            before = len(node.log_lines())
            node.process.send(signal.SIGHUP)
            logged(node, before, levels=("error",), event="tls_certificates_kept", reason="chmod 600")

            own.issue("node")
            before = len(node.log_lines())
            node.process.send(signal.SIGHUP)
            logged(node, before, event="tls_certificates_read", outcome="expires soon")
            assert served_serial(node, client_context(own, pair)) != old_serial

            assert plain.echo() == 0x0000
            assert secure.echo() == 0x0000
    finally:
        node.close()


def test_results_go_by_tls_to_who_is_trusted_and_to_nobody_else(
    authority, stranger, pixels, scratch
):
    own = tls_options(authority.issue("peer"), authority)
    trusted = tls_options(authority.issue("pacs", host="pacs.example.org"), authority)
    untrusted = ["+tls", stranger.key, stranger.certificate, "+cf", authority.certificate]
    servers = {
        "good": Storescp(scratch / "good", *trusted).start(own),
        "wrong_ca": Storescp(scratch / "wrong_ca", *untrusted).start([*own, "-ic"]),
        "plain": Storescp(scratch / "plain").start(),
    }
    by_tls = 'tls: true tls_server_name: "pacs.example.org"'

    def to(server, options):
        return (Storescp.AE_TITLE, servers[server].port, options)

    node = tls_node(
        scratch / "node",
        authority,
        workflow=ONE_MODEL,
        destinations={
            "good": to("good", by_tls),
            "wrong_ca": to("wrong_ca", "tls: true"),
            "wrong_name": to("good", 'tls: true tls_server_name: "elsewhere.example.org"'),
            "plain": to("plain", by_tls),
        },
    ).start()
    try:
        dataset = films.film(pixels)
        path = films.save(dataset, scratch / "film.dcm")
        assert storescu(node.ports["dicom"], path).returncode == 0

        analysis = node.wait_for_analysis(dataset.SOPInstanceUID)
        wanted = {derived.sop_instance_uid for derived in analysis.derived_instances}
        wait_until(lambda: set(servers["good"].objects()) == wanted, "the objects at the good PACS")
        for name, sentence in {
            "wrong_ca": "add the CA of the destination to dicom.tls.ca_file",
            "wrong_name": "does not carry the name in tls_server_name",
            "plain": "is that its TLS port?",
        }.items():
            logged(node, 0, event="destination_unreachable", destination=name, reason=sentence)
        assert not servers["wrong_ca"].files() and not servers["plain"].files()
        assert all(len(copies) == 1 for copies in servers["good"].objects().values())
    finally:
        node.close()
        for server in servers.values():
            server.close()


def served_serial(node, context):
    """Serial number of the certificate that the node shows now."""
    with socket.create_connection(("127.0.0.1", node.ports["dicom_tls"]), timeout=20) as plain:
        with context.wrap_socket(plain) as connection:
            return connection.getpeercert()["serialNumber"]
