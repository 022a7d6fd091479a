// What a JPEG (ISO 10918-1) or JPEG-LS (ISO 14495-1) stream says of itself, read
// before a decoder that believes it allocates anything.

#ifndef CAMNODE_CORE_DICOM_JPEG_HEADER_H_
#define CAMNODE_CORE_DICOM_JPEG_HEADER_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace camnode {

struct JpegHeader {
  int rows = 0;
  int columns = 0;
  int components = 0;
  int precision_bits = 0;
};

// Errors: kDataLoss if there is no frame header.
absl::StatusOr<JpegHeader> ReadJpegHeader(absl::string_view stream);

}  // namespace camnode

#endif  // CAMNODE_CORE_DICOM_JPEG_HEADER_H_
