#include "core/dicom/codec/jpeg2000_header.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::HasSubstr;

std::string Big16(uint32_t value) {
  return {static_cast<char>(value >> 8 & 0xFF), static_cast<char>(value & 0xFF)};
}
std::string Big32(uint32_t value) { return Big16(value >> 16) + Big16(value & 0xFFFF); }

// A picture of 20 x 10 whose tiles are `tile` pixels high and as wide as it.
std::string MainHeader(uint32_t tile) {
  return "\xFF\x4F\xFF\x51" + Big16(41) + Big16(0) + Big32(20) + Big32(10) + Big32(0) + Big32(0) +
         Big32(20) + Big32(tile) + Big32(0) + Big32(0) + Big16(1) + std::string("\x8B\x01\x01", 3);
}
// A tile-part that claims `length` bytes; 0: to the end.
std::string TilePart(uint32_t tile, const std::string& data, uint32_t length) {
  return "\xFF\x90" + Big16(10) + Big16(tile) + Big32(length) + std::string("\x00\x01", 2) +
         "\xFF\x93" + data;
}
const std::string kEnd = "\xFF\xD9";

absl::Status Check(const std::string& codestream) {
  const auto header = ReadJpeg2000Header(codestream);
  return header.ok() ? CheckTilesAreThere(codestream, *header) : header.status();
}

TEST(Jpeg2000HeaderTest, ReadsSizeComponentsAndTiles) {
  const auto header = ReadJpeg2000Header(MainHeader(4));
  ASSERT_THAT(header, IsOk());
  EXPECT_EQ(header->rows, 10);
  EXPECT_EQ(header->columns, 20);
  EXPECT_EQ(header->components, 1);
  EXPECT_EQ(header->precision_bits, 12);  // 0x8B: signed, 12 bits.
  EXPECT_FALSE(header->subsampled);
  EXPECT_EQ(header->tiles, 3);
}

TEST(Jpeg2000HeaderTest, EveryTileMustBeThereToItsEnd) {
  const std::string first = TilePart(0, "abcd", 18), second = TilePart(1, "abcd", 18);
  EXPECT_THAT(Check(MainHeader(5) + first + second + kEnd), IsOk());
  EXPECT_THAT(Check(MainHeader(5) + first + second), IsOk()) << "nothing is missing";
  EXPECT_THAT(Check(MainHeader(5) + first + kEnd),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("lacks a tile")));
  EXPECT_THAT(Check(MainHeader(5) + first + second.substr(0, 17)),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("ends inside a tile")));
  EXPECT_THAT(Check(MainHeader(10) + second + kEnd),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("a tile too many")));
}

TEST(Jpeg2000HeaderTest, ATilePartOfUnsaidLengthNeedsTheEndMarker) {
  const std::string open = MainHeader(10) + TilePart(0, "abcd", 0);
  EXPECT_THAT(Check(open + kEnd), IsOk());
  EXPECT_THAT(Check(open + kEnd + std::string(1, '\0')), IsOk());
  EXPECT_THAT(Check(open), StatusIs(absl::StatusCode::kDataLoss, HasSubstr("has no end")));
}

TEST(Jpeg2000HeaderTest, AMarkerInsideCodedDataIsDamage) {
  EXPECT_THAT(Check(MainHeader(10) + TilePart(0, "ab\xFF\x8F", 18) + kEnd), IsOk());
  EXPECT_THAT(Check(MainHeader(10) + TilePart(0, "a\xFF\x91z", 18) + kEnd), IsOk());
  EXPECT_THAT(Check(MainHeader(10) + TilePart(0, "ab\xFF\xA0", 18) + kEnd),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("damaged data")));
}

TEST(Jpeg2000HeaderTest, TooManyTilesAreRefusedBeforeADecoderSetsThemUp) {
  std::string wide = MainHeader(10);
  wide.replace(8, 4, Big32(5'000));   // Columns.
  wide.replace(8 + 16, 4, Big32(1));  // Tile width.
  EXPECT_THAT(ReadJpeg2000Header(wide),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("4096 tiles")));
}

TEST(Jpeg2000HeaderTest, FindsTheCodestreamInAJp2File) {
  const std::string signature = Big32(12) + "jP  \r\n\x87\n";
  EXPECT_THAT(FindCodestream("bare"), IsOkAndHolds(absl::string_view("bare")));
  EXPECT_THAT(FindCodestream(signature + Big32(8) + "free" + Big32(0) + "jp2cinside the box"),
              IsOkAndHolds(absl::string_view("inside the box")));
  EXPECT_THAT(FindCodestream(signature + Big32(99) + "free and gone"),
              StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(FindCodestream(signature + Big32(8) + "free"), StatusIs(absl::StatusCode::kDataLoss));
}

}  // namespace
}  // namespace camnode
