#include "core/dicom/codec/pixel_format.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/status_macros.h"
#include "core/dicom/file/tags.h"

namespace camnode {
namespace {

constexpr std::array<absl::string_view, 3> kSingle = {"MONOCHROME1", "MONOCHROME2",
                                                      "PALETTE COLOR"};
constexpr std::array<absl::string_view, 5> kColour = {"RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT",
                                                      "YBR_RCT"};

template <size_t N>
bool Contains(const std::array<absl::string_view, N>& list, absl::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

absl::Status Contradiction(absl::string_view what) { return absl::InvalidArgumentError(what); }

// The text is the peer's: it is named only if it is one the standard knows.
absl::Status CheckPhotometric(const PixelFormat& format) {
  const absl::string_view text = format.photometric;
  if (text.empty()) {
    return Contradiction("Photometric Interpretation (0028,0004) is absent");
  }
  if (Contains(kSingle, text) || Contains(kColour, text)) {
    const int samples = Contains(kColour, text) ? 3 : 1;
    if (samples == format.samples) return absl::OkStatus();
    return Contradiction(absl::StrCat("Photometric Interpretation (0028,0004) ", text,
                                      " contradicts Samples per Pixel (0028,0002) ",
                                      format.samples));
  }
  constexpr std::array<absl::string_view, 5> kKnownElsewhere = {
      "ARGB", "CMYK", "HSV", "YBR_PARTIAL_422", "YBR_PARTIAL_420"};
  return absl::UnimplementedError(absl::StrCat(
      "Photometric Interpretation (0028,0004) ",
      Contains(kKnownElsewhere, text) ? text : "with an unknown value", " is not supported"));
}

absl::Status CheckBits(const PixelFormat& format) {
  const bool bitmap = format.bits_allocated == 1 && format.IsGrayscale();
  if (!bitmap && format.bits_allocated != 8 && format.bits_allocated != 16) {
    return absl::UnimplementedError(
        absl::StrCat("Bits Allocated (0028,0100) ", format.bits_allocated, " is not supported"));
  }
  if (format.bits_stored < 1 || format.bits_stored > format.bits_allocated) {
    return Contradiction(absl::StrCat("Bits Stored (0028,0101) ", format.bits_stored,
                                      " contradicts Bits Allocated (0028,0100) ",
                                      format.bits_allocated));
  }
  if (format.high_bit < format.bits_stored - 1 || format.high_bit >= format.bits_allocated) {
    return Contradiction(absl::StrCat("High Bit (0028,0102) ", format.high_bit,
                                      " contradicts Bits Stored (0028,0101) ", format.bits_stored));
  }
  return absl::OkStatus();
}

}  // namespace

uint32_t SampleContainer(absl::string_view samples, size_t index, int bytes_per_sample) {
  if (bytes_per_sample == 1) return static_cast<unsigned char>(samples[index]);
  return static_cast<unsigned char>(samples[2 * index]) |
         static_cast<uint32_t>(static_cast<unsigned char>(samples[2 * index + 1])) << 8;
}

int64_t PixelFormat::FrameBytes() const {
  if (bits_allocated == 1) return (Pixels() + 7) / 8;
  const int64_t bytes = bits_allocated / 8;
  // Two luma samples share one pair of chroma samples.
  if (photometric == "YBR_FULL_422") return int64_t{rows} * ((columns + 1) / 2) * 4 * bytes;
  return Pixels() * samples * bytes;
}

absl::StatusOr<PixelFormat> ReadPixelFormat(const AttributeTable& table, int64_t max_pixels) {
  PixelFormat format;
  format.rows = table.Word(tags::kRows).value_or(0);
  format.columns = table.Word(tags::kColumns).value_or(0);
  if (format.rows == 0 || format.columns == 0) {
    return Contradiction("Rows (0028,0010) or Columns (0028,0011) is absent or 0");
  }
  if (format.Pixels() > max_pixels) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the film has ", format.Pixels(), " pixels, at most ", max_pixels, " are allowed"));
  }
  format.samples = table.Word(tags::kSamplesPerPixel).value_or(1);
  format.bits_allocated = table.Word(tags::kBitsAllocated).value_or(0);
  format.bits_stored = table.Word(tags::kBitsStored).value_or(format.bits_allocated);
  format.high_bit = table.Word(tags::kHighBit).value_or(format.bits_stored - 1);
  const int representation = table.Word(tags::kPixelRepresentation).value_or(0);
  if (representation > 1) {
    return Contradiction("Pixel Representation (0028,0103) is neither 0 nor 1");
  }
  format.is_signed = representation == 1;
  format.planar = table.Word(tags::kPlanarConfiguration).value_or(0) == 1;
  format.photometric = table.Text(tags::kPhotometricInterpretation);
  CAMNODE_RETURN_IF_ERROR(CheckPhotometric(format));
  CAMNODE_RETURN_IF_ERROR(CheckBits(format));
  return format;
}

absl::Status CheckStreamFormat(const StreamFormat& stream, const PixelFormat& format,
                               absl::string_view kind) {
  if (stream.rows != format.rows || stream.columns != format.columns ||
      stream.components != format.samples) {
    return Contradiction(absl::StrCat("the size or components of the ", kind,
                                      " stream contradict Rows (0028,0010), Columns (0028,0011) or "
                                      "Samples per Pixel (0028,0002)"));
  }
  if (stream.precision_bits < 1 || stream.precision_bits > format.bits_allocated) {
    return Contradiction(absl::StrCat("the precision of the ", kind,
                                      " stream contradicts Bits Allocated (0028,0100)"));
  }
  return absl::OkStatus();
}

}  // namespace camnode
