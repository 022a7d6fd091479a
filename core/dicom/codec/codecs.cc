#include "core/dicom/codec/codecs.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/dicom/codec/jpeg2000_decoder.h"
#include "core/dicom/codec/jpeg_decoder.h"
#include "core/dicom/codec/jpeg_ls_decoder.h"
#include "core/dicom/codec/rle_decoder.h"
#include "core/dicom/file/transfer_syntax.h"

namespace camnode {

absl::Status UnsupportedTransferSyntax(absl::string_view uid) {
  const absl::string_view name = TransferSyntaxName(uid);
  return absl::UnimplementedError(absl::StrCat("transfer syntax ", name, name.empty() ? "" : " (",
                                               uid, name.empty() ? "" : ")", " is not supported"));
}

absl::StatusOr<DecodedFrame> DecodeFrame(absl::string_view transfer_syntax,
                                         const std::vector<std::string>& fragments,
                                         const PixelFormat& format) {
  std::string joined;
  if (fragments.size() > 1) joined = absl::StrJoin(fragments, "");
  const absl::string_view stream = fragments.size() == 1 ? fragments.front() : joined;
  if (transfer_syntax == kRleLossless) return DecodeRleFrame(stream, format);
  if (transfer_syntax == kJpegBaseline || transfer_syntax == kJpegExtended ||
      transfer_syntax == kJpegLossless || transfer_syntax == kJpegLosslessFirstOrder) {
    return DecodeJpegFrame(stream, format);
  }
  if (transfer_syntax == kJpegLsLossless || transfer_syntax == kJpegLsNearLossless) {
    return DecodeJpegLsFrame(stream, format);
  }
  if (transfer_syntax == kJpeg2000Lossless || transfer_syntax == kJpeg2000) {
    return DecodeJpeg2000Frame(stream, format);
  }
  return UnsupportedTransferSyntax(transfer_syntax);
}

}  // namespace camnode
