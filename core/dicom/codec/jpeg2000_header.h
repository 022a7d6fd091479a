// What a JPEG 2000 codestream (ISO 15444-1 annex A) says of itself, and whether it is
// all there, found before a decoder that believes it allocates anything.

#ifndef CAMNODE_CORE_DICOM_CODEC_JPEG2000_HEADER_H_
#define CAMNODE_CORE_DICOM_CODEC_JPEG2000_HEADER_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace camnode {

// OpenJPEG sets up every tile before it reads one; films have one, or a few dozen.
constexpr int64_t kMaxJpeg2000Tiles = 4096;

struct Jpeg2000Header {
  int64_t rows = 0;
  int64_t columns = 0;
  int components = 0;
  int precision_bits = 0;   // The largest.
  bool subsampled = false;  // A component has fewer samples than pixels.
  int64_t tiles = 0;
};

// The codestream inside a JP2 file, or `stream` itself.
// Errors: kDataLoss if there is none.
absl::StatusOr<absl::string_view> FindCodestream(absl::string_view stream);

// Errors: kDataLoss (no codestream, damaged), kInvalidArgument (too many tiles).
absl::StatusOr<Jpeg2000Header> ReadJpeg2000Header(absl::string_view codestream);

// Goes from tile-part to tile-part, by the lengths they claim.
// Errors: kDataLoss if one ends beyond the stream or holds what no encoder writes, a
// tile is missing, or the end marker is where only it says how long the last one was.
absl::Status CheckTilesAreThere(absl::string_view codestream, const Jpeg2000Header& header);

}  // namespace camnode

#endif  // CAMNODE_CORE_DICOM_CODEC_JPEG2000_HEADER_H_
