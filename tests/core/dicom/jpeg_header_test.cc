#include "core/dicom/jpeg_header.h"

#include <gtest/gtest.h>

#include <string>

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

}  // namespace
}  // namespace camnode
