"""Chest films as DICOM, made from public ones, each a patient of its own.

Every patient value holds a word that occurs nowhere else (`PATIENT_WORDS`), so a
test can look for it in logs, metrics and answers.
"""

import copy
import functools
import itertools
import pathlib
import uuid

import numpy
import pydicom
import pytest
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate

from harness.processes import run
from harness.settings import SAMPLES, TEST_DATA

CR = "1.2.840.10008.5.1.4.1.1.1"
DX = "1.2.840.10008.5.1.4.1.1.1.1"
DX_FOR_PROCESSING = "1.2.840.10008.5.1.4.1.1.1.1.1"
CT = "1.2.840.10008.5.1.4.1.1.2"
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"

EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
JPEG_BASELINE = "1.2.840.10008.1.2.4.50"

# Name, id, accession number, physician and birth date of every patient here.
PATIENT_WORDS = ("Zebrafink", "QXPID", "QXACC", "Wagtail", "20190217")

_numbers = itertools.count(1)


def new_uid():
    return f"2.25.{uuid.uuid4().int}"


def test_data(relative):
    """A file or folder of the public test data; skips out loud where it is absent."""
    path = TEST_DATA / relative
    if not path.exists():
        pytest.skip(
            f"test data '{relative}' is absent; set CAMNODE_TEST_DATA to the folder that holds it"
        )
    return path


def jpeg_films():
    """The public films at hand as JPEG files, the small ones first; may be empty."""
    folder = TEST_DATA / "kermany_original"
    return sorted(folder.glob("*/*.jpeg"), key=lambda path: path.stat().st_size)


@functools.lru_cache(maxsize=None)
def _jpeg_pixels(path, scratch):
    """Gray levels of a JPEG file, decoded by dcmtk."""
    wrapped = pathlib.Path(scratch) / "wrapped.dcm"
    plain = pathlib.Path(scratch) / "plain.dcm"
    jpeg_film(pathlib.Path(path)).save_as(wrapped, write_like_original=False)
    run(["dcmdjpeg", wrapped, plain], check=True)
    return pydicom.dcmread(plain).pixel_array


def chest_pixels(scratch, number=0):
    """The gray levels (rows x columns, uint8) of real chest film `number`."""
    jpegs = jpeg_films()
    if jpegs:
        return _jpeg_pixels(str(jpegs[number % len(jpegs)]), str(scratch))
    samples = [path for path in sorted(SAMPLES.glob("*.dcm"))]
    if not samples:
        pytest.skip("neither CAMNODE_TEST_DATA nor deploy/samples holds a chest film")
    plain = pathlib.Path(scratch) / "sample.dcm"
    run(["dcmdjpeg", samples[number % len(samples)], plain], check=True)
    return pydicom.dcmread(plain).pixel_array


