// Decodes compressed pixel data, whatever its transfer syntax.

#ifndef CAMNODE_CORE_DICOM_CODEC_CODECS_H_
#define CAMNODE_CORE_DICOM_CODEC_CODECS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/dicom/codec/pixel_format.h"

namespace camnode {

// Decodes the fragments of one frame.  What the stream says of itself must agree
// with `format` before a decoder runs.
// Errors: kUnimplemented (transfer syntax; names it), kDataLoss (damaged),
// kInvalidArgument (stream and attributes contradict each other).
absl::StatusOr<DecodedFrame> DecodeFrame(absl::string_view transfer_syntax,
                                         const std::vector<std::string>& fragments,
                                         const PixelFormat& format);

// kUnimplemented, with the name of this transfer syntax.
absl::Status UnsupportedTransferSyntax(absl::string_view uid);

}  // namespace camnode

#endif  // CAMNODE_CORE_DICOM_CODEC_CODECS_H_
