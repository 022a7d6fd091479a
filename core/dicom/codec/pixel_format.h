// How a film's samples lie in its pixel data (PS3.3 C.7.6.3, PS3.5 section 8).

#ifndef CAMNODE_CORE_DICOM_CODEC_PIXEL_FORMAT_H_
#define CAMNODE_CORE_DICOM_CODEC_PIXEL_FORMAT_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/dicom/file/attribute_table.h"

namespace camnode {

struct PixelFormat {
  int rows = 0;
  int columns = 0;
  int samples = 1;          // 1 or 3.
  int bits_allocated = 16;  // 1, 8 or 16.
  int bits_stored = 16;     // 1 to bits_allocated.
  int high_bit = 15;        // bits_stored - 1 to bits_allocated - 1.
  bool is_signed = false;
  bool planar = false;      // Colour by plane.
  std::string photometric;  // "MONOCHROME2"

  int64_t Pixels() const { return int64_t{rows} * columns; }
  // Of one uncompressed frame.
  int64_t FrameBytes() const;
  bool IsPalette() const { return photometric == "PALETTE COLOR"; }
  bool IsGrayscale() const { return samples == 1 && !IsPalette(); }
};

// One frame after decompression: the samples, and how they lie.
struct DecodedFrame {
  std::string samples;  // Little endian.
  int bytes_per_sample = 2;
  bool planar = false;      // Colour by plane.
  std::string photometric;  // After decoding: YBR may have become RGB.
};

// Sample number `index` of little-endian samples of 1 or 2 bytes.
uint32_t SampleContainer(absl::string_view samples, size_t index, int bytes_per_sample);

// What a compressed stream says of itself.
struct StreamFormat {
  int64_t rows = 0;
  int64_t columns = 0;
  int components = 0;
  int precision_bits = 0;
};

// A decoder runs only after this: what the stream claims must be what the header
// claims, which is within limits.  `kind` names the stream: "JPEG".
// Errors: kInvalidArgument (they contradict each other; says in what).
absl::Status CheckStreamFormat(const StreamFormat& stream, const PixelFormat& format,
                               absl::string_view kind);

// Reads and checks the image pixel attributes.
// Errors: kInvalidArgument (absent or contradicting attributes, more than
// `max_pixels`; names them), kUnimplemented (neither 1, 8 nor 16 bits, other photometric
// interpretations; names them).
absl::StatusOr<PixelFormat> ReadPixelFormat(const AttributeTable& table, int64_t max_pixels);

}  // namespace camnode

#endif  // CAMNODE_CORE_DICOM_CODEC_PIXEL_FORMAT_H_
