// The grayscale chain of PS3.3 C.11 and PS3.4 N.2: stored values to modality
// values, to the values of interest, to 8-bit pixels where 0 is black.
//
// Pure functions.  A film has at most 65,536 different stored values, so the
// chain is worked out once for each and then looked up per pixel.

#ifndef CAMNODE_CORE_DICOM_PIXELS_GRAYSCALE_H_
#define CAMNODE_CORE_DICOM_PIXELS_GRAYSCALE_H_

#include <cstdint>
#include <opencv2/core/mat.hpp>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "core/dicom/codec/pixel_format.h"
#include "core/dicom/file/attribute_table.h"

namespace camnode {

// The stored value that a container of bits_allocated bits holds: bits_stored bits
// ending at high_bit, sign extended for signed films.
int32_t StoredValue(uint32_t container, const PixelFormat& format);

// A Modality or VOI LUT (PS3.3 C.11.1, C.11.2): entries of `bits` bits; values
// below first_mapped take the first entry, beyond the end the last.
struct LookupTable {
  int32_t first_mapped = 0;
  int bits = 16;
  std::vector<uint16_t> entries;  // Never empty.

  double Look(double value) const;
};

enum class WindowFunction { kLinear, kLinearExact, kSigmoid };

struct Window {
  WindowFunction function = WindowFunction::kLinear;
  double center = 0.0;
  double width = 1.0;  // Positive; at least 1 for kLinear.

  // Where `value` lies in the window: 0 to 1.
  double Apply(double value) const;
};

struct GrayscaleChain {
  absl::optional<LookupTable> modality_lut;
  double slope = 1.0;
  double intercept = 0.0;
  absl::optional<LookupTable> voi_lut;  // Goes before the window.
  absl::optional<Window> window;
  bool inverted = false;  // MONOCHROME1 or Presentation LUT Shape INVERSE.
  // Stored values between these are padding (PS3.3 C.7.5.1.1.2): black, whatever the
  // rest of the chain says, and no part of the percentiles.
  absl::optional<int32_t> padding_low;
  int32_t padding_high = 0;

  double ModalityValue(int32_t stored) const;
};

// Errors: kInvalidArgument (a LUT contradicts its descriptor; Rescale Slope 0 or beyond 1e30).  A
// window that is none (no number, width 0) counts as absent.
absl::StatusOr<GrayscaleChain> ReadGrayscaleChain(const AttributeTable& table,
                                                  const PixelFormat& format);

struct GrayscaleFilm {
  cv::Mat1b presentation;
  cv::Mat1f modality_values;
  cv::Mat1b background;  // As in Radiograph.
};

// `samples`: rows x columns containers of bytes_per_sample (1 or 2), little endian.
// `shutter`: empty, or as ReadShutter gives it: black, and no part of the
// percentiles.  Modality values cost four bytes a pixel: only if kept.
// A chain with neither VOI LUT nor window shows 8-bit films without modality
// transformation as they are, and others from their 1st to their 99th percentile
// of modality values.
GrayscaleFilm ApplyGrayscaleChain(absl::string_view samples, int bytes_per_sample,
                                  const PixelFormat& format, const GrayscaleChain& chain,
                                  const cv::Mat1b& shutter = cv::Mat1b(),
                                  bool keep_modality_values = true);

}  // namespace camnode

#endif  // CAMNODE_CORE_DICOM_PIXELS_GRAYSCALE_H_
