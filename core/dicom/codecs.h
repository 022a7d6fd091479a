// The decoders for compressed pixel data.

#ifndef CAMNODE_CORE_DICOM_CODECS_H_
#define CAMNODE_CORE_DICOM_CODECS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/dicom/pixel_format.h"

namespace camnode {

// Registers DCMTK's JPEG and JPEG-LS decoders for the process, once.  DecodeFrame
// calls it; calling it again costs nothing.  Thread-safe.
void RegisterCodecs();

// The transfer syntaxes that ReadRadiograph can decode, most wanted first: what
// the storage SCP offers to take.
const std::vector<absl::string_view>& SupportedTransferSyntaxes();

// Of a transfer syntax that ReadRadiograph can decode: is the pixel data
// encapsulated (PS3.5 annex A.4)?
bool IsEncapsulated(absl::string_view transfer_syntax);

// Is what this transfer syntax holds always lossy (JPEG Baseline and Extended)?
bool IsAlwaysLossy(absl::string_view transfer_syntax);

// The defined term of (0028,2114) for a transfer syntax that may be lossy; "" for
// others.
std::string LossyMethod(absl::string_view transfer_syntax);

struct DecodedFrame {
  std::string samples;  // Little endian.
  int bytes_per_sample = 2;
  bool planar = false;      // Colour by plane.
  std::string photometric;  // After decoding: YBR may have become RGB.
};

// Decodes the fragments of one frame.  What the stream says of itself must agree
// with `format` before a decoder runs.
// Errors: kUnimplemented (transfer syntax), kDataLoss (damaged), kInvalidArgument
// (stream and attributes contradict each other).
absl::StatusOr<DecodedFrame> DecodeFrame(absl::string_view transfer_syntax,
                                         const std::vector<std::string>& fragments,
                                         const PixelFormat& format);

}  // namespace camnode

#endif  // CAMNODE_CORE_DICOM_CODECS_H_
