"""A stock gRPC client made from the .proto files fetches what the node knows."""

import struct
import time
import uuid

import grpc
import pytest

from harness import films
from harness.dcmtk import storescu
from harness.node import Node, ONE_MODEL, SENDER
from harness.rpc import RpcFailure, admin_pb2, results_pb2, types_pb2
from harness.waiting import wait_until

HEALTH_PARTS = ("camnode.dicom", "camnode.storage", "camnode.worker", "camnode.outbox")
DISCLAIMER = "RESEARCH ONLY - NOT FOR DIAGNOSIS"


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """One node with three models for all tests here."""
    node = Node(tmp_path_factory.mktemp("node"), top='log_level: "debug"')
    try:
        yield node.start()
    finally:
        node.close()


def send_film(node, pixels, folder, **changes):
    dataset = films.film(pixels, **changes)
    path = films.save(dataset, folder / f"{uuid.uuid4()}.dcm")
    sent = storescu(node.ports["dicom"], path)
    assert sent.returncode == 0, sent.stderr
    return dataset


def reason_of(call):
    """The ErrorInfo reason of the failure that `call` must end with, and its code."""
    with pytest.raises(RpcFailure) as failure:
        call()
    info = failure.value.info
    assert info is not None, f"no ErrorInfo with {failure.value}"
    assert info.domain == "camnode"
    assert info.reason and info.reason == info.reason.upper() and len(info.reason) <= 63
    return failure.value.code, info.reason


def png_size(png):
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", png[16:24])


def test_an_analysis_says_what_each_model_found_and_where(node, pixels, scratch):
    dataset = send_film(node, pixels, scratch)

    analysis = node.wait_for_analysis(dataset.SOPInstanceUID)

    assert analysis.disclaimer == DISCLAIMER
    assert analysis.instance.study_instance_uid == dataset.StudyInstanceUID
    assert analysis.instance.series_instance_uid == dataset.SeriesInstanceUID
    assert analysis.instance.sop_class_uid == films.CR
    assert analysis.instance.modality == "CR"
    assert analysis.instance.state == types_pb2.INSTANCE_STATE_ANALYZED
    models = [result.model for result in analysis.results]
    assert models == ["resnet18", "efficientnet_b0", "densenet121"]
    for result in analysis.results:
        assert result.label == "pneumonia"
        assert 0 <= result.probability <= 1
        assert result.positive == (result.probability >= result.threshold)
        assert len(result.weights_sha256) == 64
        assert (result.heatmap.rows, result.heatmap.columns) == (7, 7)
        values = list(result.heatmap.values)
        assert len(values) == 49 and min(values) >= 0
        assert max(values) == pytest.approx(result.heatmap.peak, rel=1e-5)
        assert result.heatmap.region_width <= dataset.Columns
        assert result.heatmap.region_height <= dataset.Rows
    assert -1 <= analysis.agreement.correlation <= 1
    assert 0 <= analysis.agreement.overlap <= 1
    assert 0 <= analysis.agreement.overlap_percentile <= 100
    assert analysis.agreement.HasField("distance_percentile")
    assert analysis.agreement.HasField("correlation_percentile")
    assert analysis.start_time.ToMilliseconds() <= analysis.finish_time.ToMilliseconds()
    again = node.rpc.results("GetAnalysis", analysis_id=analysis.analysis_id).analysis
    assert again == analysis


def test_studies_and_analyses_are_listed_page_by_page_newest_first(node, pixels, scratch):
    sent = [send_film(node, pixels, scratch) for _ in range(3)]
    for dataset in sent:
        node.wait_for_analysis(dataset.SOPInstanceUID)

    studies, token = [], ""
    while True:
        page = node.rpc.results("ListStudies", page_size=2, page_token=token)
        assert len(page.studies) <= 2
        studies += [study.study_instance_uid for study in page.studies]
        token = page.next_page_token
        if not token:
            break

    assert len(studies) == len(set(studies))
    newest_first = [str(dataset.StudyInstanceUID) for dataset in reversed(sent)]
    assert studies[:3] == newest_first
    analyses = node.rpc.all_analyses(page_size=2)
    ids = [analysis.analysis_id for analysis in analyses]
    assert ids == sorted(set(ids), reverse=True)
    of_one = node.rpc.all_analyses(study_instance_uid=sent[0].StudyInstanceUID)
    assert [one.instance.sop_instance_uid for one in of_one] == [sent[0].SOPInstanceUID]
    study = node.rpc.results("GetStudy", study_instance_uid=sent[0].StudyInstanceUID)
    assert (study.study.instance_count, study.study.analyzed_count) == (1, 1)
    assert [one.sop_instance_uid for one in study.instances] == [sent[0].SOPInstanceUID]


