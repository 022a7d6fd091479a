// How a film's samples lie in its pixel data (PS3.3 C.7.6.3, PS3.5 section 8).

#ifndef CAMNODE_CORE_DICOM_PIXEL_FORMAT_H_
#define CAMNODE_CORE_DICOM_PIXEL_FORMAT_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "core/dicom/attribute_table.h"

namespace camnode {

struct PixelFormat {
  int rows = 0;
  int columns = 0;
  int samples = 1;          // 1 or 3.
  int bits_allocated = 16;  // 8 or 16.
  int bits_stored = 16;     // 1 to bits_allocated.
  int high_bit = 15;        // bits_stored - 1 to bits_allocated - 1.
  bool is_signed = false;
  bool planar = false;      // Colour by plane.
  std::string photometric;  // "MONOCHROME2"

  int64_t Pixels() const { return int64_t{rows} * columns; }
  // Of one uncompressed frame.
  int64_t FrameBytes() const;
  bool IsGrayscale() const { return samples == 1; }
};

// Reads and checks the image pixel attributes.
// Errors: kInvalidArgument (absent or contradicting attributes, more than
// `max_pixels`; names them), kUnimplemented (neither 8 nor 16 bits, PALETTE COLOR and
// other photometric interpretations; names them).
absl::StatusOr<PixelFormat> ReadPixelFormat(const AttributeTable& table, int64_t max_pixels);

}  // namespace camnode

#endif  // CAMNODE_CORE_DICOM_PIXEL_FORMAT_H_
