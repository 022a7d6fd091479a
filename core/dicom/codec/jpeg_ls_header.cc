#include "core/dicom/codec/jpeg_ls_header.h"

#include "absl/strings/match.h"
#include "core/base/status_macros.h"

namespace camnode {
namespace {

constexpr int kStartOfImage = 0xD8;
constexpr int kEndOfImage = 0xD9;
constexpr int kStartOfScan = 0xDA;
constexpr int kRestartInterval = 0xDD;
constexpr int kApplication8 = 0xE8;
constexpr int kStartOfFrame = 0xF7;
constexpr int kPresetParameters = 0xF8;

int Byte(absl::string_view bytes, size_t at) { return static_cast<unsigned char>(bytes[at]); }
int Word(absl::string_view bytes, size_t at) { return Byte(bytes, at) << 8 | Byte(bytes, at + 1); }

absl::Status Damaged() { return absl::DataLossError("the JPEG-LS stream has a damaged header"); }

absl::Status ReadFrame(absl::string_view segment, JpegLsHeader& header) {
  if (segment.size() < 6) return Damaged();
  header.precision_bits = Byte(segment, 0);
  header.rows = Word(segment, 1);
  header.columns = Word(segment, 3);
  header.components = Byte(segment, 5);
  if (segment.size() < 6 + 3 * static_cast<size_t>(header.components)) return Damaged();
  for (int i = 0; i < header.components; ++i) {
    if (Byte(segment, 7 + 3 * static_cast<size_t>(i)) != 0x11) {
      return absl::UnimplementedError("subsampled JPEG-LS is not supported");
    }
  }
  return absl::OkStatus();
}

absl::Status ReadPreset(absl::string_view segment, JpegLsHeader& header) {
  if (segment.empty()) return Damaged();
  switch (Byte(segment, 0)) {
    case 1:
      if (segment.size() < 11) return Damaged();
      header.preset_max_value = Word(segment, 1);
      for (size_t i = 0; i < 3; ++i) header.preset_thresholds[i] = Word(segment, 3 + 2 * i);
      header.preset_reset = Word(segment, 9);
      return absl::OkStatus();
    case 2:
    case 3:
      return absl::UnimplementedError("JPEG-LS with mapping tables is not supported");
    case 4:
      return absl::UnimplementedError("JPEG-LS of more than 65,535 lines is not supported");
    default:
      return Damaged();
  }
}

absl::Status ReadScan(absl::string_view segment, JpegLsHeader& header) {
  if (segment.empty()) return Damaged();
  const int components = Byte(segment, 0);
  const size_t behind = 1 + 2 * static_cast<size_t>(components);
  if (header.components == 0 || components == 0 || segment.size() < behind + 3) return Damaged();
  for (size_t i = 2; i < behind; i += 2) {
    if (Byte(segment, i) != 0) {
      return absl::UnimplementedError("JPEG-LS with mapping tables is not supported");
    }
  }
  header.scan_components = components;
  header.near = Byte(segment, behind);
  const int interleave = Byte(segment, behind + 1);
  if (interleave > 2) return Damaged();
  header.interleave = static_cast<JpegLsInterleave>(interleave);
  return absl::OkStatus();
}

absl::Status ReadRestart(absl::string_view segment, JpegLsHeader& header) {
  if (segment.size() < 2 || segment.size() > 4) return Damaged();
  header.restart_lines = 0;
  for (size_t i = 0; i < segment.size(); ++i) {
    header.restart_lines = header.restart_lines << 8 | Byte(segment, i);
  }
  return absl::OkStatus();
}

// Hewlett-Packard's colour transformations, which the standard does not know.
absl::Status ReadApplication8(absl::string_view segment) {
  if (absl::StartsWith(segment, "mrfx") && segment.size() >= 5 && Byte(segment, 4) != 0) {
    return absl::UnimplementedError("JPEG-LS with a colour transformation is not supported");
  }
  return absl::OkStatus();
}

absl::Status ReadSegment(int marker, absl::string_view segment, JpegLsHeader& header) {
  switch (marker) {
    case kStartOfFrame:
      return ReadFrame(segment, header);
    case kPresetParameters:
      return ReadPreset(segment, header);
    case kStartOfScan:
      return ReadScan(segment, header);
    case kRestartInterval:
      return ReadRestart(segment, header);
    case kApplication8:
      return ReadApplication8(segment);
    default:
      // Application segments and comments; any other frame is not JPEG-LS.
      return marker >= 0xC0 && marker <= 0xCF ? Damaged() : absl::OkStatus();
  }
}

}  // namespace

absl::Status ReadJpegLsScan(absl::string_view stream, size_t at, JpegLsHeader& header) {
  if (stream.size() < 2 || Word(stream, 0) != (0xFF00 | kStartOfImage)) return Damaged();
  while (at + 4 <= stream.size()) {
    if (Byte(stream, at) != 0xFF) return Damaged();
    const int marker = Byte(stream, at + 1);
    if (marker == 0xFF) {  // Fill byte.
      ++at;
      continue;
    }
    const auto length = static_cast<size_t>(Word(stream, at + 2));
    if (marker == kEndOfImage || marker == kStartOfImage || length < 2 ||
        length > stream.size() - at - 2) {
      return Damaged();
    }
    CAMNODE_RETURN_IF_ERROR(ReadSegment(marker, stream.substr(at + 4, length - 2), header));
    at += 2 + length;
    header.data = at;
    if (marker == kStartOfScan) return absl::OkStatus();
  }
  return Damaged();
}

}  // namespace camnode
