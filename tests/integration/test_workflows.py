"""Several workflows at one node: the title that an association calls chooses."""

import uuid

import grpc
import pytest

from harness import films
from harness.checks import refused
from harness.dcmtk import Storescp, echoscu, storescu
from harness.node import Node
from harness.processes import run
from harness.rpc import results_pb2, types_pb2
from harness.waiting import wait_until

# "clinic" is the first of the file; "trial" makes a part of the same objects, "small"
# makes smaller ones, and "pair" has another set of models.
OTHERS = """
workflow { name: "trial" called_ae_titles: "TRIAL" called_ae_titles: "TRIAL2"
           models: "resnet18" destinations: "pacs" priority: "backlog"
           outputs { panel: false } }
workflow { name: "small" called_ae_titles: "SMALL" models: "resnet18/1" destinations: "pacs"
           outputs { overlay_max_long_side: 512 panel: false } }
workflow { name: "pair" called_ae_titles: "PAIR" models: "resnet18" models: "efficientnet_b0"
           outputs { panel: false } }
"""
WORKFLOWS = {"CAMNODE": "clinic", "TRIAL": "trial", "SMALL": "small", "PAIR": "pair"}


@pytest.fixture(scope="module")
def pacs(tmp_path_factory):
    server = Storescp(tmp_path_factory.mktemp("pacs"))
    try:
        yield server.start()
    finally:
        server.close()


@pytest.fixture(scope="module")
def node(tmp_path_factory, pacs):
    node = Node(
        tmp_path_factory.mktemp("node"),
        workflow='name: "clinic" models: "resnet18"',
        destinations={"pacs": (Storescp.AE_TITLE, pacs.port)},
    )
    node.config.write_text(node.config.read_text() + OTHERS)
    try:
        yield node.start()
    finally:
        node.close()


def analyses_of(node, dataset, number):
    """{workflow: analysis} of a film once there are `number`."""

    def found():
        study = node.rpc.all_analyses(study_instance_uid=dataset.StudyInstanceUID)
        return {one.workflow: one for one in study} if len(study) >= number else None

    return wait_until(found, f"{number} analyses", seconds=60)


def uids(analysis, kind):
    return [made.sop_instance_uid for made in analysis.derived_instances if made.kind == kind]


def series(analysis, kind):
    return {made.series_instance_uid for made in analysis.derived_instances if made.kind == kind}


def test_a_film_is_analysed_once_for_each_workflow_it_is_sent_to(node, pacs, pixels, scratch):
    dataset = films.film(films.shrink(pixels, 2))
    path = films.save(dataset, scratch / "film.dcm")
    for called in [*WORKFLOWS, "TRIAL2", "CAMNODE"]:
        assert storescu(node.ports["dicom"], path, called=called).returncode == 0, called

    found = analyses_of(node, dataset, len(WORKFLOWS))

    assert set(found) == set(WORKFLOWS.values()), "a title of the same workflow adds nothing"
    clinic, trial, small, pair = (found[name] for name in WORKFLOWS.values())
    models = {name: [one.model for one in found[name].results] for name in found}
    assert models["pair"] == ["resnet18", "efficientnet_b0"]
    assert models["clinic"] == models["trial"] == models["small"] == ["resnet18"]
    assert clinic.model_set == trial.model_set == small.model_set != pair.model_set
    assert {one.results[0].logit for one in found.values()} == {clinic.results[0].logit}

    # The same models and options make the same object, anything else another.
    assert uids(trial, "overlay") == uids(clinic, "overlay")
    assert len(uids(clinic, "panel")) == 1 and not uids(trial, "panel")
    assert not set(uids(small, "overlay")) & set(uids(clinic, "overlay"))
    assert not set(uids(pair, "overlay")) & set(uids(clinic, "overlay"))
    assert series(small, "overlay") != series(clinic, "overlay")
    assert [made for made in pair.derived_instances if made.deliveries] == []

    wanted = {uid for name in ("clinic", "trial", "small") for uid in all_uids(found[name])}
    wait_until(lambda: wanted <= set(pacs.objects()), "every object at the PACS", seconds=30)
    received = {uid: len(copies) for uid, copies in pacs.objects().items() if uid in wanted}
    assert received == dict.fromkeys(wanted, 1), "what two workflows made was sent once"


