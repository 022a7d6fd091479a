#include "core/dicom/pixels/grayscale.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <opencv2/core.hpp>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/dicom/file/dataset_scanner.h"
#include "core/dicom/file/tags.h"

namespace camnode {
namespace {

// Modality values must stay finite as floats.
constexpr double kMaxRescale = 1e30;

// Reads the first item of a Modality or VOI LUT Sequence (PS3.3 C.11.1.1, C.11.2.1.1).  Its
// descriptor: how many entries, which value the first belongs to (signed where the input is),
// bits of an entry.
absl::StatusOr<LookupTable> ReadLookupTable(const AttributeTable& table, uint32_t sequence,
                                            bool signed_input) {
  const auto broken = [sequence](absl::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat("the LUT in ", TagText(sequence), " ", what));
  };
  const std::vector<uint16_t> descriptor = table.Words(tags::kLutDescriptor, sequence);
  if (descriptor.size() < 3) return broken("has no descriptor");
  LookupTable lut;
  const size_t entries = descriptor[0] == 0 ? 65'536 : descriptor[0];  // 16 bits hold no 65,536.
  const std::string& vr = table.Vr(tags::kLutDescriptor, sequence);
  const bool signed_first = vr == "SS" || (vr != "US" && signed_input);
  lut.first_mapped = signed_first ? static_cast<int16_t>(descriptor[1]) : descriptor[1];
  lut.bits = descriptor[2];
  if (lut.bits < 1 || lut.bits > 16) return broken("has no 1 to 16 bits");
  const std::string& bytes = table.Bytes(tags::kLutData, sequence);
  if (bytes.size() >= 2 * entries) {
    lut.entries = table.Words(tags::kLutData, sequence);
  } else if (bytes.size() >= entries && lut.bits <= 8) {
    for (const char byte : bytes) lut.entries.push_back(static_cast<unsigned char>(byte));
  } else {
    return broken("has less data than its descriptor says");
  }
  lut.entries.resize(entries);
  return lut;
}

absl::optional<Window> ReadWindow(const AttributeTable& table) {
  const absl::optional<double> center = table.Decimal(tags::kWindowCenter);
  const absl::optional<double> width = table.Decimal(tags::kWindowWidth);
  if (!center || !width || !(*width > 0.0)) return absl::nullopt;
  Window window;
  window.center = *center;
  window.width = *width;
  const std::string function = table.Text(tags::kVoiLutFunction);
  if (function == "SIGMOID") {
    window.function = WindowFunction::kSigmoid;
  } else if (function == "LINEAR_EXACT" || *width < 1.0) {
    // LINEAR asks for a width of at least 1; films with real-valued modality values
    // and narrower windows mean the exact function.
    window.function = WindowFunction::kLinearExact;
  }
  return window;
}

// PS3.3 C.7.5.1.1.2: from the value to the limit, whichever is the lower; without a limit
// the one value.
void ReadPadding(const AttributeTable& table, const PixelFormat& format, GrayscaleChain& chain) {
  const absl::optional<int> value = table.Word(tags::kPixelPaddingValue);
  if (!value) return;
  const auto stored = [&format](int word) {
    return format.is_signed ? static_cast<int32_t>(static_cast<int16_t>(word)) : word;
  };
  const int32_t first = stored(*value);
  const int32_t limit = stored(table.Word(tags::kPixelPaddingRangeLimit).value_or(*value));
  chain.padding_low = std::min(first, limit);
  chain.padding_high = std::max(first, limit);
}

bool IsPadding(const GrayscaleChain& chain, int32_t stored) {
  return chain.padding_low && stored >= *chain.padding_low && stored <= chain.padding_high;
}

// The value below or at which a share of the pixels lies (nearest rank).
// REQUIRES: `counts` is sorted by value and holds at least one pixel.
double Percentile(const std::vector<std::pair<double, int64_t>>& counts, int64_t pixels,
                  int percent) {
  const int64_t rank = std::max<int64_t>(1, (pixels * percent + 99) / 100);
  int64_t seen = 0;
  for (const auto& [value, count] : counts) {
    seen += count;
    if (seen >= rank) return value;
  }
  return counts.back().first;
}

// From the 1st to the 99th percentile of what is no background.
Window PercentileWindow(const std::vector<int64_t>& histogram, const PixelFormat& format,
                        const GrayscaleChain& chain) {
  std::vector<std::pair<double, int64_t>> counts;
  int64_t pixels = 0;
  for (size_t container = 0; container < histogram.size(); ++container) {
    if (histogram[container] == 0) continue;
    const int32_t stored = StoredValue(static_cast<uint32_t>(container), format);
    if (IsPadding(chain, stored)) continue;
    counts.emplace_back(chain.ModalityValue(stored), histogram[container]);
    pixels += histogram[container];
  }
  Window window;
  window.function = WindowFunction::kLinearExact;
  if (counts.empty()) return window;
  std::sort(counts.begin(), counts.end());
  double low = Percentile(counts, pixels, 1);
  double high = Percentile(counts, pixels, 99);
  if (high <= low) {
    low = counts.front().first;
    high = counts.back().first;
  }
  window.center = (low + high) / 2;
  window.width = high > low ? high - low : 1.0;
  return window;
}

// How many pixels that no shutter covers each container has.
std::vector<int64_t> Histogram(absl::string_view samples, int bytes_per_sample,
                               const cv::Mat1b& shutter, size_t pixels) {
  std::vector<int64_t> histogram(bytes_per_sample == 1 ? 256 : 65'536, 0);
  const uint8_t* const covered = shutter.empty() ? nullptr : shutter.ptr<uint8_t>();
  for (size_t pixel = 0; pixel < pixels; ++pixel) {
    if (covered != nullptr && covered[pixel] != 0) continue;
    ++histogram[SampleContainer(samples, pixel, bytes_per_sample)];
  }
  return histogram;
}

// round(255 value), or of 1 - value where the lowest value is white.
uint8_t ToPixel(double value, bool inverted) {
  const double clamped = std::min(1.0, std::max(0.0, value));
  return static_cast<uint8_t>(std::floor((inverted ? 1.0 - clamped : clamped) * 255.0 + 0.5));
}

// Is it an ordinary 8-bit picture, meant to be shown as it is?
bool ShownAsIs(const PixelFormat& format, const GrayscaleChain& chain) {
  return format.bits_stored == 8 && !format.is_signed && !chain.modality_lut &&
         chain.slope == 1.0 && chain.intercept == 0.0;
}

}  // namespace

// PS3.5 8.1.1: bits_stored bits end at high_bit; the highest of them is the sign (two's
// complement).
int32_t StoredValue(uint32_t container, const PixelFormat& format) {
  const uint32_t mask = (uint32_t{1} << format.bits_stored) - 1;
  const uint32_t bits = (container >> (format.high_bit + 1 - format.bits_stored)) & mask;
  const uint32_t sign = uint32_t{1} << (format.bits_stored - 1);
  if (!format.is_signed || (bits & sign) == 0) return static_cast<int32_t>(bits);
  return static_cast<int32_t>(bits) - static_cast<int32_t>(mask) - 1;
}

// PS3.3 C.11.1.1.1: below the first mapped value the first entry, beyond the last the
// last.
double LookupTable::Look(double value) const {
  const double last = static_cast<double>(entries.size() - 1);
  const double index = std::min(last, std::max(0.0, std::floor(value + 0.5) - first_mapped));
  return entries[static_cast<size_t>(index)];
}

// PS3.3 C.11.2.1.2.1 (LINEAR), C.11.2.1.3.2 (LINEAR_EXACT) and C.11.2.1.3.1
// (SIGMOID), for output values from 0 to 1:
//   LINEAR        x <= c - 0.5 - (w - 1) / 2: 0;  x > c - 0.5 + (w - 1) / 2: 1;
//                 else (x - (c - 0.5)) / (w - 1) + 0.5
//   LINEAR_EXACT  x <= c - w / 2: 0;  x > c + w / 2: 1;  else (x - c) / w + 0.5
//   SIGMOID       1 / (1 + exp(-4 (x - c) / w))
double Window::Apply(double value) const {
  switch (function) {
    case WindowFunction::kLinear: {
      const double middle = center - 0.5;
      const double reach = (width - 1.0) / 2.0;
      if (value <= middle - reach) return 0.0;
      if (value > middle + reach) return 1.0;
      return (value - middle) / (width - 1.0) + 0.5;
    }
    case WindowFunction::kLinearExact:
      if (value <= center - width / 2.0) return 0.0;
      if (value > center + width / 2.0) return 1.0;
      return (value - center) / width + 0.5;
    case WindowFunction::kSigmoid:
      return 1.0 / (1.0 + std::exp(-4.0 * (value - center) / width));
  }
  return 0.0;
}

// PS3.3 C.11.1: the LUT, or m SV + b.
double GrayscaleChain::ModalityValue(int32_t stored) const {
  return modality_lut ? modality_lut->Look(stored) : stored * slope + intercept;
}

absl::StatusOr<GrayscaleChain> ReadGrayscaleChain(const AttributeTable& table,
                                                  const PixelFormat& format) {
  GrayscaleChain chain;
  if (table.Has(tags::kLutDescriptor, tags::kModalityLutSequence)) {
    CAMNODE_ASSIGN_OR_RETURN(chain.modality_lut,
                             ReadLookupTable(table, tags::kModalityLutSequence, format.is_signed));
  } else {
    chain.slope = table.Decimal(tags::kRescaleSlope).value_or(1.0);
    chain.intercept = table.Decimal(tags::kRescaleIntercept).value_or(0.0);
    if (chain.slope == 0.0) return absl::InvalidArgumentError("Rescale Slope (0028,1053) is 0");
    if (std::abs(chain.slope) > kMaxRescale || std::abs(chain.intercept) > kMaxRescale) {
      return absl::InvalidArgumentError(
          "Rescale Slope (0028,1053) or Rescale Intercept (0028,1052) is beyond any use");
    }
  }
  if (table.Has(tags::kLutDescriptor, tags::kVoiLutSequence)) {
    const bool signed_input = format.is_signed || chain.intercept < 0.0;
    CAMNODE_ASSIGN_OR_RETURN(chain.voi_lut,
                             ReadLookupTable(table, tags::kVoiLutSequence, signed_input));
  } else {
    chain.window = ReadWindow(table);
  }
  chain.inverted =
      format.photometric == "MONOCHROME1" || table.Text(tags::kPresentationLutShape) == "INVERSE";
  ReadPadding(table, format, chain);
  return chain;
}

namespace {

// The chain worked out for every container that there may be.
struct ChainTable {
  std::vector<float> modality_values;
  std::vector<uint8_t> presentation;
  std::vector<uint8_t> background;  // 255: padding.
  bool has_padding = false;
};

ChainTable Tabulate(const GrayscaleChain& chain, const Window& window, const PixelFormat& format,
                    int bytes_per_sample) {
  const size_t containers = bytes_per_sample == 1 ? 256 : 65'536;
  ChainTable table;
  table.modality_values.resize(containers);
  table.presentation.resize(containers);
  table.background.resize(containers);
  for (size_t container = 0; container < containers; ++container) {
    const int32_t stored = StoredValue(static_cast<uint32_t>(container), format);
    const double value = chain.ModalityValue(stored);
    table.modality_values[container] = static_cast<float>(value);
    if (IsPadding(chain, stored)) {
      table.background[container] = 255;
      table.has_padding = true;
      continue;  // Black, whatever the window and the inversion.
    }
    const double shown = chain.voi_lut
                             ? chain.voi_lut->Look(value) / ((1 << chain.voi_lut->bits) - 1)
                             : window.Apply(value);
    table.presentation[container] = ToPixel(shown, chain.inverted);
  }
  return table;
}

template <int bytes_per_sample, typename Value>
void LookUp(absl::string_view samples, const std::vector<Value>& table, cv::Mat_<Value>& image) {
  Value* const out = image.template ptr<Value>();
  const size_t pixels = image.total();
  for (size_t pixel = 0; pixel < pixels; ++pixel) {
    out[pixel] = table[SampleContainer(samples, pixel, bytes_per_sample)];
  }
}

template <typename Value>
cv::Mat_<Value> LookUp(absl::string_view samples, int bytes_per_sample,
                       const std::vector<Value>& table, const PixelFormat& format) {
  cv::Mat_<Value> image(format.rows, format.columns);
  if (bytes_per_sample == 1) {
    LookUp<1>(samples, table, image);
  } else {
    LookUp<2>(samples, table, image);
  }
  return image;
}

// The film's own; without one, what the header says of 8-bit and other films.
Window WindowOf(const GrayscaleChain& chain, absl::string_view samples, int bytes_per_sample,
                const PixelFormat& format, const cv::Mat1b& shutter) {
  if (chain.window) return *chain.window;
  if (chain.voi_lut) return Window();  // Not looked at.
  if (ShownAsIs(format, chain)) return Window{WindowFunction::kLinearExact, 127.5, 255.0};
  const auto pixels = static_cast<size_t>(format.Pixels());
  return PercentileWindow(Histogram(samples, bytes_per_sample, shutter, pixels), format, chain);
}

}  // namespace

GrayscaleFilm ApplyGrayscaleChain(absl::string_view samples, int bytes_per_sample,
                                  const PixelFormat& format, const GrayscaleChain& chain,
                                  const cv::Mat1b& shutter, bool keep_modality_values) {
  const Window window = WindowOf(chain, samples, bytes_per_sample, format, shutter);
  const ChainTable table = Tabulate(chain, window, format, bytes_per_sample);
  GrayscaleFilm film;
  film.presentation = LookUp(samples, bytes_per_sample, table.presentation, format);
  if (keep_modality_values) {
    film.modality_values = LookUp(samples, bytes_per_sample, table.modality_values, format);
  }
  if (table.has_padding) {
    film.background = LookUp(samples, bytes_per_sample, table.background, format);
  }
  if (!shutter.empty()) {
    film.presentation.setTo(0, shutter);
    if (film.background.empty()) {
      film.background = shutter.clone();
    } else {
      cv::bitwise_or(film.background, shutter, film.background);
    }
  }
  return film;
}

}  // namespace camnode
