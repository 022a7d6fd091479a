// Decodes one frame of JPEG 2000 (ISO 15444-1) with OpenJPEG.

#ifndef CAMNODE_CORE_DICOM_CODEC_JPEG2000_DECODER_H_
#define CAMNODE_CORE_DICOM_CODEC_JPEG2000_DECODER_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/dicom/codec/pixel_format.h"

namespace camnode {

// The samples, colour by pixel, little endian, bits_allocated wide; the colour
// transformation of the stream is undone.  A bare codestream or a JP2 file, of which
// only the codestream is read.  Size and components of the stream must be those of
// `format`, and all its tiles must be there, before anything is decoded.
//
// Values beyond Bits Stored, which lossy streams have, are clamped.  JPEG 2000 has no
// checksum: a changed bit that decodes without a trace is not noticed.
//
// Errors: kDataLoss (damaged or cut), kInvalidArgument (it contradicts the format),
// kUnimplemented (subsampled).
absl::StatusOr<DecodedFrame> DecodeJpeg2000Frame(absl::string_view stream,
                                                 const PixelFormat& format);

}  // namespace camnode

#endif  // CAMNODE_CORE_DICOM_CODEC_JPEG2000_DECODER_H_
