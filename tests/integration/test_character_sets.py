"""Names in any script reach the outputs byte for byte, and a stranger can read them."""

import io

import pydicom
import pytest
from pydicom.dataset import Dataset

from harness import films
from harness.dcmtk import Storescp, storescu
from harness.node import ONE_MODEL, Node
from harness.processes import run

# Character set, patient's name, physician's name.
NAMES = {
    "japanese": (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎=やまだ^たろう", "鈴木^一郎"),
    "katakana": (
        ["ISO 2022 IR 13", "ISO 2022 IR 87"],
        "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
        "ｽｽﾞｷ",
    ),
    "korean": (["", "ISO 2022 IR 149"], "Hong^Gildong=洪^吉洞=홍^길동", "김^희중"),
    "chinese": ("GB18030", "Wang^XiaoDong=王^小东=㐀^龘", "医生"),
    "unicode": ("ISO_IR 192", "Nguyễn^Thị=王^小東=Ωμέγα^🫁", "Иванова^Анна"),
    "cyrillic": ("ISO_IR 144", "Люксембург^Роза", "Пирогов^Николай"),
    "greek": ("ISO_IR 126", "Διονυσιος", "Ιπποκράτης"),
    "arabic": ("ISO_IR 127", "قباني^لنزار", "سينا"),
    "hebrew": ("ISO_IR 138", "שרון^דבורה", "מימון"),
    "latin 1": ("ISO_IR 100", "Buc^Jérôme", "Müller"),
    "ascii": (None, "Adams^John", "House"),
    "backslash": ("GB18030", "Wang^XiaoDong=昞", "昞"),
}
# The second byte of 昞 in GB18030 is 0x5C, a backslash in ASCII.  pydicom and dciodvfy
# take it for one, so such names are compared only.
READABLE = [name for name in NAMES if name != "backslash"]
RAW = (
    "SpecificCharacterSet",
    "PatientName",
    "ReferringPhysicianName",
    "OtherPatientNames",
    "PatientID",
)


@pytest.fixture(scope="module")
def outputs(tmp_path_factory, pixels):
    """{name: (the film as sent, its outputs as the PACS got them)}."""
    folder = tmp_path_factory.mktemp("character-sets")
    pacs = Storescp(folder / "pacs")
    node = Node(
        folder / "node",
        workflow=ONE_MODEL,
        destinations={"pacs": (Storescp.AE_TITLE, pacs.port)},
    )
    try:
        pacs.start()
        node.start()
        sent = {}
        for name, values in NAMES.items():
            path = films.save(patient(films.shrink(pixels, 4), *values), folder / f"{name}.dcm")
            assert storescu(node.ports["dicom"], path).returncode == 0
            sent[name] = path
        sources = {name: pydicom.dcmread(path) for name, path in sent.items()}
        # All of them first: until then storescp is still writing some file.
        analyses = {
            name: node.wait_for_deliveries(source.SOPInstanceUID)
            for name, source in sources.items()
        }
        received = {
            pydicom.filereader.read_file_meta_info(file).MediaStorageSOPInstanceUID: file
            for file in pacs.files()
        }
        found = {
            name: (
                sources[name],
                [received[made.sop_instance_uid] for made in analysis.derived_instances],
            )
            for name, analysis in analyses.items()
        }
        yield found
    finally:
        node.close()
        pacs.close()


def patient(pixels, character_set, name, physician):
    dataset = films.film(pixels, SpecificCharacterSet=character_set)
    dataset.PatientName = dataset.OtherPatientNames = name
    dataset.ReferringPhysicianName = physician
    # The first item's values are in the data set's character set, the second's in its own.
    inherits, has_its_own = Dataset(), Dataset()
    inherits.PatientID = has_its_own.PatientID = "ID"
    inherits.IssuerOfPatientID = physician.partition("^")[0]
    has_its_own.SpecificCharacterSet = "GB18030"
    has_its_own.IssuerOfPatientID = "医院"
    inherits.TypeOfPatientID = has_its_own.TypeOfPatientID = "TEXT"
    dataset.OtherPatientIDsSequence = [inherits, has_its_own]
    return dataset


def raw(dataset, keyword):
    """The bytes of an attribute as they lie in the file; None if it is absent."""
    tag = pydicom.datadict.tag_for_keyword(keyword)
    return dataset.get_item(tag).value if tag in dataset else None


@pytest.mark.parametrize("name", NAMES)
def test_a_name_survives_byte_for_byte(outputs, name):
    source, made = outputs[name]
    assert len(made) == 2, "an overlay and a panel"
    for path in made:
        output = pydicom.dcmread(io.BytesIO(path.read_bytes()))
        for keyword in RAW:
            assert raw(output, keyword) == raw(source, keyword), keyword
        items = output.OtherPatientIDsSequence, source.OtherPatientIDsSequence
        for ours, theirs in zip(*items):
            for keyword in ("SpecificCharacterSet", "IssuerOfPatientID", "PatientID"):
                assert raw(ours, keyword) == raw(theirs, keyword), keyword


@pytest.mark.parametrize("name", READABLE)
def test_a_stranger_reads_the_name(outputs, name):
    _, made = outputs[name]
    _, patient_name, physician = NAMES[name]
    for path in made:
        output = pydicom.dcmread(path)
        assert str(output.PatientName) == patient_name
        assert str(output.ReferringPhysicianName) == physician
        assert output.OtherPatientIDsSequence[1].IssuerOfPatientID == "医院"


@pytest.mark.parametrize("name", NAMES)
def test_what_we_add_is_plain_ascii(outputs, name):
    _, made = outputs[name]
    ours = ("SeriesDescription", "DerivationDescription", "ImageComments", "Manufacturer")
    for path in made:
        output = pydicom.dcmread(path)
        assert all(str(output[keyword].value).isascii() for keyword in ours)


@pytest.mark.parametrize("name", READABLE)
def test_the_validator_finds_no_error(outputs, name):
    for path in outputs[name][1]:
        verdict = run(["dciodvfy", path])
        errors = [line for line in verdict.stderr.splitlines() if line.startswith("Error")]
        assert not errors, "\n".join(errors)
