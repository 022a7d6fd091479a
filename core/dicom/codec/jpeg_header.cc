#include "core/dicom/codec/jpeg_header.h"

#include <cstddef>

#include "absl/status/status.h"

namespace camnode {
namespace {

constexpr int kStartOfImage = 0xD8;
constexpr int kEndOfImage = 0xD9;
constexpr int kStartOfScan = 0xDA;
constexpr int kApplication0 = 0xE0;
constexpr int kApplication14 = 0xEE;
constexpr int kStartOfLosslessFrame = 0xC3;

constexpr int kComment = 0xFE;
constexpr absl::string_view kEndMarker = "\xFF\xD9";
constexpr absl::string_view kScanMarker = "\xFF\xDA";
// A progressive decoder goes over the whole picture for each scan; encoders write a dozen.
constexpr size_t kMaxScans = 64;

int Byte(absl::string_view stream, size_t at) { return static_cast<unsigned char>(stream[at]); }
int Word(absl::string_view stream, size_t at) {
  return Byte(stream, at) << 8 | Byte(stream, at + 1);
}

bool IsStartOfFrame(int marker) {
  // 0xC4, 0xC8 and 0xCC are tables and reserved.
  return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
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
      if (marker > kStartOfLosslessFrame) {
        return absl::UnimplementedError("arithmetic-coded or hierarchical JPEG is not supported");
      }
      if (at + 10 > stream.size()) return damaged;
      header.precision_bits = Byte(stream, at + 4);
      header.rows = Word(stream, at + 5);
      header.columns = Word(stream, at + 7);
      header.components = Byte(stream, at + 9);
      header.lossless = marker == kStartOfLosslessFrame;
      header.sequential = marker == 0xC0 || marker == 0xC1;
      return header;
    }
    const int length = Word(stream, at + 2);
    if (length < 2) return damaged;
    ReadColours(marker, stream.substr(at + 4, static_cast<size_t>(length) - 2), header);
    at += 2 + static_cast<size_t>(length);
  }
  return damaged;
}

absl::StatusOr<std::string> TidyJpegStream(absl::string_view stream, const JpegHeader& header) {
  const size_t end = stream.rfind(kEndMarker);
  if (end == absl::string_view::npos) return absl::DataLossError("the JPEG stream has no end");
  stream = stream.substr(0, end + kEndMarker.size());
  std::string tidy(stream.substr(0, 2));
  size_t at = 2;
  while (at + 4 <= stream.size()) {
    const int marker = Byte(stream, at + 1);
    if (marker == 0xFF) {  // Fill byte.
      ++at;
      continue;
    }
    const size_t bytes = 2 + static_cast<size_t>(Word(stream, at + 2));
    if (Byte(stream, at) != 0xFF || bytes < 4 || bytes > stream.size() - at) break;
    const bool dispensable = (marker >= kApplication0 && marker <= 0xEF) || marker == kComment;
    if (!dispensable) tidy.append(stream.data() + at, bytes);
    at += bytes;
    if (marker != kStartOfScan) continue;
    size_t scans = 1;
    for (size_t next = stream.find(kScanMarker, at); next != absl::string_view::npos;
         next = stream.find(kScanMarker, next + kScanMarker.size())) {
      if (++scans > kMaxScans) return absl::DataLossError("the JPEG stream has too many scans");
    }
    // The last three bytes of the segment: first and last coefficient, bit positions.
    if (header.sequential && bytes >= 8) tidy.replace(tidy.size() - 3, 3, "\x00\x3F\x00", 3);
    tidy.append(stream.data() + at, stream.size() - at);
    return tidy;
  }
  return absl::DataLossError("the JPEG stream has no scan");
}

bool RemovePadding(std::string& tidy) {
  const size_t end = tidy.size() - kEndMarker.size();
  const size_t last = tidy.find_last_not_of('\0', end - 1);
  // A zero behind 0xFF is no padding.
  const size_t keep = last + (static_cast<unsigned char>(tidy[last]) == 0xFF ? 2 : 1);
  if (keep >= end) return false;
  tidy.erase(keep, end - keep);
  return true;
}

}  // namespace camnode
