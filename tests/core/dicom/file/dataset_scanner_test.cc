// The scanner is judged by what a visitor sees of data sets written byte by byte.
// Also: byte_source, file_meta.

#include "core/dicom/file/dataset_scanner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/core/dicom/file/scanner_bytes.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr uint32_t kName = 0x00100010;
constexpr uint32_t kSequence = 0x00081115;
const std::string kExplicit = "1.2.840.10008.1.2.1 ";

// Writes down "tag@depth.item=value" for every element.
class Recorder final : public DataSetVisitor {
 public:
  uint64_t WantedBytes(const ScannedElement&) override { return 4; }
  absl::Status OnValue(const ScannedElement& element, std::string value) override {
    seen.push_back(
        absl::StrCat(TagText(element.tag), "@", element.depth, ".", element.item, "=", value));
    return absl::OkStatus();
  }
  std::vector<std::string> seen;
};

absl::Status Scan(const std::string& bytes, Recorder& recorder,
                  ScanExtent extent = ScanExtent::kAll) {
  return ScanDicomFile(WriteBytes("scanner_test.dcm", bytes), extent, recorder);
}

TEST(DatasetScannerTest, GivesTheWantedFirstBytesOfEveryValue) {
  Recorder recorder;
  ASSERT_THAT(
      Scan(Part10(kExplicit, Short(kName, "PN", "Long^Name ") + Long(0x00420011, "OB", 2, "ab")),
           recorder),
      IsOk());
  EXPECT_THAT(recorder.seen, ElementsAre("(0010,0010)@0.0=Long", "(0042,0011)@0.0=ab"));
}

TEST(DatasetScannerTest, SaysInWhichItemOfASequenceAnElementLies) {
  const std::string item = Short(kName, "PN", "ab");
  const std::string defined = Implicit(kItemTag, static_cast<uint32_t>(item.size()), item);
  const std::string undefined =
      Implicit(kItemTag, kUndefinedLength, item) + Implicit(0xFFFEE00D, 0);
  Recorder recorder;
  ASSERT_THAT(Scan(Part10(kExplicit, Long(kSequence, "SQ", kUndefinedLength,
                                          defined + undefined + Implicit(0xFFFEE0DD, 0)) +
                                         Short(0x00200010, "SH", "xy")),
                   recorder),
              IsOk());
  EXPECT_THAT(recorder.seen,
              ElementsAre("(0010,0010)@1.0=ab", "(0010,0010)@1.1=ab", "(0020,0010)@0.0=xy"));
}

TEST(DatasetScannerTest, ReadsImplicitValuesInsideUnknownSequences) {
  const std::string item = Implicit(kItemTag, 10, Implicit(kName, 2, "ab"));
  Recorder recorder;
  ASSERT_THAT(Scan(Part10(kExplicit,
                          Long(0x00091001, "UN", kUndefinedLength, item + Implicit(0xFFFEE0DD, 0))),
                   recorder),
              IsOk());
  EXPECT_THAT(recorder.seen, ElementsAre("(0010,0010)@1.0=ab"));
}

TEST(DatasetScannerTest, ReadsBigEndianTagsAndLengths) {
  const std::string dataset(
      "\x00\x10\x00\x10PN\x00\x02"
      "ab",
      10);
  Recorder recorder;
  ASSERT_THAT(Scan(Part10("1.2.840.10008.1.2.2 ", dataset), recorder), IsOk());
  EXPECT_THAT(recorder.seen, ElementsAre("(0010,0010)@0.0=ab"));
}

TEST(DatasetScannerTest, BelievesTheDataSetWhereTheTransferSyntaxIsWrong) {
  Recorder recorder;
  ASSERT_THAT(Scan(Part10(kExplicit, Implicit(kName, 2, "ab")), recorder), IsOk());
  EXPECT_THAT(recorder.seen, ElementsAre("(0010,0010)@0.0=ab"));
}

TEST(DatasetScannerTest, HandsFragmentsOverOneByOne) {
  const std::string fragments = Implicit(kItemTag, 0) + Implicit(kItemTag, 2, "ab") +
                                Implicit(kItemTag, 2, "cd") + Implicit(0xFFFEE0DD, 0);
  Recorder recorder;
  ASSERT_THAT(
      Scan(Part10("1.2.840.10008.1.2.5 ", Long(kPixelDataTag, "OB", kUndefinedLength, fragments)),
           recorder),
      IsOk());
  EXPECT_THAT(recorder.seen,
              ElementsAre("(fffe,e000)@1.0=", "(fffe,e000)@1.1=ab", "(fffe,e000)@1.2=cd"));
}

