// A Secondary Capture is written, read back by DCMTK attribute by attribute, read
// by ourselves, and judged by a stranger (dciodvfy of dicom3tools).
// Also: derived_attributes, derived_object_writer, part10_file,
// core/dicom/file/file_meta_writer, core/dicom/file/implementation.

#include "core/dicom/derived/secondary_capture_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdio.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <opencv2/core.hpp>
#include <utility>

#include "absl/status/status.h"
#include "core/base/version.h"
#include "core/dicom/file/implementation.h"
#include "core/dicom/film/eligibility.h"
#include "core/dicom/film/instance_header.h"
#include "core/dicom/pixels/radiograph_reader.h"
#include "core/domain/instance.h"
#include "dcmtk/config/osconfig.h"
#include "dcmtk/dcmdata/dcdeftag.h"
#include "dcmtk/dcmdata/dcfilefo.h"
#include "dcmtk/dcmdata/dcmetinf.h"
#include "tests/core/dicom/file/scanner_bytes.h"
#include "tests/testing/dicom_builder.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/test_data.h"

namespace camnode {
namespace {

using ::testing::HasSubstr;

SecondaryCapture Overlay() {
  SecondaryCapture capture;
  capture.object.sop_instance_uid = Uid::Derive("overlay");
  capture.object.series_instance_uid = Uid::Derive("series");
  capture.object.series_number = 9'001;
  capture.object.instance_number = 3;
  capture.object.series_description = "AI PNA overlay (RESEARCH)";
  capture.object.derivation = "Grad-CAM of resnet18 blended with the film";
  capture.object.analysis_started_ms = 1'767'355'872'345;  // 2026-01-02 12:11:12.345 UTC
  capture.object.models = {{"resnet18", "1", Uid::Derive("weights a")},
                           {"densenet121", "2", Uid::Derive("weights b")}};
  capture.film_geometry = true;
  capture.film_size = true;
  capture.rgb = cv::Mat3b(5, 7, cv::Vec3b(10, 20, 30));
  capture.rgb(4, 6) = cv::Vec3b(255, 0, 1);
  return capture;
}

DicomBuilder Source() {
  return DicomBuilder()
      .Text(0x00280030, "0.15\\0.15")
      .Text(0x00081090, "Plate 3")
      .Text(0x00181000, "SN7")
      .Text(0x00081010, "ROOM1");
}

SourceAttributes Attributes(const DicomBuilder& source) {
  auto attributes = SourceAttributes::FromFile(source.WriteTo(testing::TempDir() + "/source.dcm"));
  EXPECT_THAT(attributes, IsOk());
  return *std::move(attributes);
}

// What was written, as DCMTK reads it.
class Written {
 public:
  Written(const SecondaryCapture& capture, const SourceAttributes& source) {
    const auto bytes = WriteSecondaryCapture(capture, source);
    EXPECT_THAT(bytes, IsOk());
    path = WriteBytes("secondary_capture.dcm", bytes.value_or(""));
    EXPECT_TRUE(file_.loadFile(path.c_str()).good());
  }
  std::string Text(const DcmTagKey& tag) { return Text(*file_.getDataset(), tag); }
  bool Has(const DcmTagKey& tag) { return file_.getDataset()->tagExists(tag); }
  std::string InItem(const DcmTagKey& sequence, int item, const DcmTagKey& tag) {
    DcmItem* found = nullptr;
    file_.getDataset()->findAndGetSequenceItem(sequence, found, item);
    return found ? Text(*found, tag) : "no item";
  }
  std::string CodeInItem(const DcmTagKey& sequence, int item) {
    DcmItem* found = nullptr;
    file_.getDataset()->findAndGetSequenceItem(sequence, found, item);
    DcmItem* code = nullptr;
    if (found) found->findAndGetSequenceItem(DCM_PurposeOfReferenceCodeSequence, code);
    return code ? Text(*code, DCM_CodeValue) + " " + Text(*code, DCM_CodingSchemeDesignator) : "";
  }
  DcmFileFormat& file() { return file_; }

  std::string path;

