"""The main job: Orthanc sends a film, and overlays and panel come back in its study."""

import hashlib
import io

import pydicom
import pytest

from harness import films
from harness.node import Node
from harness.orthanc import AE_TITLE, Orthanc
from harness.processes import run
from harness.rpc import types_pb2
from harness.waiting import stays, wait_until

MODELS = {"resnet18", "efficientnet_b0", "densenet121"}

# What must be the source's, byte for byte, in every object made from it.
COPIED = (
    "SpecificCharacterSet",
    "PatientName",
    "PatientID",
    "IssuerOfPatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyInstanceUID",
    "StudyID",
    "StudyDate",
    "StudyTime",
    "AccessionNumber",
    "ReferringPhysicianName",
)


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory):
    server = Orthanc(tmp_path_factory.mktemp("orthanc"))
    try:
        yield server.start()
    finally:
        server.close()


@pytest.fixture(scope="module")
def node(tmp_path_factory, orthanc):
    node = Node(
        tmp_path_factory.mktemp("node"), destinations={"orthanc": (AE_TITLE, orthanc.dicom_port)}
    )
    try:
        node.start()
        orthanc.knows("camnode", "CAMNODE", node.ports["dicom"])
        yield node
    finally:
        node.close()


def send_by_orthanc(orthanc, dataset, path):
    """Puts a film into Orthanc and has it sent on to camnode; returns Orthanc's id."""
    film_id = orthanc.upload(films.save(dataset, path))
    assert orthanc.send("camnode", [film_id])["FailedInstancesCount"] == 0
    return film_id


def instances_of_study(orthanc, study_instance_uid):
    """{SOP Instance UID: (Orthanc's id, file bytes)}."""
    found = {}
    for instance_id in orthanc.find("Instance", {"StudyInstanceUID": study_instance_uid}):
        data = orthanc.file(instance_id)
        found[pydicom.dcmread(io.BytesIO(data)).SOPInstanceUID] = (instance_id, data)
    return found


def raw(dataset, keyword):
    """The bytes of an attribute as they lie in the file."""
    return dataset.get_item(pydicom.datadict.tag_for_keyword(keyword)).value


@pytest.mark.parametrize("sop_class", [films.CR, films.DX, films.SECONDARY_CAPTURE])
def test_a_film_from_orthanc_comes_back_explained_in_its_own_study(
    node, orthanc, scratch, pixels, sop_class
):
    source = films.film(pixels, sop_class)
    assert orthanc.echo("camnode")
    send_by_orthanc(orthanc, source, scratch / "film.dcm")

    analysis = node.wait_for_deliveries(source.SOPInstanceUID)

    assert not analysis.ineligibility_code, analysis.ineligibility_reason
    kinds = sorted((derived.kind, derived.model) for derived in analysis.derived_instances)
    assert kinds == [("overlay", model) for model in sorted(MODELS)] + [("panel", "")]
    in_pacs = instances_of_study(orthanc, source.StudyInstanceUID)
    assert len(in_pacs) == 5, "the film, three overlays and a panel"
    source = pydicom.dcmread(scratch / "film.dcm")
    total_bytes = 0
    for derived in analysis.derived_instances:
        data = in_pacs[derived.sop_instance_uid][1]
        total_bytes += len(data)
        check_object(pydicom.dcmread(io.BytesIO(data)), source)
        check_with_validator(data, scratch)
        check_same_as_stored(node, derived, data)
    assert total_bytes <= 12_000_000
    series = {pydicom.dcmread(io.BytesIO(data)).SeriesInstanceUID for _, data in in_pacs.values()}
    assert len(series) >= 3, "overlays and panel must not share the film's series"