def test_a_watcher_resumes_without_gap_or_repeat(node, pixels, scratch):
    first = send_film(node, pixels, scratch)
    node.wait_for_analysis(first.SOPInstanceUID)

    def uid_of(event):
        return event.analysis.instance.sop_instance_uid

    stream = node.rpc.watch(after_event_number=0)
    number = next(event.event_number for event in stream if uid_of(event) == first.SOPInstanceUID)
    stream.cancel()
    # What happens while nobody watches is there for who comes back.
    missed = send_film(node, pixels, scratch)
    node.wait_for_analysis(missed.SOPInstanceUID)
    stream = node.rpc.watch(after_event_number=number)
    event = next(stream)
    assert uid_of(event) == missed.SOPInstanceUID
    assert event.event_number == number + 1
    live = send_film(node, pixels, scratch)
    event = next(stream)
    assert uid_of(event) == live.SOPInstanceUID
    assert event.event_number == number + 2
    stream.cancel()


def test_a_watcher_without_a_number_sees_only_what_comes(node, pixels, scratch):
    before = send_film(node, pixels, scratch)
    node.wait_for_analysis(before.SOPInstanceUID)
    stream = node.rpc.watch()
    # The stream is open once its first metadata are here, or at the next event.
    time.sleep(0.5)
    after = send_film(node, pixels, scratch)
    assert next(stream).analysis.instance.sop_instance_uid == after.SOPInstanceUID
    stream.cancel()


def test_an_uploaded_dicom_film_takes_the_same_path(node, pixels, scratch):
    dataset = films.film(pixels)
    data = films.save(dataset, scratch / "film.dcm").read_bytes()

    answer = node.rpc.analyze(data, results_pb2.MEDIA_TYPE_DICOM)
    repeat = node.rpc.analyze(data, results_pb2.MEDIA_TYPE_DICOM)

    assert answer.instance.sop_instance_uid == dataset.SOPInstanceUID
    assert len(answer.analysis.results) == 3
    assert not answer.repeat and repeat.repeat
    assert repeat.analysis.analysis_id == answer.analysis.analysis_id


def test_an_upload_is_analysed_as_the_same_film_by_c_store_is(node, pixels, scratch):
    by_store = send_film(node, pixels, scratch)
    uploaded = films.save(films.film(pixels), scratch / "film.dcm").read_bytes()

    answer = node.rpc.analyze(uploaded, results_pb2.MEDIA_TYPE_DICOM)

    stored = node.wait_for_analysis(by_store.SOPInstanceUID)
    assert [r.probability for r in answer.analysis.results] == [
        r.probability for r in stored.results
    ]


def test_a_png_and_a_jpeg_get_uids_from_their_bytes_and_no_delivery(node, scratch):
    jpeg = films.test_data(
        "kermany_original/PNEUMONIA/person1202_bacteria_3152.jpeg"
    ).read_bytes()

    answer = node.rpc.analyze(jpeg, results_pb2.MEDIA_TYPE_JPEG)

    assert len(answer.analysis.results) == 3
    uid = answer.instance.sop_instance_uid
    assert uid.startswith("2.25.")
    assert answer.instance.study_instance_uid not in ("", uid)
    again = node.rpc.analyze(jpeg, results_pb2.MEDIA_TYPE_JPEG)
    assert again.repeat and again.instance.sop_instance_uid == uid
    # camnode's own rendering is a PNG at hand.
    png = node.rpc.results(
        "RenderOverlay", sop_instance_uid=uid, model="resnet18", alpha=0.0
    ).png
    as_png = node.rpc.analyze(png, results_pb2.MEDIA_TYPE_PNG)
    assert as_png.instance.sop_instance_uid not in ("", uid)
    assert as_png.analysis.analysis_id
    for analysis in (answer.analysis, as_png.analysis):
        assert not [d for derived in analysis.derived_instances for d in derived.deliveries]


