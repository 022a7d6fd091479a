#include "core/dicom/codec/rle_decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tests/core/dicom/file/scanner_bytes.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::HasSubstr;

PixelFormat Row(int columns, int bits) {
  PixelFormat format;
  format.rows = 1;
  format.columns = columns;
  format.bits_allocated = bits;
  return format;
}

// A header of 64 bytes and the segments behind it.
std::string Frame(const std::vector<std::string>& segments) {
  std::string header = Bytes32(static_cast<uint32_t>(segments.size()));
  std::string body;
  for (const std::string& segment : segments) {
    header += Bytes32(static_cast<uint32_t>(64 + body.size()));
    body += segment;
  }
  header.resize(64, '\0');
  return header + body;
}

TEST(RleDecoderTest, UnpacksLiteralsAndRunsAndIgnoresTheNoOperation) {
  // Three literal bytes, nothing, four times "d".
  const auto samples = DecodeRleFrame(Frame({std::string("\x02"
                                                         "abc\x80\xFD"
                                                         "d")}),
                                      Row(7, 8));
  ASSERT_THAT(samples, IsOk());
  EXPECT_EQ(samples->samples, "abcdddd");
}

TEST(RleDecoderTest, PutsTheMostSignificantSegmentIntoTheUpperByte) {
  const auto samples = DecodeRleFrame(
      Frame({std::string("\x01\x12\x34", 3), std::string("\x01\x56\x78", 3)}), Row(2, 16));
  ASSERT_THAT(samples, IsOk());
  EXPECT_EQ(samples->samples, "\x56\x12\x78\x34");
}

TEST(RleDecoderTest, NeverWritesBeyondTheFrame) {
  EXPECT_THAT(DecodeRleFrame(Frame({std::string("\x81z", 2)}), Row(3, 8)),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("behind its last pixel")));
}

// A damaged run ends too early or too late; padding is neither.
TEST(RleDecoderTest, NothingButPaddingFollowsTheLastPixel) {
  const std::string segment = "\xFEz";
  for (const std::string& padding :
       {std::string(), std::string(1, '\0'), std::string(7, '\0'), std::string("\x80")}) {
    EXPECT_THAT(DecodeRleFrame(Frame({segment + padding}), Row(3, 8)), IsOk());
  }
  EXPECT_THAT(DecodeRleFrame(Frame({segment + segment}), Row(3, 8)),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("behind its last pixel")));
}

TEST(RleDecoderTest, RefusesWhatIsDamaged) {
  EXPECT_THAT(DecodeRleFrame("short", Row(3, 8)), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(DecodeRleFrame(Frame({std::string("\x05"
                                                "ab")}),
                             Row(6, 8)),
              StatusIs(absl::StatusCode::kDataLoss));
  std::string wild =
      Frame({"\x01"
             "ab"});
  wild.replace(4, 4, Bytes32(0x7FFFFFFF));
  EXPECT_THAT(DecodeRleFrame(wild, Row(2, 8)), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(DecodeRleFrame(Frame({"\x01"
                                    "ab"}),
                             Row(2, 16)),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace camnode
