#include "core/dicom/rle_decoder.h"

#include <cstddef>
#include <cstdint>

#include "core/base/status_macros.h"

namespace camnode {
namespace {

constexpr size_t kHeaderBytes = 64;
constexpr size_t kMaxSegments = 15;

size_t Load32(absl::string_view bytes, size_t at) {
  size_t value = 0;
  for (size_t i = 0; i < 4; ++i) {
    value |= static_cast<size_t>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
  }
  return value;
}

// Unpacks `pixels` bytes of one segment to every `stride`-th byte from `out` on.
absl::Status UnpackSegment(absl::string_view segment, size_t pixels, size_t stride, char* out) {
  size_t at = 0;
  size_t written = 0;
  while (written < pixels) {
    if (at >= segment.size()) return absl::DataLossError("an RLE segment is too short");
    const int control = static_cast<signed char>(segment[at++]);
    if (control >= 0) {  // control + 1 literal bytes.
      for (int i = 0; i <= control && written < pixels; ++i, ++written) {
        if (at >= segment.size()) return absl::DataLossError("an RLE segment is too short");
        out[written * stride] = segment[at++];
      }
    } else if (control != -128) {  // The next byte, 1 - control times.
      if (at >= segment.size()) return absl::DataLossError("an RLE segment is too short");
      const char byte = segment[at++];
      for (int i = 0; i < 1 - control && written < pixels; ++i, ++written) {
        out[written * stride] = byte;
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> DecodeRleFrame(absl::string_view frame, const PixelFormat& format) {
  if (frame.size() < kHeaderBytes) return absl::DataLossError("the RLE header is too short");
  const size_t bytes_per_sample = static_cast<size_t>(format.bits_allocated) / 8;
  const size_t stride = static_cast<size_t>(format.samples) * bytes_per_sample;
  const size_t segments = Load32(frame, 0);
  if (segments != stride || segments > kMaxSegments) {
    return absl::InvalidArgumentError(
        "the number of RLE segments contradicts Samples per Pixel (0028,0002) or Bits Allocated "
        "(0028,0100)");
  }
  const size_t pixels = static_cast<size_t>(format.Pixels());
  std::string samples(pixels * stride, '\0');
  for (size_t segment = 0; segment < segments; ++segment) {
    const size_t begin = Load32(frame, 4 + 4 * segment);
    const size_t end = segment + 1 < segments ? Load32(frame, 8 + 4 * segment) : frame.size();
    if (begin < kHeaderBytes || begin > end || end > frame.size()) {
      return absl::DataLossError("the RLE header is damaged");
    }
    // Segments go sample by sample, most significant byte first.
    const size_t sample = segment / bytes_per_sample;
    const size_t byte = bytes_per_sample - 1 - segment % bytes_per_sample;
    CAMNODE_RETURN_IF_ERROR(UnpackSegment(frame.substr(begin, end - begin), pixels, stride,
                                          samples.data() + sample * bytes_per_sample + byte));
  }
  return samples;
}

}  // namespace camnode
