#include "core/dicom/pixels/palette.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "core/dicom/file/dataset_scanner.h"
#include "core/dicom/file/tags.h"
#include "tests/core/dicom/file/scanner_bytes.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::HasSubstr;

constexpr WantedAttribute kWanted[] = {
    {tags::kRedPaletteDescriptor},    {tags::kGreenPaletteDescriptor},
    {tags::kBluePaletteDescriptor},   {tags::kRedPaletteData},
    {tags::kGreenPaletteData},        {tags::kBluePaletteData},
    {tags::kSegmentedRedPaletteData},
};

void Put(AttributeTable& table, uint32_t tag, const std::string& value) {
  ScannedElement element;
  element.tag = tag;
  element.length = static_cast<uint32_t>(value.size());
  ASSERT_THAT(table.OnValue(element, value), IsOk());
}

// The same table for red, green and blue, except that green is what `green` says.
AttributeTable Palette(const std::string& descriptor, const std::string& data,
                       const std::string& green) {
  AttributeTable table(kWanted);
  for (const uint32_t tag :
       {tags::kRedPaletteDescriptor, tags::kGreenPaletteDescriptor, tags::kBluePaletteDescriptor}) {
    Put(table, tag, descriptor);
  }
  Put(table, tags::kRedPaletteData, data);
  Put(table, tags::kGreenPaletteData, green);
  Put(table, tags::kBluePaletteData, data);
  return table;
}

// One row of the stored values 9 to 13, in 8 bits.
absl::StatusOr<DecodedFrame> Apply(const AttributeTable& table) {
  PixelFormat format;
  format.rows = 1;
  format.columns = 5;
  format.bits_allocated = format.bits_stored = 8;
  format.high_bit = 7;
  format.photometric = "PALETTE COLOR";
  DecodedFrame frame;
  frame.bytes_per_sample = 1;
  frame.samples = "\x09\x0A\x0B\x0C\x0D";
  return ApplyPalette(frame, format, table);
}

// Three entries from stored value 10 on.
std::string Descriptor(uint32_t bits) { return Bytes16(3) + Bytes16(10) + Bytes16(bits); }

TEST(PaletteTest, TakesTheUpperByteOf16BitsAndTheEdgesForWhatLiesBeyond) {
  const std::string data = Bytes16(0x1000) + Bytes16(0x2000) + Bytes16(0x3000);
  const std::string green = Bytes16(0x0000) + Bytes16(0x7F00) + Bytes16(0xFF00);
  const auto colours = Apply(Palette(Descriptor(16), data, green));
  ASSERT_THAT(colours, IsOk());
  EXPECT_EQ(colours->photometric, "RGB");
  EXPECT_EQ(colours->samples,
            std::string("\x10\x00\x10\x10\x00\x10\x20\x7F\x20\x30\xFF\x30\x30\xFF\x30", 15));
}

TEST(PaletteTest, TakesTablesOf8BitsInBytesOrInWords) {
  const std::string words = Bytes16(1) + Bytes16(2) + Bytes16(3);
  const std::string expected("\x01\x01\x01\x01\x01\x01\x02\x02\x02\x03\x03\x03\x03\x03\x03");
  EXPECT_EQ(Apply(Palette(Descriptor(8), "\x01\x02\x03", "\x01\x02\x03"))->samples, expected);
  EXPECT_EQ(Apply(Palette(Descriptor(8), words, words))->samples, expected);
  EXPECT_EQ(Apply(Palette(Descriptor(16), words, words))->samples, expected);
}

TEST(PaletteTest, RefusesTablesThatAreShorterThanTheySay) {
  EXPECT_THAT(Apply(Palette(Descriptor(16), Bytes16(1), Bytes16(1))),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("(0028,1201)")));
  EXPECT_THAT(Apply(Palette("", "", "")),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("(0028,1101) is absent")));
}

TEST(PaletteTest, RefusesSegmentedTablesByName) {
  AttributeTable table(kWanted);
  Put(table, tags::kSegmentedRedPaletteData, "xx");
  EXPECT_THAT(Apply(table), StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("segmented")));
}

}  // namespace
}  // namespace camnode
