"""A database that is down, or that answers nobody: said so, waited for, and no reason not to stop."""

# Also: services/node/start_wait, services/node/stop_sequence, services/node/storage_figures.

import http.client
import json
import signal
import time

import pytest

from harness import films
from harness.checks import logged
from harness.dcmtk import storescu
from harness.node import ONE_MODEL
from harness.postgresql import PostgreSql
from harness.processes import Child, free_port
from harness.settings import BIN, TIME_SCALE
from harness.waiting import wait_until


def test_a_frozen_database_shows_in_health_and_holds_up_no_stop(
    make_node, postgresql, pixels, scratch
):
    node = make_node(
        top=f'database_uri: "{postgresql.uri}" stop_timeout_ms: 8000',
        workflow=ONE_MODEL,
    ).start()
    wait_until(lambda: node.http_get("/healthz")[0] == 200, "the node to serve")
    film = films.film(pixels)
    path = films.save(film, scratch / "film.dcm")
    assert storescu(node.ports["dicom"], path).returncode == 0

    postgresql.freeze()
    try:
        wait_until(lambda: not storage_serves(node), "the node to notice", 20)
        assert node.http_get("/healthz")[0] == 503
        began = time.monotonic()
        node.metrics()
        assert time.monotonic() - began < 3 * TIME_SCALE
        began = time.monotonic()
        node.process.send(signal.SIGTERM)
        node.process.wait(12 * TIME_SCALE)
        assert time.monotonic() - began < 10 * TIME_SCALE
    finally:
        postgresql.thaw()

    node.start()
    node.wait_for_analysis(film.SOPInstanceUID)


def storage_serves(node):
    parts = json.loads(node.http_get("/healthz")[1])["parts"]
    return parts["camnode.storage"]["status"] == "serving"


@pytest.fixture
def absent(scratch):
    """A database without a server."""
    server = PostgreSql(scratch / "postgresql")
    server.make()
    yield server
    server.close()


def health_at(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    except OSError:
        return None
    finally:
        connection.close()


def test_a_database_that_is_down_at_start_is_waited_for(make_node, absent, pixels, scratch):
    http_port = free_port()
    node = make_node(
        top=f'database_uri: "{absent.uri}"', workflow=ONE_MODEL, http=f"port: {http_port}"
    )
    node.process = Child([BIN / "camnode", "--config", node.config], node.log)
    status, text = wait_until(lambda: health_at(http_port), "an answer about health")
    assert status == 503
    assert "waiting for the database" in json.loads(text)["parts"]["camnode.storage"]["reason"]
    logged(node, 0, event="waiting_for_database")
    # A stop is heard meanwhile.
    assert node.stop(seconds=5) == 0

    node.process = Child([BIN / "camnode", "--config", node.config], node.log)
    wait_until(lambda: health_at(http_port), "an answer about health")
    absent.run()
    wait_until(lambda: (health_at(http_port) or (0, ""))[0] == 200, "the node to serve")
    node.read_ports()
    path = films.save(films.film(pixels), scratch / "film.dcm")
    assert storescu(node.ports["dicom"], path).returncode == 0
