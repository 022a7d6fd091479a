// Which bytes of the pixel data make the first frame.

#include "core/dicom/pixels/stored_frame.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>

#include "absl/status/status.h"
#include "core/dicom/file/dataset_scanner.h"
#include "core/dicom/file/transfer_syntax.h"
#include "tests/core/dicom/file/scanner_bytes.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::HasSubstr;

std::string Number(uint32_t tag, uint32_t value) { return Short(tag, "US", Bytes16(value)); }

// The attributes of an image, of 2 x 4 samples where nothing else is said.
std::string Image(uint32_t bits, int frames, const std::string& photometric = "MONOCHROME2 ",
                  uint32_t rows = 2, uint32_t columns = 4) {
  const uint32_t samples = photometric[0] == 'M' ? 1 : 3;
  return Number(0x00280002, samples) + Short(0x00280004, "CS", photometric) +
         Short(0x00280008, "IS", std::to_string(frames) + " ") + Number(0x00280010, rows) +
         Number(0x00280011, columns) + Number(0x00280100, bits) + Number(0x00280101, bits) +
         Number(0x00280102, bits - 1) + Number(0x00280103, 0);
}

absl::StatusOr<StoredFrame> Read(const std::string& transfer_syntax, const std::string& dataset) {
  const std::string uid = transfer_syntax + std::string(transfer_syntax.size() % 2, '\0');
  return ReadStoredFrame(WriteBytes("stored_frame_test.dcm", Part10(uid, dataset)), 1'000, {});
}

std::string Fragment(const std::string& bytes) {
  return Implicit(kItemTag, static_cast<uint32_t>(bytes.size()), bytes);
}
std::string Encapsulated(const std::string& fragments) {
  return Long(kPixelDataTag, "OB", kUndefinedLength, fragments) + Implicit(0xFFFEE0DD, 0);
}

// 2 x 4 samples of 8 bits, all `value`, as one RLE segment.
std::string RleFrame(char value) {
  std::string frame = Bytes32(1) + Bytes32(64);
  frame.resize(64, '\0');
  return frame + "\xF9" + value;
}

TEST(StoredFrameTest, AFrameOfRleIsOneFragment) {
  const auto stored = Read(
      kRleLossless,
      Image(8, 2) + Encapsulated(Fragment("") + Fragment(RleFrame('a')) + Fragment(RleFrame('b'))));
  ASSERT_THAT(stored, IsOk());
  EXPECT_EQ(stored->frame.samples, "aaaaaaaa");
}

// A frame in two fragments, unless an offset table says that the second is another's.
TEST(StoredFrameTest, TheOffsetTablesSayWhereTheSecondFrameBegins) {
  const std::string stream =  // A seed of the fuzzer: five bytes of its own, then 3 x 3 pixels.
      ReadBytes("tests/fuzz/corpus/frame_fuzzer/ts4.50__pydicom__SC_rgb_small_odd_jpeg").substr(5);
  const size_t middle = stream.size() / 4 * 2;
  const std::string image = Image(8, 2, "YBR_FULL", 3, 3);
  const std::string fragments =
      Fragment(stream.substr(0, middle)) + Fragment(stream.substr(middle));
  EXPECT_THAT(Read(kJpegBaseline, image + Encapsulated(Fragment("") + fragments)), IsOk());
  const auto behind_one = static_cast<uint32_t>(8 + middle);
  const auto behind_two = static_cast<uint32_t>(16 + stream.size());
  for (const uint32_t second : {behind_one, behind_two}) {
    const std::string basic = Encapsulated(Fragment(Bytes32(0) + Bytes32(second)) + fragments);
    const std::string extended =
        Long(0x7FE00001, "OV", 16, Bytes32(0) + Bytes32(0) + Bytes32(second) + Bytes32(0)) +
        Encapsulated(Fragment("") + fragments);
    for (const std::string& pixels : {basic, extended}) {
      EXPECT_EQ(Read(kJpegBaseline, image + pixels).ok(), second == behind_two) << second;
    }
  }
}

TEST(StoredFrameTest, BitsBecomeBytesLowestFirst) {
  const auto stored = Read(kExplicitLittleEndian,
                           Image(1, 1) + Long(kPixelDataTag, "OW", 2, std::string("\x93\x00", 2)));
  ASSERT_THAT(stored, IsOk());
  EXPECT_EQ(stored->frame.samples, std::string("\1\1\0\0\1\0\0\1", 8));
}

TEST(StoredFrameTest, ChromaSaidToBeHalvedMayBeWhole) {
  std::string halved, whole;
  for (char c = 'a'; c < 'a' + 16; ++c) halved += c;
  for (char c = 'a'; c < 'a' + 24; ++c) whole += c;
  const std::string image = Image(8, 1, "YBR_FULL_422");
  const auto short_one = Read(kExplicitLittleEndian, image + Long(kPixelDataTag, "OB", 16, halved));
  ASSERT_THAT(short_one, IsOk());
  EXPECT_EQ(short_one->frame.photometric, "YBR_FULL_422");
  EXPECT_EQ(short_one->frame.samples, halved);
  const auto long_one = Read(kExplicitLittleEndian, image + Long(kPixelDataTag, "OB", 24, whole));
  ASSERT_THAT(long_one, IsOk());
  EXPECT_EQ(long_one->frame.photometric, "YBR_FULL");
  EXPECT_EQ(long_one->frame.samples, whole);
}

TEST(StoredFrameTest, FloatPixelsAreRefusedByName) {
  EXPECT_THAT(
      Read(kExplicitLittleEndian, Image(32, 1) + Long(0x7FE00008, "OF", 4, std::string(4, '\0'))),
      StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("Float Pixel Data")));
}

TEST(StoredFrameTest, PixelDataMustBeAsTheTransferSyntaxSays) {
  EXPECT_THAT(Read(kExplicitLittleEndian,
                   Image(8, 1) + Encapsulated(Fragment("") + Fragment(RleFrame('a')))),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("is encapsulated, against")));
  EXPECT_THAT(Read(kRleLossless, Image(8, 1) + Long(kPixelDataTag, "OB", 8, "abcdefgh")),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("is not encapsulated, against")));
  EXPECT_THAT(Read(kRleLossless, Image(8, 1) + Encapsulated(Fragment(""))),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("no fragment")));
}

}  // namespace
}  // namespace camnode
