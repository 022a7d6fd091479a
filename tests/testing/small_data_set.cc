#include "tests/testing/small_data_set.h"

#include "absl/strings/str_cat.h"

namespace camnode {

std::string LittleEndian(uint64_t value, int size) {
  std::string bytes;
  for (int i = 0; i < size; ++i) bytes.push_back(static_cast<char>(value >> (8 * i)));
  return bytes;
}

std::string ExplicitElement(uint32_t tag, absl::string_view vr, std::string value) {
  if (value.size() % 2 != 0) value.push_back(vr == "UI" ? '\0' : ' ');
  return absl::StrCat(LittleEndian(tag >> 16, 2), LittleEndian(tag & 0xFFFF, 2), vr,
                      LittleEndian(value.size(), 2), value);
}

std::string SmallDataSet(const std::string& sop_class, const std::string& sop_instance,
                         size_t bytes) {
  std::string pixels(bytes / 2 * 2, '\0');
  for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<char>(i * 7);
  const auto us = [](uint32_t tag, uint64_t value) {
    return ExplicitElement(tag, "US", LittleEndian(value, 2));
  };
  return absl::StrCat(
      ExplicitElement(0x00080016, "UI", sop_class), ExplicitElement(0x00080018, "UI", sop_instance),
      ExplicitElement(0x00080060, "CS", "CR"), ExplicitElement(0x00091001, "LO", "not in a table"),
      ExplicitElement(0x00100010, "PN", "Test^Patient"),
      ExplicitElement(0x0020000D, "UI", "1.2.3.100"),
      ExplicitElement(0x0020000E, "UI", "1.2.3.200"), us(0x00280002, 1),
      ExplicitElement(0x00280004, "CS", "MONOCHROME2"), us(0x00280010, 10),
      us(0x00280011, pixels.size() / 20), us(0x00280100, 16), us(0x00280101, 12),
      us(0x00280102, 11), us(0x00280103, 0),
      absl::StrCat(LittleEndian(0x7FE0, 2), LittleEndian(0x0010, 2), "OW", std::string(2, '\0'),
                   LittleEndian(pixels.size(), 4), pixels));
}

}  // namespace camnode