 private:
  static std::string Text(DcmItem& item, const DcmTagKey& tag) {
    OFString value;
    item.findAndGetOFStringArray(tag, value);
    return std::string(value.c_str(), value.length());
  }
  DcmFileFormat file_;
};

TEST(SecondaryCaptureWriterTest, BelongsToTheSourcesPatientAndStudy) {
  Written written(Overlay(), Attributes(Source()));
  EXPECT_EQ(written.Text(DCM_PatientName), "Test^Film");
  EXPECT_EQ(written.Text(DCM_PatientID), "P1");
  EXPECT_EQ(written.Text(DCM_PatientBirthDate), "20200101");
  EXPECT_EQ(written.Text(DCM_PatientSex), "O");
  EXPECT_EQ(written.Text(DCM_StudyInstanceUID), "1.2.826.0.1.3680043.10.1.2");
  EXPECT_EQ(written.Text(DCM_StudyDate), "20260102");
  EXPECT_EQ(written.Text(DCM_StudyTime), "101112");
  EXPECT_EQ(written.Text(DCM_StudyID), "S1");
  EXPECT_EQ(written.Text(DCM_AccessionNumber), "ACC1");
  EXPECT_EQ(written.Text(DCM_ReferringPhysicianName), "Doctor^Referring");
  EXPECT_EQ(written.Text(DCM_SpecificCharacterSet), "ISO_IR 100");
  EXPECT_EQ(written.Text(DCM_BodyPartExamined), "CHEST");
}

TEST(SecondaryCaptureWriterTest, IsANewInstanceInANewSeriesMadeByCamnode) {
  Written written(Overlay(), Attributes(Source()));
  EXPECT_EQ(written.Text(DCM_SOPClassUID), kSecondaryCaptureSopClass);
  EXPECT_EQ(written.Text(DCM_SOPInstanceUID), Uid::Derive("overlay").text());
  EXPECT_EQ(written.Text(DCM_SeriesInstanceUID), Uid::Derive("series").text());
  EXPECT_EQ(written.Text(DCM_SeriesNumber), "9001");
  EXPECT_EQ(written.Text(DCM_InstanceNumber), "3");
  EXPECT_EQ(written.Text(DCM_SeriesDescription), "AI PNA overlay (RESEARCH)");
  EXPECT_EQ(written.Text(DCM_Modality), "OT");
  EXPECT_EQ(written.Text(DCM_ImageType), "DERIVED\\SECONDARY\\OTHER");
  EXPECT_EQ(written.Text(DCM_ConversionType), "WSD");
  EXPECT_EQ(written.Text(DCM_BurnedInAnnotation), "NO");
  EXPECT_EQ(written.Text(DCM_InstanceCreatorUID), CamnodeInstanceCreatorUid().text());
  EXPECT_EQ(written.Text(DCM_Manufacturer), "camnode");
  EXPECT_EQ(written.Text(DCM_SoftwareVersions), kCamnodeVersion);
  OFString implementation;
  written.file().getMetaInfo()->findAndGetOFString(DCM_ImplementationClassUID, implementation);
  EXPECT_EQ(implementation.c_str(), CamnodeImplementationClassUid().text());
}

TEST(SecondaryCaptureWriterTest, ItsTimesAreTheAnalysisStartInTheConfiguredZone) {
  SecondaryCapture capture = Overlay();
  Written utc(capture, Attributes(Source()));
  EXPECT_EQ(utc.Text(DCM_ContentDate), "20260102");
  EXPECT_EQ(utc.Text(DCM_ContentTime), "121112.345");
  EXPECT_EQ(utc.Text(DCM_SeriesTime), "121112.345");
  EXPECT_EQ(utc.Text(DCM_InstanceCreationTime), "121112.345");
  EXPECT_FALSE(utc.Has(DCM_TimezoneOffsetFromUTC));
  EXPECT_FALSE(utc.Has(DCM_AcquisitionDateTime));
}

TEST(SecondaryCaptureWriterTest, TheSourcesTimezoneOffsetHoldsForOurTimesToo) {
  Written written(Overlay(), Attributes(Source().Text(0x00080201, "-1230")));
  EXPECT_EQ(written.Text(DCM_TimezoneOffsetFromUTC), "-1230");
  EXPECT_EQ(written.Text(DCM_ContentDate), "20260101");
  EXPECT_EQ(written.Text(DCM_ContentTime), "234112.345");
}

TEST(SecondaryCaptureWriterTest, NamesItsSourceAndWhatWasDone) {
  Written written(Overlay(), Attributes(Source()));
  EXPECT_EQ(written.InItem(DCM_SourceImageSequence, 0, DCM_ReferencedSOPInstanceUID),
            "1.2.826.0.1.3680043.10.1.1");
  EXPECT_EQ(written.InItem(DCM_SourceImageSequence, 0, DCM_ReferencedSOPClassUID),
            "1.2.840.10008.5.1.4.1.1.1");
  EXPECT_EQ(written.InItem(DCM_SourceImageSequence, 0, DCM_SpatialLocationsPreserved), "YES");
  EXPECT_EQ(written.CodeInItem(DCM_SourceImageSequence, 0), "121322 DCM");
  EXPECT_EQ(written.InItem(DCM_ReferencedSeriesSequence, 0, DCM_SeriesInstanceUID),
            "1.2.826.0.1.3680043.10.1.3");
  EXPECT_EQ(written.InItem(DCM_DerivationCodeSequence, 0, DCM_CodeValue), "113042");
  EXPECT_EQ(written.InItem(DCM_DerivationCodeSequence, 1, DCM_CodeValue), "no item");
  EXPECT_EQ(written.Text(DCM_DerivationDescription), "Grad-CAM of resnet18 blended with the film");
}

TEST(SecondaryCaptureWriterTest, NamesEveryModelAndTheDeviceThatMadeTheFilm) {
  Written written(Overlay(), Attributes(Source()));
  const DcmTagKey sequence = DCM_ContributingEquipmentSequence;
  EXPECT_EQ(written.CodeInItem(sequence, 0), "109102 DCM");
  EXPECT_EQ(written.InItem(sequence, 0, DCM_ManufacturerModelName), "resnet18");
  EXPECT_EQ(written.InItem(sequence, 0, DCM_SoftwareVersions), "1");
  EXPECT_EQ(written.InItem(sequence, 0, DCM_DeviceUID), Uid::Derive("weights a").text());
  EXPECT_EQ(written.InItem(sequence, 1, DCM_DeviceUID), Uid::Derive("weights b").text());
  EXPECT_EQ(written.InItem(sequence, 1, DCM_Manufacturer), "camnode");
  EXPECT_EQ(written.CodeInItem(sequence, 2), "109101 DCM");
  EXPECT_EQ(written.InItem(sequence, 2, DCM_Manufacturer), "Filmworks");
  EXPECT_EQ(written.InItem(sequence, 2, DCM_ManufacturerModelName), "Plate 3");
  EXPECT_EQ(written.InItem(sequence, 2, DCM_DeviceSerialNumber), "SN7");
  EXPECT_EQ(written.InItem(sequence, 3, DCM_Manufacturer), "no item");
}

TEST(SecondaryCaptureWriterTest, GeometryIsCopiedOnlyWhereItHolds) {
  SecondaryCapture capture = Overlay();
  EXPECT_EQ(Written(capture, Attributes(Source())).Text(DCM_PixelSpacing), "0.15\\0.15");
  EXPECT_FALSE(Written(capture, Attributes(Source().Text(0x00280030, "0.000\\0.000")))
                   .Has(DCM_PixelSpacing));
  capture.film_size = false;
  Written resized(capture, Attributes(Source()));
  EXPECT_FALSE(resized.Has(DCM_PixelSpacing));
  EXPECT_EQ(resized.Text(DCM_PatientOrientation), "L\\F");
  EXPECT_EQ(resized.InItem(DCM_DerivationCodeSequence, 1, DCM_CodeValue), "113085");
  capture.film_geometry = false;
  Written panel(capture, Attributes(Source()));
  EXPECT_EQ(panel.Text(DCM_PatientOrientation), "");
  EXPECT_EQ(panel.InItem(DCM_SourceImageSequence, 0, DCM_SpatialLocationsPreserved), "NO");
}

TEST(SecondaryCaptureWriterTest, LateralityIsCopiedOnlyWhereTheStandardHasIt) {
  const auto laterality = [](const char* body_part, const char* series, const char* image) {
    Written written(
        Overlay(),
        Attributes(
            Source().Text(0x00180015, body_part).Text(0x00200060, series).Text(0x00200062, image)));
    return std::make_pair(
        written.Has(DCM_Laterality) ? written.Text(DCM_Laterality) : "absent",
        written.Has(DCM_ImageLaterality) ? written.Text(DCM_ImageLaterality) : "absent");
  };
  using Sides = std::pair<std::string, std::string>;
  EXPECT_EQ(laterality("HAND", "L", "L"), Sides("L", "L"));
  EXPECT_EQ(laterality("CHEST", "L", "U"), Sides("absent", "U")) << "a chest is not paired";
  EXPECT_EQ(laterality("THORAX", "", "B"), Sides("absent", "B"));
  EXPECT_EQ(laterality("HAND", "LEFT", "BOTH"), Sides("absent", "absent"));
}

TEST(SecondaryCaptureWriterTest, ANoticeShowsNoFilmAndHasNoDerivationCode) {
  SecondaryCapture capture = Overlay();
  capture.film_geometry = capture.film_size = capture.shows_film = false;
  capture.object.models.clear();
  Written notice(capture, Attributes(Source().Text(0x00282110, "01")));
  EXPECT_FALSE(notice.Has(DCM_DerivationCodeSequence));
  EXPECT_FALSE(notice.Has(DCM_LossyImageCompression));
  EXPECT_EQ(notice.InItem(DCM_ContributingEquipmentSequence, 0, DCM_Manufacturer), "camnode");
}

TEST(SecondaryCaptureWriterTest, OnceLossyAlwaysLossy) {
  Written stated(Overlay(), Attributes(Source()
                                           .Text(0x00282110, "01")
                                           .Text(0x00282112, "12.5")
                                           .Text(0x00282114, "ISO_15444_1")));
  EXPECT_EQ(stated.Text(DCM_LossyImageCompression), "01");
  EXPECT_EQ(stated.Text(DCM_LossyImageCompressionRatio), "12.5");
  EXPECT_EQ(stated.Text(DCM_LossyImageCompressionMethod), "ISO_15444_1");
  EXPECT_FALSE(Written(Overlay(), Attributes(Source())).Has(DCM_LossyImageCompression));
}

TEST(SecondaryCaptureWriterTest, PatientAttributesSurviveByteForByteInAnyCharacterSet) {
  const std::pair<const char*, std::string> names[] = {
      {"ISO_IR 192", "Иванова^Анна=Ivanova^Anna"},
      {"ISO_IR 192", "王^小东"},
      {"ISO_IR 144", "\xBB\xEE\xDA\x63\x65\xDC\xD1\x79\x70\xD3"},
      {"\\ISO 2022 IR 87", "Yamada^Tarou=\x1B$B;3ED\x1B(B^\x1B$BB@O:\x1B(B"},
      {"ISO_IR 127", "\xE2\xC8\xC7\xE6\xEA^\xE4\xE6\xD2\xC7\xD1"},
  };
  for (const auto& [character_set, name] : names) {
    const SourceAttributes source =
        Attributes(Source()
                       .Text(0x00080005, character_set)
                       .Text(0x00100010, name)
                       .Text(0x00100021, "HOSP")
                       .Text(0x00101001, name)
                       .ItemText(0x00101002, 0, 0x00100020, "X9")
                       .ItemText(0x00101002, 0, 0x00100022, "TEXT")
                       .ItemText(0x00101002, 1, 0x00080005, "GB18030")
                       .ItemText(0x00101002, 1, 0x00100020, "\xCD\xF5\x81\x30\x84\x36"));
    Written written(Overlay(), source);
    EXPECT_EQ(written.Text(DCM_SpecificCharacterSet), character_set);
    EXPECT_EQ(written.Text(DCM_PatientName), name);
    EXPECT_EQ(written.Text(DCM_OtherPatientNames), name);
    EXPECT_EQ(written.Text(DCM_IssuerOfPatientID), "HOSP");
    EXPECT_EQ(written.InItem(DCM_OtherPatientIDsSequence, 0, DCM_PatientID), "X9");
    // An item with a character set of its own keeps it.
    EXPECT_EQ(written.InItem(DCM_OtherPatientIDsSequence, 1, DCM_SpecificCharacterSet), "GB18030");
    EXPECT_EQ(written.InItem(DCM_OtherPatientIDsSequence, 1, DCM_PatientID),
              "\xCD\xF5\x81\x30\x84\x36");
  }
}

TEST(SecondaryCaptureWriterTest, AnUploadHasNoSourceToName) {
  Instance upload;
  upload.study_instance_uid = Uid::Derive("study");
  upload.series_instance_uid = Uid::Derive("their series");
  upload.sop_instance_uid = Uid::Derive("png");
  Written written(Overlay(), SourceAttributes::Synthetic(upload));
  EXPECT_EQ(written.Text(DCM_StudyInstanceUID), Uid::Derive("study").text());
  EXPECT_TRUE(written.Has(DCM_PatientName));
  EXPECT_EQ(written.Text(DCM_PatientName), "");
  EXPECT_FALSE(written.Has(DCM_SourceImageSequence));
  EXPECT_FALSE(written.Has(DCM_ReferencedSeriesSequence));
}

TEST(SecondaryCaptureWriterTest, ThePixelsAreTheBytesGivenAndWeReadThemBack) {
  const SecondaryCapture capture = Overlay();
  Written written(capture, Attributes(Source()));
  const Uint8* pixels = nullptr;
  unsigned long count = 0;
  ASSERT_TRUE(
      written.file().getDataset()->findAndGetUint8Array(DCM_PixelData, pixels, &count).good());
  ASSERT_GE(count, 5ul * 7 * 3);
  EXPECT_EQ(std::memcmp(pixels, capture.rgb.data, 5 * 7 * 3), 0);
  const auto header = ReadInstanceHeader(written.path);
  ASSERT_THAT(header, IsOk());
  EXPECT_TRUE(header->contributed_by_camnode);
  EXPECT_EQ(CheckHeader(*header)->code, "OWN_OUTPUT");
  const auto film = ReadRadiograph(written.path, RadiographLimits());
  ASSERT_THAT(film, IsOk());
  EXPECT_EQ(film->presentation(0, 0), 18);  // 0.299 x 10 + 0.587 x 20 + 0.114 x 30 = 18.15
}

TEST(SecondaryCaptureWriterTest, TheSameArgumentsGiveTheSameBytes) {
  const auto first = WriteSecondaryCapture(Overlay(), Attributes(Source()));
  const auto second = WriteSecondaryCapture(Overlay(), Attributes(Source()));
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(*first, *second);
}

TEST(SecondaryCaptureWriterTest, RefusesWhatCannotBeWritten) {
  const SourceAttributes source = Attributes(Source());
  SecondaryCapture capture = Overlay();
  capture.rgb = cv::Mat3b();
  EXPECT_THAT(WriteSecondaryCapture(capture, source), StatusIs(absl::StatusCode::kInvalidArgument));
  capture = Overlay();
  capture.object.series_description = "Überlagerung";
  EXPECT_THAT(WriteSecondaryCapture(capture, source),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("ASCII")));
  capture = Overlay();
  capture.object.time_zone = "Mars/Olympus_Mons";
  EXPECT_THAT(WriteSecondaryCapture(capture, source),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("time zone")));
}

