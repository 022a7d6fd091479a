"""Films that are broken or none: a clear answer, a clear line in the log, and the node goes on."""

import pathlib

import grpc
import numpy
import pytest

from harness import films, wire
from harness.checks import PROBLEM, going_on, impatient_node, logged, refused
from harness.dcmtk import storescu
from harness.node import ONE_MODEL, SENDER
from harness.rpc import RpcFailure, results_pb2, types_pb2
from harness.waiting import wait_until

OUT_OF_RESOURCES, MISMATCH, CANNOT_UNDERSTAND = 0xA700, 0xA900, 0xC000


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


def wait_for_end(node, study_instance_uid):
    """The state of the study's only film once it is neither waiting nor running."""

    def ended():
        study = node.rpc.results("GetStudy", study_instance_uid=study_instance_uid)
        state = study.instances[0].state
        busy = (types_pb2.INSTANCE_STATE_QUEUED, types_pb2.INSTANCE_STATE_RUNNING)
        return None if state in busy else state

    return wait_until(ended, "the film to come to an end")


# ---- uploads ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "media_type",
    [results_pb2.MEDIA_TYPE_DICOM, results_pb2.MEDIA_TYPE_PNG, results_pb2.MEDIA_TYPE_JPEG],
)
def test_a_text_file_is_refused_as_an_upload(node, media_type):
    text = b"This is no film.\n" * 100
    before = len(node.log_lines())

    code = refused(lambda: node.rpc.analyze(text, media_type))

    assert code in (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.DATA_LOSS)
    logged(node, before, rpc="AnalyzeInstance", code=code.name)


@pytest.mark.parametrize("kept", [100, 200, 400, 700])
def test_a_film_cut_off_in_its_header_is_refused_as_an_upload(node, pixels, scratch, kept):
    data = films.save(films.film(pixels), scratch / "film.dcm").read_bytes()[:kept]

    code = refused(lambda: node.rpc.analyze(data, results_pb2.MEDIA_TYPE_DICOM))

    assert code in (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.DATA_LOSS)


def test_a_film_cut_off_in_its_pixels_is_refused_or_set_aside(node, pixels, scratch):
    dataset = films.film(pixels)
    data = films.save(dataset, scratch / "film.dcm").read_bytes()[:-50_000]

    try:
        answer = node.rpc.analyze(data, results_pb2.MEDIA_TYPE_DICOM, wait=False)
    except RpcFailure as failure:
        assert failure.code in (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.DATA_LOSS)
        return
    wait_for_end(node, answer.instance.study_instance_uid)
    assert not getattr(node.rpc.find_analysis(dataset.SOPInstanceUID), "results", [])


def test_an_endless_upload_is_cut_off(make_node):
    small = make_node(
        workflow=ONE_MODEL, worker="supervise: false", grpc="port: 0 max_upload_bytes: 100000"
    ).start(wait_for_worker=False)

    code = refused(lambda: small.rpc.analyze(b"\0" * 1_000_000, results_pb2.MEDIA_TYPE_DICOM))

    assert code in (grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.INVALID_ARGUMENT)


# ---- data sets by C-STORE ---------------------------------------------------------------


def store(node, dataset, data):
    return wire.store_file(node.ports["dicom"], dataset, data, SENDER)


def test_a_text_file_by_c_store_is_not_understood(node, pixels):
    before = len(node.log_lines())

    status = store(node, films.film(pixels), b"This is no data set.\n" * 500)

    assert status in (CANNOT_UNDERSTAND, MISMATCH)
    logged(node, before, levels=PROBLEM, dimse_status=f"0x{status:04X}"[:2])


def test_a_truncated_data_set_by_c_store_is_refused_or_set_aside(node, pixels, scratch):
    dataset = films.film(pixels)
    data = films.data_set_bytes(films.save(dataset, scratch / "film.dcm"))

    assert store(node, dataset, data[:300]) in (CANNOT_UNDERSTAND, MISMATCH)
    status = store(node, dataset, data[:-50_000])
    if status == wire.SUCCESS:
        wait_for_end(node, dataset.StudyInstanceUID)
        assert not getattr(node.rpc.find_analysis(dataset.SOPInstanceUID), "results", [])
    else:
        assert status in (CANNOT_UNDERSTAND, MISMATCH)


def test_other_uids_than_the_commands_are_a_mismatch(node, pixels, scratch):
    said, meant = films.film(pixels), films.film(pixels)
    data = films.data_set_bytes(films.save(meant, scratch / "film.dcm"))

    assert store(node, said, data) == MISMATCH


def test_other_bytes_under_a_known_uid_are_a_duplicate(node, pixels, scratch):
    dataset = films.film(pixels)
    data = films.data_set_bytes(films.save(dataset, scratch / "film.dcm"))
    assert store(node, dataset, data) == wire.SUCCESS
    assert store(node, dataset, data) == wire.SUCCESS, "the same bytes again are welcome"
    dataset.InstanceNumber = 77
    other = films.data_set_bytes(films.save(dataset, scratch / "other.dcm"))

    assert store(node, dataset, other) == 0x0111


def test_a_data_set_beyond_the_limit_is_refused(node, scratch):
    dataset = films.film(numpy.zeros((6000, 6000), numpy.uint8))
    data = films.data_set_bytes(films.save(dataset, scratch / "film.dcm"))

    try:
        assert store(node, dataset, data) == OUT_OF_RESOURCES
    except (wire.Closed, OSError):
        pass  # Answered, then aborted, while we were still sending.


