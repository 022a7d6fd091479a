// Also: core/dicom/file/attribute_table.

#include "core/dicom/film/instance_header.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <ios>

#include "absl/status/status.h"
#include "core/dicom/derived/derived_attributes.h"
#include "core/dicom/file/implementation.h"
#include "core/dicom/pixels/radiograph_reader.h"
#include "tests/core/dicom/file/scanner_bytes.h"
#include "tests/testing/dicom_builder.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/test_data.h"

namespace camnode {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::string TempFile(const std::string& name) { return testing::TempDir() + "/" + name; }

absl::StatusOr<InstanceHeader> HeaderOf(const DicomBuilder& builder) {
  return ReadInstanceHeader(builder.WriteTo(TempFile("instance_header_test.dcm")));
}

TEST(InstanceHeaderTest, ReadsWhatTheNodeNeeds) {
  const auto header = HeaderOf(DicomBuilder().Text(0x00080068, "FOR PRESENTATION"));

  ASSERT_THAT(header, IsOk());
  EXPECT_EQ(header->sop_class_uid.text(), "1.2.840.10008.5.1.4.1.1.1");
  EXPECT_EQ(header->sop_instance_uid.text(), "1.2.826.0.1.3680043.10.1.1");
  EXPECT_EQ(header->study_instance_uid.text(), "1.2.826.0.1.3680043.10.1.2");
  EXPECT_EQ(header->series_instance_uid.text(), "1.2.826.0.1.3680043.10.1.3");
  EXPECT_EQ(header->transfer_syntax_uid.text(), "1.2.840.10008.1.2.1");
  EXPECT_TRUE(header->instance_creator_uid.empty());
  EXPECT_EQ(header->modality, "CR");
  EXPECT_THAT(header->image_type, ElementsAre("ORIGINAL", "PRIMARY"));
  EXPECT_EQ(header->presentation_intent, "FOR PRESENTATION");
  EXPECT_EQ(header->body_part, "CHEST");
  EXPECT_EQ(header->view_position, "PA");
  EXPECT_EQ(header->patient_orientation, "L\\F");
  EXPECT_EQ(header->photometric_interpretation, "MONOCHROME2");
  EXPECT_EQ(header->rows, 64);
  EXPECT_EQ(header->columns, 80);
  EXPECT_EQ(header->samples_per_pixel, 1);
  EXPECT_EQ(header->bits_allocated, 16);
  EXPECT_EQ(header->frames, 1);
  EXPECT_FALSE(header->contributed_by_camnode);
}

TEST(InstanceHeaderTest, IsTheSameInEveryTransferSyntax) {
  for (const char* syntax : {"1.2.840.10008.1.2", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99",
                             "1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.5"}) {
    const auto header =
        ReadInstanceHeader(DicomBuilder().WriteTo(TempFile("header_syntax.dcm"), syntax));
    ASSERT_THAT(header, IsOk()) << syntax;
    EXPECT_EQ(header->transfer_syntax_uid.text(), syntax);
    EXPECT_EQ(header->columns, 80) << syntax;
    EXPECT_EQ(header->body_part, "CHEST") << syntax;
  }
}

TEST(InstanceHeaderTest, NamesTheUidThatIsAbsentOrMalformedWithoutRepeatingIt) {
  EXPECT_THAT(HeaderOf(DicomBuilder().Remove(0x00080018)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("SOP Instance UID")));
  EXPECT_THAT(HeaderOf(DicomBuilder().Text(0x0020000D, "../../etc/passwd")),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       ::testing::AllOf(HasSubstr("Study Instance UID"), Not(HasSubstr("etc")))));
}

TEST(InstanceHeaderTest, NeedsNeitherPreambleNorMetaInformation) {
  const std::string file =
      ReadBytes(DicomBuilder().WriteTo(TempFile("whole.dcm"), "1.2.840.10008.1.2"));
  const auto without_preamble = ReadInstanceHeader(WriteBytes("bare.dcm", file.substr(132)));
  ASSERT_THAT(without_preamble, IsOk());
  const size_t dataset = file.find(std::string("\x08\x00\x05\x00", 4));
  const auto without_meta = ReadInstanceHeader(WriteBytes("barer.dcm", file.substr(dataset)));
  ASSERT_THAT(without_meta, IsOk());
  EXPECT_EQ(without_meta->transfer_syntax_uid.text(), "1.2.840.10008.1.2");
  EXPECT_EQ(without_meta->rows, 64);
}

TEST(InstanceHeaderTest, RecognisesWhatCamnodeMade) {
  const auto header = HeaderOf(DicomBuilder()
                                   .Text(0x00080014, CamnodeInstanceCreatorUid().text())
                                   .ItemText(0x0018A001, 0, 0x00080070, "Filmworks")
                                   .ItemText(0x0018A001, 1, 0x00080070, "camnode"));
  ASSERT_THAT(header, IsOk());
  EXPECT_EQ(header->instance_creator_uid, CamnodeInstanceCreatorUid());
  EXPECT_TRUE(header->contributed_by_camnode);
}

// A cut between two elements leaves a whole data set, without pixel data.
TEST(InstanceHeaderTest, AFilmCutAtAnyByteIsNoFilmAnyMore) {
  const std::string path = DicomBuilder().WriteTo(TempFile("cut.dcm"));
  ASSERT_THAT(ReadInstanceHeader(path), IsOk());
  int whole_data_sets = 0;
  const size_t whole = std::filesystem::file_size(path);
  for (size_t size = whole; size > 0; size -= size > 1'200 ? 97 : 1) {
    std::filesystem::resize_file(path, size - 1);
    const auto film = ReadRadiograph(path, RadiographLimits());
    EXPECT_FALSE(film.ok()) << size;
    if (!ReadInstanceHeader(path).ok()) continue;
    ++whole_data_sets;
    EXPECT_THAT(film, StatusIs(absl::StatusCode::kInvalidArgument,
                               HasSubstr("Pixel Data (7fe0,0010) is absent")))
        << size;
  }
  EXPECT_LT(whole_data_sets, 20);
}

// Any single byte may be wrong; some of the results are films, none is a crash.
TEST(InstanceHeaderTest, AFilmWithAnyByteOfItsHeaderWrongIsAStatus) {
  const std::string path = DicomBuilder().WriteTo(TempFile("changed.dcm"));
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  for (int at = 128; at < 1'100; ++at) {
    const int byte = (file.seekg(at), file.get());
    file.seekp(at);
    file.put(static_cast<char>(byte ^ 0xFF)).flush();
    ReadInstanceHeader(path).status().IgnoreError();
    ReadRadiograph(path, RadiographLimits()).status().IgnoreError();
    SourceAttributes::FromFile(path).status().IgnoreError();
    file.seekp(at);
    file.put(static_cast<char>(byte));
  }
  file.close();
  EXPECT_THAT(ReadInstanceHeader(path), IsOk());
}

TEST(InstanceHeaderTest, DeepNestingOfARealAttackIsRefused) {
  const std::string file =
      "dicom_malformed/natural/orthanc-tests__2026-05-06-Deeply-Nested-Sequence.dcm";
  CAMNODE_NEEDS_TEST_DATA(file);
  EXPECT_THAT(ReadInstanceHeader(TestDataPath(file)),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("deeper than 32")));
}

}  // namespace
}  // namespace camnode
