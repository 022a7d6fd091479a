#include "core/dicom/codec/jpeg2000_header.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace camnode {
namespace {

constexpr absl::string_view kJp2Signature("\0\0\0\x0CjP  ", 8);
constexpr uint32_t kStartOfCodestream = 0xFF4F;
constexpr uint32_t kSize = 0xFF51;
constexpr uint32_t kStartOfTilePart = 0xFF90;
constexpr uint32_t kEndOfCodestream = 0xFFD9;
constexpr size_t kTilePartHeaderBytes = 12;
constexpr size_t kSizeSegmentBytes = 38;  // Without the components.

uint32_t Byte(absl::string_view bytes, size_t at) { return static_cast<unsigned char>(bytes[at]); }
uint32_t Load16(absl::string_view bytes, size_t at) {
  return Byte(bytes, at) << 8 | Byte(bytes, at + 1);
}
int64_t Load32(absl::string_view bytes, size_t at) {
  return int64_t{Load16(bytes, at)} << 16 | Load16(bytes, at + 2);
}

absl::Status Damaged(absl::string_view what) {
  return absl::DataLossError(absl::StrCat("the JPEG 2000 stream ", what));
}

// Where the first tile-part begins.
absl::StatusOr<size_t> FindFirstTilePart(absl::string_view codestream) {
  size_t at = 2;
  while (at + 4 <= codestream.size()) {
    const uint32_t marker = Load16(codestream, at);
    if (marker == kStartOfTilePart) return at;
    const size_t length = Load16(codestream, at + 2);
    if (marker < 0xFF00 || length < 2) return Damaged("has a damaged header");
    at += 2 + length;
  }
  return Damaged("has no tile");
}

// Coded data never holds 0xFF before a byte above 0x8F (B.10.1, C.3); two markers may
// lie between packets.  What was overwritten soon does.
bool HoldsForeignMarker(absl::string_view tile_part) {
  constexpr uint32_t kStartOfData = 0xFF93;
  size_t at = kTilePartHeaderBytes;
  while (at + 4 <= tile_part.size() && Load16(tile_part, at) != kStartOfData) {
    at += 2 + Load16(tile_part, at + 2);
  }
  for (at = tile_part.find('\xFF', at + 2);
       at != absl::string_view::npos && at + 1 < tile_part.size();
       at = tile_part.find('\xFF', at + 1)) {
    const uint32_t next = Byte(tile_part, at + 1);
    if (next > 0x8F && next != 0x91 && next != 0x92) return true;
  }
  return false;
}

}  // namespace

absl::StatusOr<absl::string_view> FindCodestream(absl::string_view stream) {
  if (!absl::StartsWith(stream, kJp2Signature)) return stream;
  size_t at = 0;
  while (at + 16 <= stream.size()) {
    uint64_t length = static_cast<uint64_t>(Load32(stream, at));
    const absl::string_view type = stream.substr(at + 4, 4);
    size_t header = 8;
    if (length == 1) {
      length = static_cast<uint64_t>(Load32(stream, at + 8)) << 32 |
               static_cast<uint64_t>(Load32(stream, at + 12));
      header = 16;
    }
    if (length == 0) length = stream.size() - at;  // To the end.
    if (length < header || length > stream.size() - at) return Damaged("ends inside a JP2 box");
    if (type == "jp2c") return stream.substr(at + header, static_cast<size_t>(length) - header);
    at += static_cast<size_t>(length);
  }
  return Damaged("has no codestream");
}

absl::StatusOr<Jpeg2000Header> ReadJpeg2000Header(absl::string_view codestream) {
  if (codestream.size() < 4 + kSizeSegmentBytes || Load16(codestream, 0) != kStartOfCodestream ||
      Load16(codestream, 2) != kSize) {
    return Damaged("has no header");
  }
  const absl::string_view size = codestream.substr(4);
  const int64_t right = Load32(size, 4), bottom = Load32(size, 8);
  const int64_t left = Load32(size, 12), top = Load32(size, 16);
  const int64_t tile_width = Load32(size, 20), tile_height = Load32(size, 24);
  const int64_t tile_left = Load32(size, 28), tile_top = Load32(size, 32);
  Jpeg2000Header header;
  header.components = static_cast<int>(Load16(size, 36));
  const size_t components = static_cast<size_t>(header.components);
  if (Load16(size, 0) != kSizeSegmentBytes + 3 * components || components == 0 ||
      size.size() < kSizeSegmentBytes + 3 * components || right <= left || bottom <= top ||
      tile_width == 0 || tile_height == 0 || tile_left > left || tile_top > top) {
    return Damaged("has a damaged header");
  }
  header.columns = right - left;
  header.rows = bottom - top;
  for (size_t at = kSizeSegmentBytes; at < kSizeSegmentBytes + 3 * components; at += 3) {
    header.precision_bits =
        std::max(header.precision_bits, static_cast<int>(Byte(size, at) & 0x7F) + 1);
    header.subsampled |= Byte(size, at + 1) != 1 || Byte(size, at + 2) != 1;
  }
  const int64_t across = (right - tile_left + tile_width - 1) / tile_width;
  const int64_t down = (bottom - tile_top + tile_height - 1) / tile_height;
  if (across > kMaxJpeg2000Tiles || down > kMaxJpeg2000Tiles || across * down > kMaxJpeg2000Tiles) {
    return absl::InvalidArgumentError(
        absl::StrCat("the JPEG 2000 stream has more than ", kMaxJpeg2000Tiles, " tiles"));
  }
  header.tiles = across * down;
  return header;
}

absl::Status CheckTilesAreThere(absl::string_view codestream, const Jpeg2000Header& header) {
  const absl::StatusOr<size_t> first = FindFirstTilePart(codestream);
  if (!first.ok()) return first.status();
  std::vector<bool> seen(static_cast<size_t>(header.tiles), false);
  size_t at = *first;
  while (at + kTilePartHeaderBytes <= codestream.size() &&
         Load16(codestream, at) == kStartOfTilePart) {
    const size_t tile = Load16(codestream, at + 4);
    auto length = static_cast<size_t>(Load32(codestream, at + 6));
    if (tile >= seen.size()) return Damaged("has a tile too many");
    seen[tile] = true;
    if (length == 0) {  // To the end marker, which padding may follow.
      const size_t end = codestream.find_last_not_of('\0') - 1;
      if (end < at || Load16(codestream, end) != kEndOfCodestream) return Damaged("has no end");
      length = end - at;
    }
    if (length < kTilePartHeaderBytes || length > codestream.size() - at) {
      return Damaged("ends inside a tile");
    }
    if (HoldsForeignMarker(codestream.substr(at, length))) return Damaged("has damaged data");
    at += length;
  }
  if (std::find(seen.begin(), seen.end(), false) != seen.end()) return Damaged("lacks a tile");
  return absl::OkStatus();
}

}  // namespace camnode
