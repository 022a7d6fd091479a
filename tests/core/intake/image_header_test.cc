#include "core/intake/image_header.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/status/status.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

const std::string kPng("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\1\2\0\0\3\4\x08\0\0\0\0", 29);
// Start, an APP0 segment of 20 bytes that holds a false frame marker, a fill byte, a
// Huffman table (C4, not a frame), the frame: 770 x 258.
const std::string kJpeg =
    std::string("\xFF\xD8\xFF\xE0\0\x14\xFF\xC0\0\x11\x08\0\1\0\1............", 26).substr(0, 24) +
    std::string("\xFF\xFF\xC4\0\x04zz\xFF\xC2\0\x11\x08\1\2\3\2", 16) + std::string(40, 'x');

absl::StatusOr<ImageSize> Read(MediaType type, const std::string& bytes, size_t at_once) {
  ImageHeaderReader reader(type);
  for (size_t i = 0; i < bytes.size(); i += at_once) {
    reader.Consume(absl::string_view(bytes).substr(i, at_once));
  }
  return reader.Size();
}

TEST(ImageHeaderTest, ReadsTheSizeHoweverTheBytesAreCut) {
  for (const size_t at_once : {size_t{1}, size_t{3}, size_t{1000}}) {
    const auto png = Read(MediaType::kPng, kPng, at_once);
    ASSERT_THAT(png, IsOk());
    EXPECT_EQ(png->width, 258);
    EXPECT_EQ(png->height, 772);
    const auto jpeg = Read(MediaType::kJpeg, kJpeg, at_once);
    ASSERT_THAT(jpeg, IsOk()) << at_once;
    EXPECT_EQ(jpeg->width, 770);
    EXPECT_EQ(jpeg->height, 258);
  }
}

TEST(ImageHeaderTest, RefusesOtherAndDamagedFiles) {
  const auto invalid = StatusIs(absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(Read(MediaType::kPng, kJpeg, 10), invalid);
  EXPECT_THAT(Read(MediaType::kJpeg, kPng, 10), invalid);
  EXPECT_THAT(Read(MediaType::kPng, kPng.substr(0, 23), 10), invalid);
  EXPECT_THAT(Read(MediaType::kJpeg, kJpeg.substr(0, 35), 10), invalid);
  EXPECT_THAT(Read(MediaType::kPng, "", 10), invalid);
  EXPECT_THAT(Read(MediaType::kJpeg, std::string("\xFF\xD8\xFF\xDA\0\x08", 6), 1), invalid)
      << "a scan before any frame";
  EXPECT_THAT(Read(MediaType::kJpeg, std::string("\xFF\xD8\xFF\xE0\0\1zzzz", 10), 1), invalid)
      << "a segment shorter than its own length";
  EXPECT_THAT(Read(MediaType::kJpeg, "\xFF\xD8" + std::string(100'000, '\xFF'), 1000), invalid);
}

}  // namespace
}  // namespace camnode
