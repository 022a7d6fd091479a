// Decodes one frame of RLE Lossless (PS3.5 annex G).

#ifndef CAMNODE_CORE_DICOM_CODEC_RLE_DECODER_H_
#define CAMNODE_CORE_DICOM_CODEC_RLE_DECODER_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/dicom/codec/pixel_format.h"

namespace camnode {

// The samples, colour by pixel, little endian.  Never reads beyond `stream`, never
// writes beyond rows x columns x samples.
// Errors: kDataLoss (damaged or too short), kInvalidArgument (its segments do not
// fit the format).
absl::StatusOr<DecodedFrame> DecodeRleFrame(absl::string_view stream, const PixelFormat& format);

}  // namespace camnode

#endif  // CAMNODE_CORE_DICOM_CODEC_RLE_DECODER_H_
