// What a JPEG (ISO 10918-1) or JPEG-LS (ISO 14495-1) stream says of itself, read
// before a decoder that believes it allocates anything.

#ifndef CAMNODE_CORE_DICOM_JPEG_HEADER_H_
#define CAMNODE_CORE_DICOM_JPEG_HEADER_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace camnode {

// What the markers of other programs say of the colours, which is more to be relied
// on than Photometric Interpretation.
enum class JpegColours { kUnsaid, kRgb, kYbr };

struct JpegHeader {
  int rows = 0;
  int columns = 0;
  int components = 0;
  int precision_bits = 0;
  JpegColours colours = JpegColours::kUnsaid;
};

// Errors: kDataLoss if there is no frame header.
absl::StatusOr<JpegHeader> ReadJpegHeader(absl::string_view stream);

}  // namespace camnode

#endif  // CAMNODE_CORE_DICOM_JPEG_HEADER_H_
