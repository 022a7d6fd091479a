#include "core/dicom/pixels/palette.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/dicom/file/dataset_scanner.h"
#include "core/dicom/file/tags.h"
#include "core/dicom/pixels/grayscale.h"

namespace camnode {
namespace {

struct Channel {
  uint32_t descriptor;
  uint32_t data;
};
constexpr Channel kChannels[] = {{tags::kRedPaletteDescriptor, tags::kRedPaletteData},
                                 {tags::kGreenPaletteDescriptor, tags::kGreenPaletteData},
                                 {tags::kBluePaletteDescriptor, tags::kBluePaletteData}};

// One channel: 8 bits for each stored value from first_mapped on; below it the first entry,
// beyond the end the last (PS3.3 C.7.6.3.1.5).
struct ChannelTable {
  int32_t first_mapped = 0;
  std::vector<char> entries;  // Never empty.

  char Look(int32_t stored) const {
    const auto last = static_cast<int64_t>(entries.size()) - 1;
    const int64_t index = std::clamp<int64_t>(int64_t{stored} - first_mapped, 0, last);
    return entries[static_cast<size_t>(index)];
  }
};

// The descriptor (PS3.3 C.7.6.3.1.5): how many entries, which stored value the first
// belongs to, bits of an entry.  8-bit entries lie in bytes or, padded by some writers,
// in words.
absl::StatusOr<ChannelTable> ReadChannel(const AttributeTable& table, const Channel& channel,
                                         bool is_signed) {
  const std::vector<uint16_t> descriptor = table.Words(channel.descriptor);
  if (descriptor.size() < 3) {
    return absl::InvalidArgumentError(
        absl::StrCat("the palette descriptor ", TagText(channel.descriptor), " is absent"));
  }
  const size_t entries = descriptor[0] == 0 ? 65'536 : descriptor[0];  // 16 bits hold no 65,536.
  const int bits = descriptor[2];
  const std::string& bytes = table.Bytes(channel.data);
  ChannelTable read;
  read.first_mapped = is_signed ? static_cast<int16_t>(descriptor[1]) : descriptor[1];
  if (bits == 8 && bytes.size() < 2 * entries && bytes.size() >= entries) {
    read.entries.assign(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(entries));
    return read;
  }
  const std::vector<uint16_t> words = table.Words(channel.data);
  if ((bits != 8 && bits != 16) || words.size() < entries) {
    return absl::InvalidArgumentError(
        absl::StrCat("the palette in ", TagText(channel.data), " contradicts its descriptor"));
  }
  // Tables of 16 bits that hold values of 8: some writers fill the lower byte only.
  const uint16_t highest = *std::max_element(words.begin(), words.end());
  const int shift = bits == 16 && highest > 0xFF ? 8 : 0;
  for (size_t i = 0; i < entries; ++i) read.entries.push_back(static_cast<char>(words[i] >> shift));
  return read;
}

}  // namespace

absl::StatusOr<DecodedFrame> ApplyPalette(const DecodedFrame& frame, const PixelFormat& format,
                                          const AttributeTable& table) {
  if (table.Has(tags::kSegmentedRedPaletteData)) {
    return absl::UnimplementedError("a segmented palette (0028,1221) is not supported");
  }
  std::vector<ChannelTable> channels;
  for (const Channel& channel : kChannels) {
    CAMNODE_ASSIGN_OR_RETURN(ChannelTable read, ReadChannel(table, channel, format.is_signed));
    channels.push_back(std::move(read));
  }
  DecodedFrame colours;
  colours.bytes_per_sample = 1;
  colours.photometric = "RGB";
  const auto pixels = static_cast<size_t>(format.Pixels());
  colours.samples.reserve(3 * pixels);
  for (size_t pixel = 0; pixel < pixels; ++pixel) {
    const int32_t stored =
        StoredValue(SampleContainer(frame.samples, pixel, frame.bytes_per_sample), format);
    for (const ChannelTable& channel : channels) colours.samples.push_back(channel.Look(stored));
  }
  return colours;
}

}  // namespace camnode