TEST(DatasetScannerTest, TheHeaderEndsBehindThePixelData) {
  const std::string dataset =
      Long(kPixelDataTag, "OW", 2, "ab") + Long(0xFFFCFFFC, "OB", 1'000'000, "");
  Recorder recorder;
  EXPECT_THAT(Scan(Part10(kExplicit, dataset), recorder, ScanExtent::kHeader), IsOk());
  EXPECT_THAT(Scan(Part10(kExplicit, dataset), recorder, ScanExtent::kAll),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("(fffc,fffc)")));
}

TEST(DatasetScannerTest, AnElementThatEndsBeyondTheFileIsNamed) {
  Recorder recorder;
  EXPECT_THAT(Scan(Part10(kExplicit, Long(0x00420011, "OB", 0xFFFFFFFE, "ab")), recorder),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("(0042,0011)")));
  EXPECT_THAT(recorder.seen, IsEmpty());
}

TEST(DatasetScannerTest, AnElementMayNotReachOutOfItsItem) {
  const std::string item = Implicit(kItemTag, 8, Short(kName, "PN", "abcdefgh"));
  Recorder recorder;
  EXPECT_THAT(Scan(Part10(kExplicit, Long(kSequence, "SQ", 24, item)), recorder),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("longer than its item")));
}

std::string Nested(int depth) {
  std::string dataset;
  for (int i = 0; i < depth; ++i) {
    dataset += Long(kSequence, "SQ", kUndefinedLength, "") + Implicit(kItemTag, kUndefinedLength);
  }
  for (int i = 0; i < depth; ++i) dataset += Implicit(0xFFFEE00D, 0) + Implicit(0xFFFEE0DD, 0);
  return Part10(kExplicit, dataset);
}

TEST(DatasetScannerTest, WalksThirtyTwoNestedSequencesAndNoMore) {
  Recorder recorder;
  EXPECT_THAT(Scan(Nested(32), recorder), IsOk());
  EXPECT_THAT(Scan(Nested(33), recorder),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("deeper than 32")));
  EXPECT_THAT(Scan(Nested(100'000), recorder), StatusIs(absl::StatusCode::kDataLoss));
}

TEST(DatasetScannerTest, ASequenceWithoutItsEndIsAnError) {
  Recorder recorder;
  EXPECT_THAT(Scan(Part10(kExplicit, Long(kSequence, "SQ", kUndefinedLength, "")), recorder),
              StatusIs(absl::StatusCode::kDataLoss));
}

TEST(DatasetScannerTest, ADeflatedDataSetThatIsDamagedIsAnError) {
  Recorder recorder;
  EXPECT_THAT(Scan(Part10("1.2.840.10008.1.2.1.99", std::string(100, '\xFF')), recorder),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("deflated")));
}

// Found in a public test suite: a description that ends in these letters, at byte 128.
TEST(DatasetScannerTest, LettersWhereAPreambleWouldEndAreNoPreamble) {
  const std::string description = std::string(120, 'x') + "DICM";
  Recorder recorder;
  ASSERT_THAT(Scan(Short(0x00081030, "LO", description) + Short(kName, "PN", "ab"), recorder),
              IsOk());
  EXPECT_THAT(recorder.seen, ElementsAre("(0008,1030)@0.0=xxxx", "(0010,0010)@0.0=ab"));
}

TEST(DatasetScannerTest, WhatIsNoDicomFileIsSaidToBeNone) {
  Recorder recorder;
  for (const std::string& bytes :
       {std::string(), std::string("x"), std::string("Dear Sir or Madam, this is a letter."),
        std::string("\x89PNG\r\n\x1a\n and so on and so on")}) {
    EXPECT_THAT(Scan(bytes, recorder),
                StatusIs(absl::StatusCode::kDataLoss, HasSubstr("no DICOM file")));
  }
}

TEST(DatasetScannerTest, AnAbsentFileIsUnavailable) {
  Recorder recorder;
  EXPECT_THAT(ScanDicomFile("/nonexistent/film.dcm", ScanExtent::kAll, recorder),
              StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace camnode
