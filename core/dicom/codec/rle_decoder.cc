#include "core/dicom/codec/rle_decoder.h"

#include <algorithm>
#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"

namespace camnode {
namespace {

// PS3.5 G.5: 16 words of 32 bits, little endian: how many segments, and where each begins.
constexpr size_t kHeaderBytes = 64;
constexpr size_t kMaxSegments = 15;

size_t Load32(absl::string_view bytes, size_t at) {
  size_t value = 0;
  for (size_t i = 0; i < 4; ++i) {
    value |= static_cast<size_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
  }
  return value;
}

absl::Status Damaged(absl::string_view what) {
  return absl::DataLossError(absl::StrCat("an RLE segment ", what));
}

// Unpacks `pixels` bytes of one segment to every `stride`-th byte from `out` on (PS3.5 G.3.2):
// a control byte n of 0 to 127 goes before n + 1 bytes as they are, one of -1 to -127 before
// a byte that comes 1 - n times, and -128 says nothing.
absl::Status UnpackSegment(absl::string_view segment, size_t pixels, size_t stride, char* out) {
  size_t at = 0;
  size_t written = 0;
  while (written < pixels) {
    if (at >= segment.size()) return Damaged("is too short");
    const int control = static_cast<signed char>(segment[at++]);
    if (control == -128) continue;  // No operation.
    const size_t count = static_cast<size_t>(control >= 0 ? control + 1 : 1 - control);
    const size_t literals = control >= 0 ? count : 1;
    if (literals > segment.size() - at) return Damaged("is too short");
    if (count > pixels - written) return Damaged("goes on behind its last pixel");
    for (size_t i = 0; i < count; ++i, ++written) {
      out[written * stride] = segment[at + (control >= 0 ? i : 0)];
    }
    at += literals;
  }
  // Behind the last pixel lies padding at most; a damaged run ends too early.
  const absl::string_view rest = segment.substr(at);
  const bool padding = std::all_of(rest.begin(), rest.end(), [&rest](char c) {
    return c == 0 || (c == '\x80' && rest.size() < 3);
  });
  return padding ? absl::OkStatus() : Damaged("goes on behind its last pixel");
}

}  // namespace

absl::StatusOr<DecodedFrame> DecodeRleFrame(absl::string_view stream, const PixelFormat& format) {
  if (stream.size() < kHeaderBytes) return absl::DataLossError("the RLE header is too short");
  if (format.bits_allocated == 1) return absl::UnimplementedError("RLE of 1 bit is not supported");
  const size_t bytes_per_sample = static_cast<size_t>(format.bits_allocated) / 8;
  const size_t stride = static_cast<size_t>(format.samples) * bytes_per_sample;
  const size_t segments = Load32(stream, 0);
  if (segments != stride || segments > kMaxSegments) {
    return absl::InvalidArgumentError(
        "the number of RLE segments contradicts Samples per Pixel (0028,0002) or Bits Allocated "
        "(0028,0100)");
  }
  const size_t pixels = static_cast<size_t>(format.Pixels());
  DecodedFrame frame;
  frame.bytes_per_sample = static_cast<int>(bytes_per_sample);
  frame.photometric = format.photometric == "YBR_FULL_422" ? "YBR_FULL" : format.photometric;
  frame.samples.resize(pixels * stride);
  for (size_t segment = 0; segment < segments; ++segment) {
    const size_t begin = Load32(stream, 4 + 4 * segment);
    const size_t end = segment + 1 < segments ? Load32(stream, 8 + 4 * segment) : stream.size();
    if (begin < kHeaderBytes || begin > end || end > stream.size()) {
      return absl::DataLossError("the RLE header is damaged");
    }
    // Segments go sample by sample, most significant byte first (PS3.5 G.2).
    const size_t sample = segment / bytes_per_sample;
    const size_t byte = bytes_per_sample - 1 - segment % bytes_per_sample;
    CAMNODE_RETURN_IF_ERROR(UnpackSegment(stream.substr(begin, end - begin), pixels, stride,
                                          frame.samples.data() + sample * bytes_per_sample + byte));
  }
  return frame;
}

}  // namespace camnode
