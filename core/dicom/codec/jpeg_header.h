// What a JPEG stream (ISO 10918-1) says of itself, read before a decoder that
// believes it allocates anything.

#ifndef CAMNODE_CORE_DICOM_CODEC_JPEG_HEADER_H_
#define CAMNODE_CORE_DICOM_CODEC_JPEG_HEADER_H_

#include <string>

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
  bool lossless = false;
  bool sequential = false;  // Baseline or extended sequential DCT.
  JpegColours colours = JpegColours::kUnsaid;
};

// Errors: kDataLoss if there is no frame header, kUnimplemented (arithmetic coding,
// hierarchical frames).
absl::StatusOr<JpegHeader> ReadJpegHeader(absl::string_view stream);

// The stream without what real encoders get wrong and decoders warn of, so that a
// warning means damage: application segments and comments are left out, a sequential
// scan names all coefficients, and nothing follows the end marker.
// Errors: kDataLoss if there is no scan, more than 64, or no end marker: it never occurs
// inside entropy-coded data, so without it the stream was cut.
absl::StatusOr<std::string> TidyJpegStream(absl::string_view stream, const JpegHeader& header);

// Takes away zeros in front of the end marker, with which some encoders pad; false if
// there are none.  They may also be the last coded samples: try with them first.
// REQUIRES: `tidy` comes from TidyJpegStream.
bool RemovePadding(std::string& tidy);

}  // namespace camnode

#endif  // CAMNODE_CORE_DICOM_CODEC_JPEG_HEADER_H_
