// Any bytes as one compressed frame.  The first five choose transfer syntax, pixel
// attributes and size, so that inputs need no data set round the stream.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/dicom/codec/codecs.h"
#include "core/dicom/codec/pixel_format.h"
#include "core/dicom/file/transfer_syntax.h"
#include "tests/fuzz/check_status.h"

namespace {

constexpr const char* kSyntaxes[] = {
    camnode::kRleLossless,        camnode::kJpegBaseline,           camnode::kJpegExtended,
    camnode::kJpegLossless,       camnode::kJpegLosslessFirstOrder, camnode::kJpegLsLossless,
    camnode::kJpegLsNearLossless, camnode::kJpeg2000Lossless,       camnode::kJpeg2000};
constexpr size_t kHeaderBytes = 5;

camnode::PixelFormat Format(const uint8_t* header) {
  camnode::PixelFormat format;
  const bool colour = (header[1] & 1) != 0;
  format.samples = colour ? 3 : 1;
  format.bits_allocated = (header[1] & 2) != 0 ? 16 : 8;
  format.is_signed = (header[1] & 4) != 0;
  format.photometric = !colour ? "MONOCHROME2" : (header[1] & 8) != 0 ? "YBR_FULL_422" : "RGB";
  format.bits_stored = std::clamp<int>(header[2], 1, format.bits_allocated);
  format.high_bit = format.bits_stored - 1;
  format.rows = header[3] + 1;
  format.columns = header[4] + 1;
  return format;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < kHeaderBytes) return 0;
  const camnode::PixelFormat format = Format(data);
  const std::string stream(reinterpret_cast<const char*>(data) + kHeaderBytes, size - kHeaderBytes);
  const auto frame =
      camnode::DecodeFrame(kSyntaxes[data[0] % std::size(kSyntaxes)], {stream}, format);
  camnode::CheckBlamesTheFile(frame.status());
  if (frame.ok() && frame->samples.size() != static_cast<size_t>(format.Pixels() * format.samples *
                                                                 frame->bytes_per_sample)) {
    std::abort();
  }
  return 0;
}
