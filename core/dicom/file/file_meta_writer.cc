#include "core/dicom/file/file_meta_writer.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "core/dicom/file/implementation.h"

namespace camnode {
namespace {

void AppendLittleEndian(uint32_t value, int size, std::string& bytes) {
  for (int i = 0; i < size; ++i) bytes.push_back(static_cast<char>(value >> (8 * i)));
}

void AppendTag(uint16_t element, absl::string_view vr, std::string& bytes) {
  AppendLittleEndian(0x0002, 2, bytes);
  AppendLittleEndian(element, 2, bytes);
  absl::StrAppend(&bytes, vr);
}

// `value` is padded to even length: UIDs with NUL, all else with space (PS3.5 section 6.2).
void AppendText(uint16_t element, absl::string_view vr, absl::string_view value,
                std::string& bytes) {
  const uint32_t padding = value.size() % 2;
  AppendTag(element, vr, bytes);
  AppendLittleEndian(static_cast<uint32_t>(value.size()) + padding, 2, bytes);
  absl::StrAppend(&bytes, value);
  if (padding != 0) bytes.push_back(vr == "UI" ? '\0' : ' ');
}

}  // namespace

std::string FileMeta(const FileMetaValues& values) {
  std::string group;
  AppendTag(0x0001, "OB", group);  // File Meta Information Version 00 01.
  AppendLittleEndian(0, 2, group);
  AppendLittleEndian(2, 4, group);
  group.push_back('\0');
  group.push_back('\1');
  AppendText(0x0002, "UI", values.sop_class_uid.text(), group);
  AppendText(0x0003, "UI", values.sop_instance_uid.text(), group);
  AppendText(0x0010, "UI", values.transfer_syntax_uid, group);
  AppendText(0x0012, "UI", CamnodeImplementationClassUid().text(), group);
  AppendText(0x0013, "SH", kImplementationVersionName, group);
  if (!values.source_ae_title.empty()) AppendText(0x0016, "AE", values.source_ae_title, group);

  std::string bytes(128, '\0');
  absl::StrAppend(&bytes, "DICM");
  AppendTag(0x0000, "UL", bytes);
  AppendLittleEndian(4, 2, bytes);
  AppendLittleEndian(static_cast<uint32_t>(group.size()), 4, bytes);
  absl::StrAppend(&bytes, group);
  return bytes;
}

}  // namespace camnode
