// The first bytes of a Part 10 file (PS3.10 section 7.1), read tolerantly: the
// preamble, the whole file meta information or only its transfer syntax may be
// missing.

#ifndef CAMNODE_CORE_DICOM_FILE_FILE_META_H_
#define CAMNODE_CORE_DICOM_FILE_FILE_META_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/dicom/file/byte_source.h"
#include "core/domain/uid.h"

namespace camnode {

struct FileMeta {
  // As the file says, or, where it says nothing, as the data set looks.
  Uid transfer_syntax_uid;
  bool explicit_vr = true;
  bool big_endian = false;
  bool deflated = false;
};

// Reads to the first byte of the data set.
// Errors: kDataLoss (no DICOM file, or damaged), kInvalidArgument (the transfer
// syntax is no UID), kUnavailable.
absl::StatusOr<FileMeta> ReadFileMeta(FileByteSource& file);

// Does PS3.5 know this value representation, and does it have a 32-bit length?
bool IsKnownVr(absl::string_view vr);
bool HasLongLength(absl::string_view vr);

}  // namespace camnode

#endif  // CAMNODE_CORE_DICOM_FILE_FILE_META_H_
