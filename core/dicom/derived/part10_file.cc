#include "core/dicom/derived/part10_file.h"

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "core/base/status_macros.h"
#include "core/dicom/file/file_meta_writer.h"
#include "core/dicom/file/of_condition.h"
#include "core/dicom/file/transfer_syntax.h"
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
  std::string file = FileMeta({sop_class_uid, sop_instance_uid, kExplicitLittleEndian, {}});
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