def test_an_upload_that_does_not_wait_is_answered_when_durable(node, pixels, scratch):
    dataset = films.film(pixels)
    data = films.save(dataset, scratch / "film.dcm").read_bytes()

    answer = node.rpc.analyze(data, results_pb2.MEDIA_TYPE_DICOM, wait=False)

    assert answer.instance.sop_instance_uid == dataset.SOPInstanceUID
    assert not answer.HasField("analysis")
    node.wait_for_analysis(dataset.SOPInstanceUID)


def test_overlays_are_rendered_from_what_was_stored(node, pixels, scratch):
    dataset = send_film(node, pixels, scratch)
    analysis = node.wait_for_analysis(dataset.SOPInstanceUID)

    def render(**fields):
        return node.rpc.results("RenderOverlay", analysis_id=analysis.analysis_id, **fields).png

    panel = render()
    bare = render(model="densenet121", alpha=0.0)
    heavy = render(model="densenet121", alpha=0.9)

    for png in (panel, bare, heavy):
        columns, rows = png_size(png)
        assert columns >= 224 and rows >= 224
    assert bare != heavy
    assert heavy == render(model="densenet121", alpha=0.9), "the same request, the same bytes"
    assert render(model="densenet121") == render(model="densenet121", alpha=0.4)


def test_every_error_carries_error_info(node, pixels, scratch):
    rpc, code = node.rpc, grpc.StatusCode
    unknown = films.new_uid()
    film = films.save(films.film(pixels), scratch / "film.dcm").read_bytes()
    known = rpc.analyze(film, results_pb2.MEDIA_TYPE_DICOM).analysis.analysis_id
    cases = [
        (code.NOT_FOUND, lambda: rpc.results("GetStudy", study_instance_uid=unknown)),
        (code.NOT_FOUND, lambda: rpc.results("GetAnalysis", sop_instance_uid=unknown)),
        (code.NOT_FOUND, lambda: rpc.results("GetAnalysis", analysis_id=1 << 40)),
        (code.NOT_FOUND, lambda: rpc.results("RenderOverlay", analysis_id=1 << 40)),
        (code.NOT_FOUND, lambda: rpc.results("RenderOverlay", analysis_id=known, model="vgg")),
        (code.INVALID_ARGUMENT, lambda: rpc.results("GetAnalysis")),
        (code.INVALID_ARGUMENT, lambda: rpc.results("GetStudy", study_instance_uid="1.2.x")),
        (code.INVALID_ARGUMENT, lambda: rpc.results("ListStudies", page_size=-1)),
        (code.INVALID_ARGUMENT, lambda: rpc.results("ListAnalyses", page_token="guess")),
        (code.INVALID_ARGUMENT, lambda: rpc.results("RenderOverlay", analysis_id=known, alpha=1.5)),
        (code.INVALID_ARGUMENT, lambda: rpc.analyze(film, results_pb2.MEDIA_TYPE_UNSPECIFIED)),
        (code.INVALID_ARGUMENT, lambda: rpc.analyze(b"", results_pb2.MEDIA_TYPE_DICOM)),
        (code.INVALID_ARGUMENT, lambda: rpc.analyze(film, results_pb2.MEDIA_TYPE_PNG)),
        (
            code.INVALID_ARGUMENT,
            lambda: rpc.analyze(film, results_pb2.MEDIA_TYPE_DICOM, request_id="not a UUID"),
        ),
        (
            code.INVALID_ARGUMENT,
            lambda: rpc.analyze_parts(iter([results_pb2.AnalyzeInstanceRequest(chunk=film)])),
        ),
        (code.NOT_FOUND, lambda: rpc.admin("RequeueJob", job_id=1 << 40)),
        (code.NOT_FOUND, lambda: rpc.admin("RequeueDelivery", delivery_id=1 << 40)),
    ]
    wrong = []
    for number, (expected, call) in enumerate(cases):
        got, _ = reason_of(call)
        # A model that the analysis lacks may be called a bad argument as well.
        if got != expected and not (number == 4 and got == code.INVALID_ARGUMENT):
            wrong.append(f"case {number}: {got}, not {expected}")
    assert not wrong, "\n".join(wrong)