def shrink(pixels, factor):
    """Means of factor x factor squares."""
    rows = pixels.shape[0] // factor * factor
    columns = pixels.shape[1] // factor * factor
    squares = pixels[:rows, :columns].reshape(rows // factor, factor, columns // factor, factor)
    return squares.mean(axis=(1, 3)).round().astype(numpy.uint8)


def film(pixels, sop_class=CR, **changes):
    """A film of a new patient with these pixels (uint8 or uint16, gray or RGB).

    `changes` are attributes by keyword; a value of None leaves the attribute out.
    """
    dataset = _header(sop_class, next(_numbers))
    colour = pixels.ndim == 3
    bits = pixels.dtype.itemsize * 8
    dataset.SamplesPerPixel = 3 if colour else 1
    dataset.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    if colour:
        dataset.PlanarConfiguration = 0
    dataset.Rows, dataset.Columns = pixels.shape[:2]
    dataset.BitsAllocated = dataset.BitsStored = bits
    dataset.HighBit = bits - 1
    dataset.PixelRepresentation = 0
    raw = pixels.tobytes()
    dataset.PixelData = raw + b"\0" * (len(raw) % 2)
    dataset["PixelData"].VR = "OW" if bits > 8 else "OB"
    return _finish(dataset, EXPLICIT_LITTLE_ENDIAN, changes)


def jpeg_film(path, sop_class=CR, **changes):
    """A film of a new patient that holds a JPEG file's bytes as they are."""
    data = pathlib.Path(path).read_bytes()
    dataset = _header(sop_class, next(_numbers))
    dataset.Rows, dataset.Columns = _jpeg_size(data)
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit = 7
    dataset.PixelRepresentation = 0
    dataset.LossyImageCompression = "01"
    dataset.LossyImageCompressionMethod = "ISO_10918_1"
    dataset.LossyImageCompressionRatio = f"{dataset.Rows * dataset.Columns / len(data):.2f}"
    dataset.PixelData = encapsulate([data])
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    return _finish(dataset, JPEG_BASELINE, changes)


def another(source, **changes):
    """A copy of a film as a new film of a new patient."""
    number = next(_numbers)
    dataset = copy.deepcopy(source)
    fresh = _header(source.SOPClassUID, number)
    for keyword in (
        "SOPInstanceUID",
        "StudyInstanceUID",
        "SeriesInstanceUID",
        "PatientName",
        "PatientID",
        "AccessionNumber",
        "StudyID",
    ):
        setattr(dataset, keyword, getattr(fresh, keyword))
    return _finish(dataset, source.file_meta.TransferSyntaxUID, changes)


def save(dataset, path):
    dataset.save_as(path, write_like_original=False)
    return pathlib.Path(path)


def data_set_bytes(path):
    """What follows the file meta information of a Part 10 file."""
    raw = pathlib.Path(path).read_bytes()
    assert raw[128:132] == b"DICM", f"{path} is not a Part 10 file"
    group_length = int.from_bytes(raw[140:144], "little")
    return raw[144 + group_length :]


def _header(sop_class, number):
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 100"
    dataset.SOPClassUID = sop_class
    dataset.SOPInstanceUID = new_uid()
    dataset.StudyInstanceUID = new_uid()
    dataset.SeriesInstanceUID = new_uid()
    dataset.StudyDate = dataset.ContentDate = "20240131"
    dataset.StudyTime = dataset.ContentTime = "081530"
    dataset.AccessionNumber = f"QXACC{number}"
    dataset.ReferringPhysicianName = "Wagtail^W\u00fc"
    dataset.PatientName = f"Zebrafink^M\u00fc{number}"
    dataset.PatientID = f"QXPID{number}"
    dataset.IssuerOfPatientID = "AVIARY"
    dataset.PatientBirthDate = "20190217"
    dataset.PatientSex = "F"
    dataset.PatientAge = "004Y"
    dataset.StudyID = f"S{number}"
    dataset.SeriesNumber = 1
    dataset.InstanceNumber = 1
    dataset.BodyPartExamined = "CHEST"
    dataset.ViewPosition = "AP"
    dataset.PatientOrientation = ["L", "F"]
    dataset.Manufacturer = "Aviary"
    if sop_class == CR:
        dataset.Modality = "CR"
    elif sop_class in (DX, DX_FOR_PROCESSING):
        dataset.Modality = "DX"
        processing = sop_class == DX_FOR_PROCESSING
        dataset.PresentationIntentType = "FOR PROCESSING" if processing else "FOR PRESENTATION"
        dataset.PixelIntensityRelationship = "LOG"
        dataset.PixelIntensityRelationshipSign = -1
        dataset.PresentationLUTShape = "IDENTITY"
        dataset.ImageLaterality = "U"
        dataset.BurnedInAnnotation = "NO"
        dataset.LossyImageCompression = "00"
        dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = 0, 1, "US"
        dataset.WindowCenter, dataset.WindowWidth = 128, 256
    elif sop_class == CT:
        dataset.Modality = "CT"
    else:
        dataset.Modality = "OT"
        dataset.ConversionType = "WSD"
    scanned = sop_class == SECONDARY_CAPTURE
    dataset.ImageType = ["DERIVED", "SECONDARY"] if scanned else ["ORIGINAL", "PRIMARY"]
    return dataset


def _finish(dataset, transfer_syntax, changes):
    for keyword, value in changes.items():
        if value is None:
            if keyword in dataset:
                delattr(dataset, keyword)
        else:
            setattr(dataset, keyword, value)
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = transfer_syntax
    meta.ImplementationClassUID = "2.25.302043790172249692526321623266752743501"
    finished = FileDataset(None, dataset, file_meta=meta, preamble=b"\0" * 128)
    finished.is_little_endian = True
    finished.is_implicit_VR = False
    return finished


def _jpeg_size(data):
    """Rows and columns from the frame header."""
    at = 2
    while data[at + 1] not in (0xC0, 0xC1, 0xC2):
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    rows, columns = data[at + 5 : at + 7], data[at + 7 : at + 9]
    return int.from_bytes(rows, "big"), int.from_bytes(columns, "big")
