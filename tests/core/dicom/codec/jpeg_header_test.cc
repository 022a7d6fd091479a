#include "core/dicom/codec/jpeg_header.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

const std::string kStart("\xFF\xD8", 2);
// 12 bits, 0x0102 rows, 0x0304 columns, 3 components.
const std::string kFrame("\xFF\xC3\x00\x11\x0C\x01\x02\x03\x04\x03", 10);
const std::string kJfif("\xFF\xE0\x00\x07JFIF\x00", 9);
const std::string kAdobeRgb(
    "\xFF\xEE\x00\x0E"
    "Adobe\x00\x64\x00\x00\x00\x00\x00",
    16);

TEST(JpegHeaderTest, ReadsTheFrameHeaderBehindOtherSegmentsAndFillBytes) {
  const auto header = ReadJpegHeader(kStart + kJfif + "\xFF" + kFrame);
  ASSERT_THAT(header, IsOk());
  EXPECT_EQ(header->precision_bits, 12);
  EXPECT_EQ(header->rows, 0x0102);
  EXPECT_EQ(header->columns, 0x0304);
  EXPECT_EQ(header->components, 3);
  EXPECT_EQ(header->colours, JpegColours::kYbr);
}

TEST(JpegHeaderTest, AdobesMarkerHasTheLastWordOnColours) {
  EXPECT_EQ(ReadJpegHeader(kStart + kJfif + kAdobeRgb + kFrame)->colours, JpegColours::kRgb);
  EXPECT_EQ(ReadJpegHeader(kStart + kFrame)->colours, JpegColours::kUnsaid);
}

TEST(JpegHeaderTest, RefusesStreamsCutAnywhere) {
  const std::string stream = kStart + kJfif + kFrame;
  for (size_t size = 0; size < stream.size(); ++size) {
    EXPECT_THAT(ReadJpegHeader(stream.substr(0, size)), StatusIs(absl::StatusCode::kDataLoss))
        << size;
  }
}

const std::string kWholeFrame("\xFF\xC1\x00\x0B\x0C\x01\x02\x03\x04\x01\x01\x11\x00", 13);
// A scan of one component that names coefficients 1 to 2, as no sequential one may.
const std::string kScan("\xFF\xDA\x00\x08\x01\x01\x00\x01\x02\x00", 10);
const std::string kTidyScan("\xFF\xDA\x00\x08\x01\x01\x00\x00\x3F\x00", 10);
const std::string kEnd("\xFF\xD9", 2);

JpegHeader Sequential() {
  JpegHeader header;
  header.sequential = true;
  return header;
}

TEST(JpegHeaderTest, TidyingLeavesOutWhatDecodersOnlyWarnOf) {
  const auto tidy = TidyJpegStream(
      kStart + kJfif + kWholeFrame + "\xFF" + kAdobeRgb + kScan + "data" + kEnd + "more",
      Sequential());
  ASSERT_THAT(tidy, IsOk());
  EXPECT_EQ(*tidy, kStart + kWholeFrame + kTidyScan + "data" + kEnd);
}

TEST(JpegHeaderTest, TidyingLeavesAScanThatIsNotSequentialAlone) {
  const auto tidy = TidyJpegStream(kStart + kWholeFrame + kScan + "data" + kEnd, JpegHeader());
  ASSERT_THAT(tidy, IsOk());
  EXPECT_EQ(*tidy, kStart + kWholeFrame + kScan + "data" + kEnd);
}

TEST(JpegHeaderTest, AStreamWithoutItsEndOrItsScanWasCut) {
  EXPECT_THAT(TidyJpegStream(kStart + kWholeFrame + kScan + "data", Sequential()),
              StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(TidyJpegStream(kStart + kWholeFrame + kEnd, Sequential()),
              StatusIs(absl::StatusCode::kDataLoss));
}

TEST(JpegHeaderTest, ArithmeticCodingIsRefusedByName) {
  std::string frame = kWholeFrame;
  frame[1] = '\xC9';
  EXPECT_THAT(ReadJpegHeader(kStart + frame),
              StatusIs(absl::StatusCode::kUnimplemented, testing::HasSubstr("arithmetic")));
}

// A few bytes of scan may cost as much as the whole picture.
TEST(JpegHeaderTest, MoreScansThanAnEncoderWritesAreRefused) {
  std::string scans;
  for (int i = 0; i < 64; ++i) scans += kScan;
  EXPECT_THAT(TidyJpegStream(kStart + kWholeFrame + scans + kEnd, JpegHeader()), IsOk());
  EXPECT_THAT(TidyJpegStream(kStart + kWholeFrame + scans + kScan + kEnd, JpegHeader()),
              StatusIs(absl::StatusCode::kDataLoss, testing::HasSubstr("too many scans")));
}

TEST(JpegHeaderTest, OnlyZerosBeforeTheEndArePadding) {
  std::string padded = kStart + kScan + "data" + std::string(3, '\0') + kEnd;
  EXPECT_TRUE(RemovePadding(padded));
  EXPECT_EQ(padded, kStart + kScan + "data" + kEnd);
  EXPECT_FALSE(RemovePadding(padded));
  std::string stuffed = kStart + kScan + "data\xFF" + std::string(2, '\0') + kEnd;
  EXPECT_TRUE(RemovePadding(stuffed));
  EXPECT_EQ(stuffed, kStart + kScan + "data\xFF" + std::string(1, '\0') + kEnd);
  EXPECT_FALSE(RemovePadding(stuffed));
}

}  // namespace
}  // namespace camnode