def test_a_film_under_a_known_uid_with_other_bytes_is_refused(node, pixels, scratch):
    dataset = send_film(node, pixels, scratch)
    dataset.InstanceNumber = 99
    data = films.save(dataset, scratch / "other.dcm").read_bytes()

    code, _ = reason_of(lambda: node.rpc.analyze(data, results_pb2.MEDIA_TYPE_DICOM))

    assert code == grpc.StatusCode.ALREADY_EXISTS


def test_a_film_without_analysis_is_a_failed_precondition(make_node, pixels, scratch):
    waiting = make_node(workflow=ONE_MODEL, worker="supervise: false").start(wait_for_worker=False)
    dataset = send_film(waiting, pixels, scratch)

    code, reason = reason_of(
        lambda: waiting.rpc.results("GetAnalysis", sop_instance_uid=dataset.SOPInstanceUID)
    )

    assert (code, reason) == (grpc.StatusCode.FAILED_PRECONDITION, "NOT_YET_ANALYZED")
    # Whoever waits, waits no longer than the deadline.
    data = films.save(films.film(pixels), scratch / "late.dcm").read_bytes()
    with pytest.raises(RpcFailure) as late:
        waiting.rpc.analyze(data, results_pb2.MEDIA_TYPE_DICOM, timeout=1)
    assert late.value.code == grpc.StatusCode.DEADLINE_EXCEEDED
    assert waiting.rpc.status().queued_jobs == 2


def test_health_names_every_part_and_reflection_lists_the_services(node):
    wait_until(lambda: node.rpc.health() == "SERVING", "the node to call itself healthy")
    for part in HEALTH_PARTS:
        assert node.rpc.health(part) == "SERVING", part
    with pytest.raises(RpcFailure) as unknown:
        node.rpc.health("no-such-part")
    assert unknown.value.code == grpc.StatusCode.NOT_FOUND
    assert node.rpc.reflected_services() >= {
        "camnode.v1.ResultsService",
        "camnode.v1.AdminService",
        "grpc.health.v1.Health",
    }
    assert node.http_get("/healthz")[0] == 200


def test_the_status_names_workers_queue_and_disk(node):
    status = node.rpc.status()
    assert isinstance(status, admin_pb2.GetStatusResponse)
    assert [worker.pid for worker in status.workers] == node.worker_pids()
    assert status.workers[0].ready and status.workers[0].device == "cpu"
    assert status.free_bytes > 0


def test_no_patient_value_is_in_answers_logs_or_metrics(node, pixels, scratch):
    dataset = send_film(node, pixels, scratch)
    analysis = node.wait_for_analysis(dataset.SOPInstanceUID)
    # Refused ones are the likelier leak: their reason is logged.
    dataset.InstanceNumber = 98
    other = films.save(dataset, scratch / "other.dcm")
    storescu(node.ports["dicom"], other)
    with pytest.raises(RpcFailure) as refused:
        node.rpc.analyze(other.read_bytes(), results_pb2.MEDIA_TYPE_DICOM)
    broken = other.read_bytes()[:-1000]
    with pytest.raises(RpcFailure) as damaged:
        node.rpc.analyze(
            broken.replace(str(dataset.SOPInstanceUID).encode(), films.new_uid().encode()),
            results_pb2.MEDIA_TYPE_DICOM,
        )

    answers = [
        analysis,
        node.rpc.results("ListStudies", page_size=200),
        node.rpc.results("ListAnalyses", page_size=200),
        node.rpc.results("GetStudy", study_instance_uid=dataset.StudyInstanceUID),
        node.rpc.admin("ListBuriedInstances", page_size=200),
        node.rpc.status(),
    ]
    texts = {
        "answers": "\n".join(map(str, answers)),
        "errors": f"{refused.value} {refused.value.info} {damaged.value} {damaged.value.info}",
        "log": node.log_text(),
        "metrics": node.http_get("/metrics")[1],
    }
    assert SENDER in texts["log"], "the log names associations"
    for place, text in texts.items():
        for word in films.PATIENT_WORDS:
            assert word not in text, f"'{word}' is in the {place}"
