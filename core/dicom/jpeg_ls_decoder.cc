#include "core/dicom/jpeg_ls_decoder.h"

#include <charls/charls.h>

#include <cstddef>
#include <memory>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"

namespace camnode {
namespace {

struct DecoderDeleter {
  void operator()(charls_jpegls_decoder* decoder) const { charls_jpegls_decoder_destroy(decoder); }
};

absl::Status ToStatus(charls_jpegls_errc code) {
  if (code == charls::jpegls_errc::success) return absl::OkStatus();
  if (code == charls::jpegls_errc::not_enough_memory) {
    return absl::ResourceExhaustedError("no memory for JPEG-LS");
  }
  return absl::DataLossError(
      absl::StrCat("the JPEG-LS stream is damaged: ", charls_get_error_message(code)));
}

}  // namespace

absl::StatusOr<DecodedFrame> DecodeJpegLsFrame(absl::string_view stream,
                                               const PixelFormat& format) {
  const std::unique_ptr<charls_jpegls_decoder, DecoderDeleter> decoder(
      charls_jpegls_decoder_create());
  if (!decoder) return absl::ResourceExhaustedError("no memory for JPEG-LS");
  CAMNODE_RETURN_IF_ERROR(ToStatus(
      charls_jpegls_decoder_set_source_buffer(decoder.get(), stream.data(), stream.size())));
  CAMNODE_RETURN_IF_ERROR(ToStatus(charls_jpegls_decoder_read_header(decoder.get())));
  charls_frame_info info = {};
  CAMNODE_RETURN_IF_ERROR(ToStatus(charls_jpegls_decoder_get_frame_info(decoder.get(), &info)));
  CAMNODE_RETURN_IF_ERROR(CheckStreamFormat(
      {info.height, info.width, info.component_count, info.bits_per_sample}, format, "JPEG-LS"));
  charls_interleave_mode interleave = charls::interleave_mode::none;
  CAMNODE_RETURN_IF_ERROR(
      ToStatus(charls_jpegls_decoder_get_interleave_mode(decoder.get(), &interleave)));
  DecodedFrame frame;
  frame.bytes_per_sample = info.bits_per_sample <= 8 ? 1 : 2;
  frame.photometric = format.photometric == "YBR_FULL_422" ? "YBR_FULL" : format.photometric;
  frame.planar = format.samples > 1 && interleave == charls::interleave_mode::none;
  frame.samples.resize(static_cast<size_t>(format.Pixels()) * static_cast<size_t>(format.samples) *
                       static_cast<size_t>(frame.bytes_per_sample));
  CAMNODE_RETURN_IF_ERROR(ToStatus(charls_jpegls_decoder_decode_to_buffer(
      decoder.get(), frame.samples.data(), frame.samples.size(), 0)));
  return frame;
}

}  // namespace camnode
