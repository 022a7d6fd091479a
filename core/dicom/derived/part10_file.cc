#include "core/dicom/derived/part10_file.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/dicom/derived/derived_attributes.h"
#include "core/dicom/file/file_meta.h"
#include "core/dicom/file/of_condition.h"
#include "dcmtk/config/osconfig.h"
#include "dcmtk/dcmdata/dcdatset.h"
#include "dcmtk/dcmdata/dcostrmb.h"

namespace camnode {
namespace {

void Append16(uint32_t value, std::string& bytes) {
  bytes.push_back(static_cast<char>(value & 0xff));
  bytes.push_back(static_cast<char>(value >> 8 & 0xff));
}

void Append32(uint32_t value, std::string& bytes) {
  Append16(value & 0xffff, bytes);
  Append16(value >> 16, bytes);
}

// One element of group 0002 with a 16-bit length.
void AppendMeta(uint32_t element, absl::string_view vr, std::string value, std::string& bytes) {
  if (value.size() % 2 != 0) value.push_back(vr == "UI" ? '\0' : ' ');
  Append16(0x0002, bytes);
  Append16(element, bytes);
  absl::StrAppend(&bytes, vr);
  Append16(static_cast<uint32_t>(value.size()), bytes);
  bytes += value;
}

// PS3.10 table 7.1-1.
std::string MetaInformation(const Uid& sop_class_uid, const Uid& sop_instance_uid) {
  std::string group;
  Append16(0x0002, group);
  Append16(0x0001, group);
  group.append("OB\0\0\2\0\0\0\0\1", 10);  // File Meta Information Version 00 01.
  AppendMeta(0x0002, "UI", sop_class_uid.text(), group);
  AppendMeta(0x0003, "UI", sop_instance_uid.text(), group);
  AppendMeta(0x0010, "UI", kExplicitLittleEndian, group);
  AppendMeta(0x0012, "UI", CamnodeImplementationClassUid().text(), group);
  AppendMeta(0x0013, "SH", kCamnodeImplementationVersionName, group);

  std::string bytes(128, '\0');
  bytes += "DICM";
  std::string length;
  Append32(static_cast<uint32_t>(group.size()), length);
  AppendMeta(0x0000, "UL", length, bytes);
  return bytes + group;
}

absl::StatusOr<std::string> DatasetBytes(DcmDataset& dataset) {
  const E_TransferSyntax syntax = EXS_LittleEndianExplicit;
  const Uint32 length = dataset.calcElementLength(syntax, EET_ExplicitLength);
  std::string bytes(length + 1024u, '\0');
  DcmOutputBufferStream stream(bytes.data(), static_cast<offile_off_t>(bytes.size()));
  dataset.transferInit();
  const OFCondition written = dataset.write(stream, syntax, EET_ExplicitLength, nullptr);
  dataset.transferEnd();
  CAMNODE_RETURN_IF_ERROR(ToStatus(written, "data set", absl::StatusCode::kInternal));
  void* buffer = nullptr;
  offile_off_t size = 0;
  stream.flushBuffer(buffer, size);
  bytes.resize(static_cast<size_t>(size));
  return bytes;
}

}  // namespace

absl::StatusOr<std::string> WritePart10File(const Uid& sop_class_uid, const Uid& sop_instance_uid,
                                            DcmDataset& dataset, absl::string_view pixel_data) {
  if (pixel_data.size() >= 0xFFFFFFFEu) {
    return absl::InvalidArgumentError("pixel data of 4 GiB or more");
  }
  CAMNODE_ASSIGN_OR_RETURN(const std::string body, DatasetBytes(dataset));
  std::string file = MetaInformation(sop_class_uid, sop_instance_uid);
  file.reserve(file.size() + body.size() + pixel_data.size() + 16);
  file += body;
  if (pixel_data.empty()) return file;
  Append16(0x7FE0, file);
  Append16(0x0010, file);
  file.append("OB\0\0", 4);
  Append32(static_cast<uint32_t>(pixel_data.size() + pixel_data.size() % 2), file);
  file.append(pixel_data.data(), pixel_data.size());
  if (pixel_data.size() % 2 != 0) file.push_back('\0');
  return file;
}

}  // namespace camnode
