// The public films of conformance_test hold the decoder to pydicom's values; here are
// its edges.
// Also: jpeg_ls_bits, jpeg_ls_header, jpeg_ls_scan.

#include "core/dicom/codec/jpeg_ls_decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "core/dicom/codec/jpeg_ls_bits.h"
#include "core/dicom/codec/jpeg_ls_header.h"
#include "core/dicom/codec/jpeg_ls_scan.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::HasSubstr;

// The example of ISO 14495-1 annex H.3: 4 x 4 samples of 8 bits, lossless.
const std::string kExample(
    "\xFF\xD8\xFF\xF7\x00\x0B\x08\x00\x04\x00\x04\x01\x01\x11\x00"
    "\xFF\xDA\x00\x08\x01\x01\x00\x00\x00\x00"
    "\xC0\x00\x00\x6C\x80\x20\x8E\x01\xC0\x00\x00\x57\x40\x00\x00\x6E\xE6\x00\x00\x01\xBC\x18\x00"
    "\x00\x05\xD8\x00\x00\x91\x60\xFF\xD9",
    57);
constexpr size_t kScanParameters = 22;  // Of the example: near, interleave, point transform.

PixelFormat Format(int rows, int columns) {
  PixelFormat format;
  format.rows = rows;
  format.columns = columns;
  format.bits_allocated = format.bits_stored = 8;
  format.high_bit = 7;
  format.photometric = "MONOCHROME2";
  return format;
}

TEST(JpegLsDecoderTest, DecodesTheStandardsExample) {
  const auto frame = DecodeJpegLsFrame(kExample, Format(4, 4));
  ASSERT_THAT(frame, IsOk());
  const unsigned char expected[] = {0,  0,   90,  74,  68,  50,  43,  205,
                                    64, 145, 145, 145, 100, 145, 145, 145};
  EXPECT_EQ(frame->samples, std::string(reinterpret_cast<const char*>(expected), 16));
}

TEST(JpegLsDecoderTest, AnyBitMayBeWrongAndAnyByteMissing) {
  int noticed = 0;
  for (size_t bit = 0; bit < 8 * kExample.size(); ++bit) {
    std::string changed = kExample;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    if (!DecodeJpegLsFrame(changed, Format(4, 4)).ok()) ++noticed;
  }
  EXPECT_GT(noticed, 200);
  for (size_t size = 0; size < kExample.size(); ++size) {
    EXPECT_FALSE(DecodeJpegLsFrame(kExample.substr(0, size), Format(4, 4)).ok()) << size;
  }
}

TEST(JpegLsDecoderTest, PaddingBeforeTheEndIsNoDamageAndMoreDataIs) {
  const size_t end = kExample.size() - 2;
  const std::string start = kExample.substr(0, end), marker = kExample.substr(end);
  EXPECT_THAT(DecodeJpegLsFrame(start + std::string(9, '\0') + marker, Format(4, 4)), IsOk());
  EXPECT_THAT(DecodeJpegLsFrame(start + "\xFF\xFF" + marker, Format(4, 4)), IsOk());
  EXPECT_THAT(DecodeJpegLsFrame(start + "\x11\x22" + marker, Format(4, 4)),
              StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(DecodeJpegLsFrame(start + "\xFF\xD8", Format(4, 4)),
              StatusIs(absl::StatusCode::kDataLoss));
}

TEST(JpegLsDecoderTest, ParametersThatTheStandardForbidsAreDamage) {
  std::string near = kExample;
  near[kScanParameters] = '\x80';  // More than half of 255.
  EXPECT_THAT(DecodeJpegLsFrame(near, Format(4, 4)), StatusIs(absl::StatusCode::kDataLoss));
  std::string interleave = kExample;
  interleave[kScanParameters + 1] = 3;
  EXPECT_THAT(DecodeJpegLsFrame(interleave, Format(4, 4)), StatusIs(absl::StatusCode::kDataLoss));
}

TEST(JpegLsDecoderTest, WhatIsNotSupportedIsNamed) {
  const std::string start = kExample.substr(0, 2), rest = kExample.substr(2);
  EXPECT_THAT(
      DecodeJpegLsFrame(start + std::string("\xFF\xE8\x00\x07mrfx\x01", 9) + rest, Format(4, 4)),
      StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("colour transformation")));
  std::string subsampled = kExample;
  subsampled[13] = '\x21';
  EXPECT_THAT(DecodeJpegLsFrame(subsampled, Format(4, 4)),
              StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("subsampled")));
}

TEST(JpegLsDecoderTest, AStreamOfAnotherSizeThanTheHeaderIsRefused) {
  EXPECT_THAT(DecodeJpegLsFrame(kExample, Format(4, 5)),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("contradict")));
}

// Annex C.2.4.1.1.1 and A.2.1, for the usual precisions.
TEST(JpegLsScanTest, DefaultParametersAreTheStandards) {
  JpegLsHeader header;
  header.precision_bits = 12;
  const auto coding = JpegLsCoding::From(header);
  ASSERT_THAT(coding, IsOk());
  EXPECT_EQ(coding->max_value, 4095);
  EXPECT_EQ(coding->thresholds[0], 18);
  EXPECT_EQ(coding->thresholds[1], 67);
  EXPECT_EQ(coding->thresholds[2], 276);
  EXPECT_EQ(coding->reset, 64);
  EXPECT_EQ(coding->range, 4096);
  EXPECT_EQ(coding->range_bits, 12);
  EXPECT_EQ(coding->limit, 48);
}

TEST(JpegLsBitsTest, ABitIsStuffedBehindEveryByteOfOnes) {
  const std::string bytes("\xFF\x7F\x80", 3);
  JpegLsBits bits(bytes, 0);
  EXPECT_EQ(bits.Read(15), 0x7FFF);
  EXPECT_EQ(bits.CountZeros(100), 0);
  EXPECT_EQ(bits.Read(7), 0);
  EXPECT_FALSE(bits.failed());
  EXPECT_EQ(bits.Read(2), 3) << "ones behind the end";
  EXPECT_TRUE(bits.failed());
}

TEST(JpegLsBitsTest, AMarkerEndsTheBits) {
  const std::string bytes("\x00\x01\xFF\xD9", 4);
  JpegLsBits bits(bytes, 0);
  EXPECT_EQ(bits.CountZeros(100), 15);
  EXPECT_TRUE(bits.GoToMarker());
  EXPECT_EQ(bits.position(), 2u);
  EXPECT_EQ(bits.Read(1), 1);
  EXPECT_TRUE(bits.failed());
}

}  // namespace
}  // namespace camnode