def all_uids(analysis):
    return [made.sop_instance_uid for made in analysis.derived_instances]


def test_a_worker_loads_each_model_once(node):
    (ready,) = node.log_lines("worker_ready")
    (status,) = node.rpc.status().workers
    assert ready["model"] == status.model_set
    (pid,) = node.worker_pids()
    maps = run(["cat", f"/proc/{pid}/smaps_rollup"]).stdout
    resident = int(next(line.split()[1] for line in maps.splitlines() if line.startswith("Rss")))
    # Two networks of 47 and 16 MB; four workflows with copies would need two more.
    assert resident < 1_500_000, f"{resident} kB"


def test_a_title_of_no_workflow_is_refused(node):
    for called in ("NOBODY", "trial", "TRIAL 2"):
        answer = echoscu(node.ports["dicom"], called=called)
        assert answer.returncode != 0, called
        assert "Called AE Title Not Recognized" in answer.stdout + answer.stderr
    assert echoscu(node.ports["dicom"], called="TRIAL2").returncode == 0


def test_an_upload_may_name_its_workflow(node, pixels, scratch):
    dataset = films.film(films.shrink(pixels, 2))
    data = films.save(dataset, scratch / "film.dcm").read_bytes()

    first = upload(node, data, "").analysis
    named = upload(node, data, "trial").analysis

    assert (first.workflow, named.workflow) == ("clinic", "trial")
    assert first.analysis_id != named.analysis_id
    assert refused(lambda: upload(node, data, "nonsense")) == grpc.StatusCode.INVALID_ARGUMENT


def upload(node, data, workflow):
    header = results_pb2.AnalyzeInstanceHeader(
        request_id=str(uuid.uuid4()),
        media_type=results_pb2.MEDIA_TYPE_DICOM,
        wait=True,
        workflow=workflow,
    )
    chunks = [data[at : at + 65536] for at in range(0, len(data), 65536)]
    parts = [results_pb2.AnalyzeInstanceRequest(header=header)]
    parts += [results_pb2.AnalyzeInstanceRequest(chunk=chunk) for chunk in chunks]
    return node.rpc.analyze_parts(iter(parts))


def test_camnodectl_shows_the_workflows_of_a_film(node, pixels, scratch):
    dataset = films.film(films.shrink(pixels, 2))
    path = films.save(dataset, scratch / "film.dcm")
    for called in ("CAMNODE", "TRIAL"):
        assert storescu(node.ports["dicom"], path, called=called).returncode == 0
    found = analyses_of(node, dataset, 2)

    listed = node.control("list", "--study", dataset.StudyInstanceUID).stdout
    rows = [line.split() for line in listed.splitlines()[1:]]
    assert [row[2] for row in rows] == ["clinic", "trial"]
    assert {row[4] for row in rows} == {str(one.analysis_id) for one in found.values()}
    for name in ("clinic", "trial"):
        shown = node.control("get", dataset.SOPInstanceUID, "--workflow", name).stdout
        assert f"Analysis {found[name].analysis_id} " in shown
        assert f"Workflow  {name}\n" in shown
    missing = node.control("get", dataset.SOPInstanceUID, "--workflow", "pair")
    assert missing.returncode == 4 and "not sent to that workflow" in missing.stderr

    study = node.rpc.results("GetStudy", study_instance_uid=dataset.StudyInstanceUID)
    states = {one.workflow: one.state for one in study.instances[0].workflows}
    assert set(states.values()) == {types_pb2.INSTANCE_STATE_ANALYZED}
