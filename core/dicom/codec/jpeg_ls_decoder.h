// Decodes one frame of JPEG-LS (ISO 14495-1).

#ifndef CAMNODE_CORE_DICOM_CODEC_JPEG_LS_DECODER_H_
#define CAMNODE_CORE_DICOM_CODEC_JPEG_LS_DECODER_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/dicom/codec/pixel_format.h"

namespace camnode {

// The samples, of 2 to 16 bits, as the stream stores them; colour by plane where the
// stream holds one component after the other.
// Errors: kDataLoss (damaged or cut), kInvalidArgument (it contradicts the format),
// kUnimplemented (jpeg_ls_header.h).
absl::StatusOr<DecodedFrame> DecodeJpegLsFrame(absl::string_view stream, const PixelFormat& format);

}  // namespace camnode

#endif  // CAMNODE_CORE_DICOM_CODEC_JPEG_LS_DECODER_H_