def check_object(made, source):
    for keyword in COPIED:
        assert raw(made, keyword) == raw(source, keyword), keyword
    assert made.SOPClassUID == films.SECONDARY_CAPTURE
    assert made.SeriesInstanceUID != source.SeriesInstanceUID
    assert made.SOPInstanceUID != source.SOPInstanceUID
    assert list(made.ImageType)[:2] == ["DERIVED", "SECONDARY"]
    assert (made.SamplesPerPixel, made.PhotometricInterpretation) == (3, "RGB")
    assert (made.BitsAllocated, made.BitsStored, made.HighBit) == (8, 8, 7)
    assert made.PlanarConfiguration == 0
    assert made.file_meta.TransferSyntaxUID == films.EXPLICIT_LITTLE_ENDIAN
    assert made.BurnedInAnnotation == "NO"
    reference = made.SourceImageSequence[0]
    assert reference.ReferencedSOPClassUID == source.SOPClassUID
    assert reference.ReferencedSOPInstanceUID == source.SOPInstanceUID
    assert "RESEARCH" in made.SeriesDescription.upper()
    assert "RESEARCH" in made.DerivationDescription.upper()
    # A mean of channels that differ somewhere: a picture, in colour.
    picture = made.pixel_array
    assert picture.std() > 10
    assert (picture.max(axis=2) != picture.min(axis=2)).any()


def check_with_validator(data, scratch):
    path = scratch / "check.dcm"
    path.write_bytes(data)
    verdict = run(["dciodvfy", path])
    errors = [line for line in verdict.stderr.splitlines() if line.startswith("Error")]
    assert not errors, "\n".join(errors)


def check_same_as_stored(node, derived, data):
    """The PACS has what camnode stored: same file digest, same data set."""
    stored = node.blob_with(derived.sha256)
    assert stored.stat().st_size == derived.size_bytes
    ours = pydicom.dcmread(stored)
    theirs = pydicom.dcmread(io.BytesIO(data))
    assert ours == theirs
    assert hashlib.sha256(ours.PixelData).digest() == hashlib.sha256(theirs.PixelData).digest()


def test_jpeg_films_are_decoded_and_explained(node, orthanc, scratch):
    path = films.test_data("kermany_original/PNEUMONIA/person1202_bacteria_3152.jpeg")
    source = films.jpeg_film(path)
    send_by_orthanc(orthanc, source, scratch / "film.dcm")

    analysis = node.wait_for_deliveries(source.SOPInstanceUID)

    assert {result.model for result in analysis.results} == MODELS
    assert len(instances_of_study(orthanc, source.StudyInstanceUID)) == 5


def test_own_outputs_that_come_back_are_stored_and_never_analysed(node, orthanc, scratch, pixels):
    source = films.film(pixels)
    film_id = send_by_orthanc(orthanc, source, scratch / "film.dcm")
    analysis = node.wait_for_deliveries(source.SOPInstanceUID)
    in_pacs = instances_of_study(orthanc, source.StudyInstanceUID)
    ours = {derived.sop_instance_uid for derived in analysis.derived_instances}

    # The whole study goes back: the film, which is a repeat, and what was made of it.
    outcome = orthanc.send("camnode", [instance for instance, _ in in_pacs.values()])
    assert outcome["FailedInstancesCount"] == 0
    assert film_id in {instance for instance, _ in in_pacs.values()}

    def states():
        study = node.rpc.results("GetStudy", study_instance_uid=source.StudyInstanceUID)
        return {
            instance.sop_instance_uid: types_pb2.InstanceState.Name(instance.state)
            for instance in study.instances
        }

    wait_until(lambda: ours <= set(states()), lambda: f"own outputs in the study: {states()}")
    expected = {uid: "INSTANCE_STATE_OWN_OUTPUT" for uid in ours}
    expected[source.SOPInstanceUID] = "INSTANCE_STATE_ANALYZED"
    assert states() == expected
    analyses = len(node.rpc.all_analyses())
    assert stays(lambda: len(node.rpc.all_analyses()) == analyses, seconds=2)
    assert len(instances_of_study(orthanc, source.StudyInstanceUID)) == len(in_pacs)


def test_a_film_of_another_program_that_is_derived_too_is_analysed(node, orthanc, scratch, pixels):
    """Image Type DERIVED alone must not make it look like one of our outputs."""
    image_type = ["DERIVED", "SECONDARY", "OTHER"]
    source = films.film(pixels, films.SECONDARY_CAPTURE, ImageType=image_type)
    send_by_orthanc(orthanc, source, scratch / "film.dcm")

    analysis = node.wait_for_deliveries(source.SOPInstanceUID)

    assert {result.model for result in analysis.results} == MODELS
