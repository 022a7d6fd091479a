#include "scp/part10_header.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "core/dicom/derived/derived_attributes.h"

namespace camnode {
namespace {

void AppendLittleEndian(std::string& bytes, uint32_t value, int size) {
  for (int i = 0; i < size; ++i) bytes.push_back(static_cast<char>(value >> (8 * i)));
}

void AppendTag(std::string& bytes, uint16_t element, absl::string_view vr) {
  AppendLittleEndian(bytes, 0x0002, 2);
  AppendLittleEndian(bytes, element, 2);
  absl::StrAppend(&bytes, vr);
}

// `value` is padded to even length: UIDs with NUL, all else with space.
void AppendText(std::string& bytes, uint16_t element, absl::string_view vr,
                absl::string_view value) {
  const uint32_t padding = value.size() % 2;
  AppendTag(bytes, element, vr);
  AppendLittleEndian(bytes, static_cast<uint32_t>(value.size()) + padding, 2);
  absl::StrAppend(&bytes, value);
  if (padding != 0) bytes.push_back(vr == "UI" ? '\0' : ' ');
}

}  // namespace

std::string Part10Header(const StoreRequest& request) {
  std::string group;
  AppendTag(group, 0x0001, "OB");  // File Meta Information Version 00 01.
  AppendLittleEndian(group, 0, 2);
  AppendLittleEndian(group, 2, 4);
  group.push_back('\0');
  group.push_back('\1');
  AppendText(group, 0x0002, "UI", request.sop_class_uid.text());
  AppendText(group, 0x0003, "UI", request.sop_instance_uid.text());
  AppendText(group, 0x0010, "UI", request.transfer_syntax_uid.text());
  AppendText(group, 0x0012, "UI", CamnodeImplementationClassUid().text());
  AppendText(group, 0x0013, "SH", kImplementationVersionName);
  AppendText(group, 0x0016, "AE", request.calling_ae);

  std::string bytes(128, '\0');
  absl::StrAppend(&bytes, "DICM");
  AppendTag(bytes, 0x0000, "UL");
  AppendLittleEndian(bytes, 4, 2);
  AppendLittleEndian(bytes, static_cast<uint32_t>(group.size()), 4);
  absl::StrAppend(&bytes, group);
  return bytes;
}

}  // namespace camnode