TEST(SourceAttributesTest, RefusesTextThatNoResultCouldCarry) {
  const std::string path = testing::TempDir() + "/long.dcm";
  const std::string file = ReadBytes(Source().WriteTo(path, "1.2.840.10008.1.2"));
  const size_t at = file.find(std::string("\x10\x00\x20\x00", 4));  // Patient ID, implicit VR.
  const std::string id(65'536, 'x');
  const std::string longer = file.substr(0, at) +
                             Implicit(0x00100020, static_cast<uint32_t>(id.size()), id) +
                             file.substr(at + 10);
  EXPECT_THAT(SourceAttributes::FromFile(WriteBytes("long.dcm", longer)).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("(0010,0020)")));
}

// dciodvfy's words on a file, or "" if it is not installed.
std::string Validate(const std::string& path) {
  if (std::system("command -v dciodvfy >/dev/null 2>&1") != 0) return "";
  FILE* const pipe = popen(("dciodvfy '" + path + "' 2>&1").c_str(), "r");
  std::string words;
  char line[512];
  while (std::fgets(line, sizeof(line), pipe) != nullptr) words += line;
  pclose(pipe);
  return words;
}

TEST(SecondaryCaptureWriterTest, AStrangerFindsNoError) {
  SecondaryCapture panel = Overlay();
  panel.film_geometry = panel.film_size = false;
  SecondaryCapture notice = panel;
  notice.shows_film = false;
  notice.object.models.clear();
  Instance upload;
  upload.study_instance_uid = Uid::Derive("study");
  upload.series_instance_uid = Uid::Derive("their series");
  upload.sop_instance_uid = Uid::Derive("png");
  const std::pair<const SecondaryCapture*, SourceAttributes> objects[] = {
      {&panel, Attributes(Source())},
      {&notice, Attributes(Source().Remove(0x00180015))},
      {&panel, SourceAttributes::Synthetic(upload)},
      {&panel, Attributes(Source()
                              .Text(0x00080005, "ISO_IR 192")
                              .Text(0x00100010, "Иванова^Анна")
                              .Text(0x00080201, "+0200")
                              .Text(0x00282110, "01")
                              .Text(0x00282112, "10")
                              .Text(0x00282114, "ISO_10918_1"))},
  };
  for (const auto& [capture, source] : objects) {
    const std::string words = Validate(Written(*capture, source).path);
    if (words.empty()) GTEST_SKIP() << "SKIPPED: dciodvfy (package dicom3tools) is not installed";
    EXPECT_THAT(words, HasSubstr("SCImage"));
    EXPECT_THAT(words, testing::Not(HasSubstr("Error"))) << words;
  }
}

