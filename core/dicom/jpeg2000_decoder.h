// Decodes one frame of JPEG 2000 (ISO 15444-1) with OpenJPEG.

#ifndef CAMNODE_CORE_DICOM_JPEG2000_DECODER_H_
#define CAMNODE_CORE_DICOM_JPEG2000_DECODER_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/dicom/pixel_format.h"

namespace camnode {

// The samples, colour by pixel, little endian, bits_allocated wide; the colour
// transformation of the stream is undone.  A bare codestream or a JP2 file.  Size
// and components of the stream must be those of `format` before anything is
// decoded.
// Errors: kDataLoss (damaged), kInvalidArgument (it contradicts the format),
// kUnimplemented (subsampled, or more than 16 bits).
absl::StatusOr<std::string> DecodeJpeg2000Frame(absl::string_view frame, const PixelFormat& format);

}  // namespace camnode

#endif  // CAMNODE_CORE_DICOM_JPEG2000_DECODER_H_