def test_uids_that_look_like_paths_stay_out_of_the_file_system(node, pixels, scratch):
    dataset = films.film(pixels)
    good = str(dataset.SOPInstanceUID)
    evil = "../../../../tmp/camnode-evil"[: len(good)].ljust(len(good), "x")
    data = films.data_set_bytes(films.save(dataset, scratch / "film.dcm"))
    contexts = [(films.CR, films.EXPLICIT_LITTLE_ENDIAN)]

    with wire.Association(node.ports["dicom"], SENDER, "CAMNODE", contexts) as association:
        try:
            status = association.store(films.CR, evil, data.replace(good.encode(), evil.encode()))
            assert status != wire.SUCCESS
        except wire.Closed:
            pass
    assert not list(node.directory.rglob("*evil*"))
    assert not list(pathlib.Path("/tmp").glob("camnode-evil*"))


# ---- films that are none ----------------------------------------------------------------


def check_not_eligible(node, dataset, scratch):
    """Accepted, and then named as not a film for the models, without a score."""
    sent = storescu(node.ports["dicom"], films.save(dataset, scratch / "film.dcm"))
    assert sent.returncode == 0, sent.stderr
    state = wait_for_end(node, dataset.StudyInstanceUID)
    assert state == types_pb2.INSTANCE_STATE_NOT_ELIGIBLE
    analysis = node.rpc.find_analysis(dataset.SOPInstanceUID)
    assert not analysis.results
    assert analysis.ineligibility_code and analysis.ineligibility_reason
    assert [made.kind for made in analysis.derived_instances] == ["notice"]
    return analysis.ineligibility_code


def test_a_ct_image_finds_no_presentation_context(node, pixels, scratch):
    path = films.save(films.film(pixels, films.CT), scratch / "ct.dcm")
    assert storescu(node.ports["dicom"], path).returncode != 0
    refused_upload = refused(
        lambda: node.rpc.analyze(path.read_bytes(), results_pb2.MEDIA_TYPE_DICOM)
    )
    assert refused_upload in (grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.INVALID_ARGUMENT)


def test_a_ct_image_as_secondary_capture_is_named_and_not_scored(node, pixels, scratch):
    check_not_eligible(
        node, films.film(pixels, films.SECONDARY_CAPTURE, Modality="CT"), scratch
    )


def test_a_knee_is_named_and_not_scored(node, pixels, scratch):
    check_not_eligible(node, films.film(pixels, BodyPartExamined="KNEE"), scratch)


def test_a_lateral_view_is_named_and_not_scored(node, pixels, scratch):
    check_not_eligible(
        node, films.film(pixels, ViewPosition="LL", PatientOrientation=["A", "F"]), scratch
    )


def test_a_doubtful_film_is_scored_and_says_what_is_doubtful(node, pixels, scratch):
    dataset = films.film(pixels, PatientAge="081Y", ViewPosition=None, PatientOrientation=None)
    sent = storescu(node.ports["dicom"], films.save(dataset, scratch / "film.dcm"))
    assert sent.returncode == 0, sent.stderr
    assert wait_for_end(node, dataset.StudyInstanceUID) == types_pb2.INSTANCE_STATE_ANALYZED
    analysis = node.rpc.find_analysis(dataset.SOPInstanceUID)
    codes = {flag.code for flag in analysis.flags}
    assert {"VIEW_UNKNOWN", "AGE_OUT_OF_RANGE"} <= codes
    assert all("81" not in flag.text for flag in analysis.flags)
    resnet = next(result for result in analysis.results if result.model == "resnet18")
    assert resnet.outlier.threshold > 0
    assert (resnet.outlier.distance > resnet.outlier.threshold) == ("OUTLIER" in codes)


def test_a_colour_photograph_is_named_and_not_scored(node, scratch):
    rows, columns = numpy.mgrid[0:400, 0:500]
    photograph = numpy.stack([rows % 256, columns % 256, (rows * columns) % 256], axis=2)
    check_not_eligible(
        node, films.film(photograph.astype(numpy.uint8), films.SECONDARY_CAPTURE), scratch
    )


def test_a_one_by_one_image_is_named_and_not_scored(node, scratch):
    check_not_eligible(node, films.film(numpy.full((1, 1), 7, numpy.uint8)), scratch)


def test_a_blank_film_is_named_and_not_scored(node, scratch):
    check_not_eligible(node, films.film(numpy.full((600, 600), 7, numpy.uint8)), scratch)


def test_pixels_that_do_not_fit_their_header_are_set_aside_and_do_not_stop_the_next(
    node, pixels, scratch
):
    lies = films.film(pixels, Rows=60000, Columns=60000)
    path = films.save(lies, scratch / "lies.dcm")
    sent = storescu(node.ports["dicom"], path)
    if sent.returncode == 0:
        state = wait_for_end(node, lies.StudyInstanceUID)
        assert state in (types_pb2.INSTANCE_STATE_BURIED, types_pb2.INSTANCE_STATE_NOT_ELIGIBLE)
    honest = films.film(pixels)
    assert storescu(node.ports["dicom"], films.save(honest, scratch / "f.dcm")).returncode == 0
    assert node.wait_for_analysis(honest.SOPInstanceUID).results