// 966.dcm is left out: its own accession number and birth date are not valid, and
// are carried as they are.
TEST(SecondaryCaptureWriterTest, AStrangerFindsNoErrorInResultsOfPublicFilms) {
  CAMNODE_NEEDS_TEST_DATA("dicom_chest");
  for (const char* film : {"CR-MONO1-10-chest_explicit.dcm", "RG1_J2KI.dcm",
                           "udacity_nih_test1.dcm", "udacity_nih_test3.dcm"}) {
    const auto source = SourceAttributes::FromFile(TestDataPath("dicom_chest/") + film);
    ASSERT_THAT(source, IsOk()) << film;
    const std::string words = Validate(Written(Overlay(), *source).path);
    if (words.empty()) GTEST_SKIP() << "SKIPPED: dciodvfy (package dicom3tools) is not installed";
    EXPECT_THAT(words, testing::Not(HasSubstr("Error"))) << film << "\n" << words;
  }
}

// Its laterality is of a part that has none.
TEST(SecondaryCaptureWriterTest, AStrangerFindsNoErrorInTheNoticeOfAnAnimal) {
  CAMNODE_NEEDS_TEST_DATA("dicom_chest");
  SecondaryCapture notice = Overlay();
  notice.film_geometry = notice.film_size = notice.shows_film = false;
  notice.object.models.clear();
  const auto source =
      SourceAttributes::FromFile(TestDataPath("dicom_chest/NEGATIVE_animal_lateral_dx_image.dcm"));
  ASSERT_THAT(source, IsOk());
  const std::string words = Validate(Written(notice, *source).path);
  if (words.empty()) GTEST_SKIP() << "SKIPPED: dciodvfy (package dicom3tools) is not installed";
  EXPECT_THAT(words, testing::Not(HasSubstr("Error"))) << words;
}

}  // namespace
}  // namespace camnode
