#include "core/dicom/jpeg_header.h"

#include <cstddef>

namespace camnode {
namespace {

constexpr int kStartOfImage = 0xD8;
constexpr int kEndOfImage = 0xD9;
constexpr int kStartOfScan = 0xDA;
constexpr int kApplication0 = 0xE0;
constexpr int kApplication14 = 0xEE;
constexpr int kStartOfFrameLs = 0xF7;

int Byte(absl::string_view stream, size_t at) { return static_cast<unsigned char>(stream[at]); }
int Word(absl::string_view stream, size_t at) {
  return Byte(stream, at) << 8 | Byte(stream, at + 1);
}

bool IsStartOfFrame(int marker) {
  // 0xC4, 0xC8 and 0xCC are tables and reserved.
  return marker == kStartOfFrameLs ||
         (marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC);
}

// JFIF is YBR by definition; Adobe's marker says so in its last byte, and has the
// last word.
void ReadColours(int marker, absl::string_view segment, JpegHeader& header) {
  if (marker == kApplication0 && segment.substr(0, 4) == "JFIF") {
    header.colours = JpegColours::kYbr;
  }
  if (marker == kApplication14 && segment.size() >= 12 && segment.substr(0, 5) == "Adobe") {
    header.colours = segment[11] == 0 ? JpegColours::kRgb : JpegColours::kYbr;
  }
}

}  // namespace

absl::StatusOr<JpegHeader> ReadJpegHeader(absl::string_view stream) {
  const absl::Status damaged = absl::DataLossError("the JPEG stream has no frame header");
  if (stream.size() < 4 || Word(stream, 0) != (0xFF00 | kStartOfImage)) return damaged;
  JpegHeader header;
  size_t at = 2;
  while (at + 4 <= stream.size()) {
    if (Byte(stream, at) != 0xFF) return damaged;
    const int marker = Byte(stream, at + 1);
    if (marker == 0xFF) {  // Fill byte.
      ++at;
      continue;
    }
    if (marker == kStartOfScan || marker == kEndOfImage || marker == kStartOfImage) return damaged;
    if (IsStartOfFrame(marker)) {
      if (at + 10 > stream.size()) return damaged;
      header.precision_bits = Byte(stream, at + 4);
      header.rows = Word(stream, at + 5);
      header.columns = Word(stream, at + 7);
      header.components = Byte(stream, at + 9);
      return header;
    }
    const int length = Word(stream, at + 2);
    if (length < 2) return damaged;
    ReadColours(marker, stream.substr(at + 4, static_cast<size_t>(length) - 2), header);
    at += 2 + static_cast<size_t>(length);
  }
  return damaged;
}

}  // namespace camnode
