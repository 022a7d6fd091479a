// What a JPEG-LS stream (ISO 14495-1 annex C) says of itself.

#ifndef CAMNODE_CORE_DICOM_CODEC_JPEG_LS_HEADER_H_
#define CAMNODE_CORE_DICOM_CODEC_JPEG_LS_HEADER_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace camnode {

enum class JpegLsInterleave { kNone = 0, kLine = 1, kSample = 2 };

// Of the whole frame, and of the scan read last.
struct JpegLsHeader {
  int rows = 0;
  int columns = 0;
  int components = 0;
  int precision_bits = 0;
  // Preset coding parameters; 0: the default.
  int preset_max_value = 0;
  int preset_thresholds[3] = {0, 0, 0};
  int preset_reset = 0;
  int64_t restart_lines = 0;  // Lines between restart markers; 0: none.

  // The scan.
  int scan_components = 0;
  int near = 0;  // How far a sample may be off: 0 is lossless.
  JpegLsInterleave interleave = JpegLsInterleave::kNone;
  size_t data = 0;  // Where its entropy-coded data begins.
};

// Reads the markers from `at` on to the beginning of the next scan; 2 for the first.
// Errors: kDataLoss (no frame or scan header, damaged), kUnimplemented (a vendor's
// colour transformation, mapping tables, sizes beyond 65,535; names it).
absl::Status ReadJpegLsScan(absl::string_view stream, size_t at, JpegLsHeader& header);

}  // namespace camnode

#endif  // CAMNODE_CORE_DICOM_CODEC_JPEG_LS_HEADER_H_
