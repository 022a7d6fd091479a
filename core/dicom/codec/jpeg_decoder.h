// Decodes one frame of JPEG (ISO 10918-1), sequential DCT or lossless, with the
// Independent JPEG Group's library in the three builds that DCMTK ships.

#ifndef CAMNODE_CORE_DICOM_CODEC_JPEG_DECODER_H_
#define CAMNODE_CORE_DICOM_CODEC_JPEG_DECODER_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/dicom/codec/pixel_format.h"

namespace camnode {

// The samples as the stream stores them, colour by pixel, chroma of full size: YBR
// stays YBR.  Whether a lossy stream's three components are YBR or RGB its own
// markers say, or else `format`.
//
// The library makes up what a damaged stream does not hold and only warns; here every
// warning is kDataLoss.  JPEG has no checksum: a changed bit that decodes to other
// samples without a trace is not noticed.
//
// Errors: kDataLoss (damaged or cut), kInvalidArgument (it contradicts the format),
// kUnimplemented (arithmetic coding, hierarchical frames).
absl::StatusOr<DecodedFrame> DecodeJpegFrame(absl::string_view stream, const PixelFormat& format);

}  // namespace camnode

#endif  // CAMNODE_CORE_DICOM_CODEC_JPEG_DECODER_H_
