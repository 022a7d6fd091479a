// What a film shows without being looked at: brightness, sharpness, borders.
//
// In sets whose classes come from different devices or habits these tell the label, and a
// network may learn them instead of the disease.  shortcut_baseline.h measures how much
// they tell.

#ifndef CAMNODE_CORE_TRAINING_FIGURES_SHORTCUT_STATISTICS_H_
#define CAMNODE_CORE_TRAINING_FIGURES_SHORTCUT_STATISTICS_H_

#include <opencv2/core/mat.hpp>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"

namespace camnode {

inline constexpr int kPictureStatistics = 26;

// Size of the film before it was shrunk, in pixels; positive.
struct OriginalSize {
  int width = 0;
  int height = 0;
};

// Names of the statistics, in their order: 26, or 28 with the original's size.
std::vector<const char*> ShortcutStatisticNames(bool with_size);

// Of the S x S picture that a network is given (8 bits, before normalization), in grey
// levels 0 to 255 where no unit is said:
//
//    0, 1    mean and standard deviation
//    2-6     percentiles 1, 25, 50, 75, 99 (the smallest level that at least that share of
//            the pixels does not exceed)
//    7       entropy of the histogram of 256 levels, bits
//    8, 9    mean and standard deviation of the middle, S / 2 wide and high
//   10, 11   D of neighbours across and down, where D = log(1 + mean |difference|)
//   12, 13   D of second differences (left - 2 here + right), across and down: the highest
//            frequencies
//   14, 15   D of pixels S / 28 apart (8 of 224), across and down
//   16-19    mean of the strips along the top, bottom, left and right border, S / 16 wide
//   20-23    standard deviation in the same strips
//   24       mean of the upper half less that of the lower
//   25       mean |difference| of a pixel and its mirror image left to right
//
// and with `original`:
//   26       log of its number of pixels
//   27       log of its width over its height
//
// Thread-safe.
// Errors: kInvalidArgument (not square, side under 28; an original size not positive).
absl::StatusOr<std::vector<double>> ShortcutStatistics(
    const cv::Mat1b& picture, const absl::optional<OriginalSize>& original = absl::nullopt);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_FIGURES_SHORTCUT_STATISTICS_H_
