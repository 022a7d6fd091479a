"""camnodectl against a live node."""

# Also: services/ctl/health.

import json

import pytest

from harness import films
from harness.dcmtk import Storescp, storescu
from harness.destination import Destination
from harness.node import Node
from harness.processes import Child, run
from harness.settings import BIN
from harness.waiting import wait_until

NOT_FOUND, USAGE, UNREACHABLE, UNHEALTHY = 4, 2, 3, 5


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    node = Node(tmp_path_factory.mktemp("node"))
    try:
        yield node.start()
    finally:
        node.close()


@pytest.fixture
def film(node, pixels, scratch):
    """An analysed film."""
    dataset = films.film(pixels)
    path = films.save(dataset, scratch / "film.dcm")
    assert storescu(node.ports["dicom"], path).returncode == 0
    node.wait_for_analysis(dataset.SOPInstanceUID)
    return dataset


def succeed(done):
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_list_shows_studies_and_the_films_of_one(node, film):
    assert film.StudyInstanceUID in succeed(node.control("list"))
    assert film.SOPInstanceUID in succeed(node.control("list", "--study", film.StudyInstanceUID))
    answer = json.loads(succeed(node.control("list", "--json")))
    assert film.StudyInstanceUID in [one["studyInstanceUid"] for one in answer["studies"]]


def test_get_shows_probability_threshold_verdict_and_agreement(node, film):
    text = succeed(node.control("get", film.SOPInstanceUID))

    for model in ("resnet18", "efficientnet_b0", "densenet121"):
        assert model in text
    assert "RESEARCH ONLY" in text
    assert "Percentiles against different films: " in text
    answer = json.loads(succeed(node.control("get", film.SOPInstanceUID, "--json")))
    assert [round(one["probability"], 4) for one in answer["results"]] == [
        one.probability for one in node.rpc.find_analysis(film.SOPInstanceUID).results
    ]
    for word in films.PATIENT_WORDS:
        assert word not in text


def test_get_of_an_unknown_film_has_an_exit_code_of_its_own(node):
    assert node.control("get", films.new_uid()).returncode == NOT_FOUND


def test_render_writes_a_png(node, film, scratch):
    for arguments in ([], ["--model", "resnet18", "--alpha", "0.5"]):
        picture = scratch / "picture.png"
        succeed(node.control("render", film.SOPInstanceUID, "--output", picture, *arguments))
        assert picture.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_analyze_uploads_and_prints_the_verdicts(node, pixels, scratch):
    path = films.save(films.film(pixels), scratch / "a film.dcm")

    text = succeed(node.control("analyze", path))

    assert "densenet121" in text
    assert "was here before" in succeed(node.control("analyze", path))
    assert node.control("analyze", scratch / "missing.dcm").returncode != 0


def test_watch_prints_events_as_they_come(node, film, pixels, scratch):
    child = Child(
        [BIN / "camnodectl", "watch", "--after", "0", "--count", "500", "--json"]
        + ["--config", node.config],
        scratch / "watch.log",
    )
    try:
        wait_until(lambda: film.SOPInstanceUID in child.log.read_text(), "the film of before")
        dataset = films.film(pixels)
        storescu(node.ports["dicom"], films.save(dataset, scratch / "new.dcm"))
        wait_until(lambda: dataset.SOPInstanceUID in child.log.read_text(), "the new film")
        events = [json.loads(line) for line in child.log.read_text().splitlines()]
        numbers = [int(event["eventNumber"]) for event in events]
        assert numbers == list(range(1, len(numbers) + 1))
    finally:
        child.close()


def test_doctor_finds_a_healthy_node_healthy(node):
    text = succeed(node.control("doctor"))
    assert "ILL" not in text
    assert json.loads(succeed(node.control("doctor", "--json")))["healthy"]


def test_doctor_finds_a_node_without_worker_ill(make_node):
    node = make_node(worker="supervise: false").start(wait_for_worker=False)
    assert node.control("doctor").returncode == UNHEALTHY


def test_a_buried_delivery_is_requeued_from_the_shell(make_node, pixels, scratch):
    verdict = {"status": 0xC000}
    destination = Destination(lambda uid, before: verdict["status"])
    node = make_node(
        workflow='models: "resnet18"',
        outputs="overlays: false",
        destinations={"strict": (Storescp.AE_TITLE, destination.port)},
    ).start()
    dataset = films.film(pixels)
    storescu(node.ports["dicom"], films.save(dataset, scratch / "film.dcm"))
    wait_until(lambda: node.destination("strict").buried == 1, "the delivery to be buried")
    verdict["status"] = 0
    delivery = node.rpc.find_analysis(dataset.SOPInstanceUID).derived_instances[0].deliveries[0]

    succeed(node.control("requeue", "--delivery", delivery.delivery_id))

    node.wait_for_deliveries(dataset.SOPInstanceUID)
    assert node.control("requeue", "999999").returncode == NOT_FOUND
    succeed(node.control("requeue"))
    destination.close()


def test_wrong_command_lines_and_a_missing_node_have_their_own_exit_codes(make_node):
    stopped = make_node()
    for arguments in (["nonsense"], ["get"], ["list", "--limit", "x"], []):
        done = stopped.control(*arguments)
        assert done.returncode == USAGE, arguments
        assert done.stderr.strip()
    assert stopped.control("list", "--timeout", "2").returncode == UNREACHABLE
    assert run([BIN / "camnodectl", "--help"]).returncode == 0
