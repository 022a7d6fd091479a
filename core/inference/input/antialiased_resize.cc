#include "core/inference/input/antialiased_resize.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/base/vector_unit.h"
#include "core/inference/input/resize_passes.h"

namespace camnode {
namespace {

// As many as Pillow's: a row of 8 bits times these stays within 32 bits.
constexpr int kMaxShift = 22;

// What one axis of the result takes from the film.
struct Filter {
  std::vector<int> firsts;       // By pixel of the result: where its taps begin.
  std::vector<int16_t> weights;  // [pixels, taps], as 1 << shift parts of one
  int taps = 0;                  // A multiple of kTapsAtOnce.
  int used_taps = 0;             // Beyond these every weight is 0.
  int shift = 0;
};

// Pillow's bilinear filter for one pixel: with scale = length / pixels, 1 - |d| / max(scale, 1)
// for taps d from the pixel's centre, over their sum.  Returns where they begin.
int TriangleWeights(int pixel, int length, double scale, int most, std::vector<double>& weights) {
  const double reach = std::max(scale, 1.0);
  const double center = scale * (pixel + 0.5);
  const int first = std::max(static_cast<int>(center - reach + 0.5), 0);
  const int count =
      std::clamp(std::min(static_cast<int>(center + reach + 0.5), length) - first, 0, most);
  weights.assign(static_cast<size_t>(count), 0.0);
  const double inverse = 1.0 / reach;
  double sum = 0.0;
  for (int k = 0; k < count; ++k) {
    const double distance = std::abs((k + first - center + 0.5) * inverse);
    weights[static_cast<size_t>(k)] = distance < 1.0 ? 1.0 - distance : 0.0;
    sum += weights[static_cast<size_t>(k)];
  }
  for (double& weight : weights) weight /= sum;
  return first;
}

// The finest parts of one in which the largest weight is below 1 << 15.
int ShiftFor(double largest_weight) {
  int shift = 0;
  while (shift < kMaxShift &&
         static_cast<int>(0.5 + largest_weight * (1 << (shift + 1))) < (1 << 15)) {
    ++shift;
  }
  return shift;
}

// Every pixel's weights as whole numbers, rounded to 1 << shift parts of one as Pillow's
// 8-bit filter has them; rows are filled up with zeros to whole vectors.
Filter MakeFilter(int length, int pixels) {
  const double scale = static_cast<double>(length) / pixels;
  const int most = static_cast<int>(std::ceil(std::max(scale, 1.0))) * 2 + 1;
  Filter filter;
  std::vector<std::vector<double>> exact(static_cast<size_t>(pixels));
  double largest = 0.0;
  for (int pixel = 0; pixel < pixels; ++pixel) {
    std::vector<double>& weights = exact[static_cast<size_t>(pixel)];
    filter.firsts.push_back(TriangleWeights(pixel, length, scale, most, weights));
    filter.used_taps = std::max(filter.used_taps, static_cast<int>(weights.size()));
    for (const double weight : weights) largest = std::max(largest, weight);
  }
  filter.taps = (filter.used_taps + kTapsAtOnce - 1) / kTapsAtOnce * kTapsAtOnce;
  filter.shift = ShiftFor(largest);
  filter.weights.resize(static_cast<size_t>(pixels) * static_cast<size_t>(filter.taps));
  for (size_t pixel = 0; pixel < exact.size(); ++pixel) {
    std::transform(
        exact[pixel].begin(), exact[pixel].end(),
        filter.weights.begin() + static_cast<long>(pixel) * filter.taps,
        [&](double weight) { return static_cast<int16_t>(weight * (1 << filter.shift) + 0.5); });
  }
  return filter;
}

const ResizePasses& BestPasses() {
  switch (BestVectorUnit()) {
    case VectorUnit::kAvx512:
      return avx512::kResizePasses;
    case VectorUnit::kAvx2:
      return avx2::kResizePasses;
    case VectorUnit::kBaseline:
      break;
  }
  return baseline::kResizePasses;
}

// The first pass: each row alone, to its new width.
cv::Mat1b ResizeColumns(const cv::Mat1b& gray, int columns) {
  const Filter filter = MakeFilter(gray.cols, columns);
  std::vector<int16_t> room(static_cast<size_t>(gray.cols + filter.taps));
  cv::Mat1b result(gray.rows, columns);
  ColumnPass pass;
  pass.in_columns = gray.cols;
  pass.weights = filter.weights.data();
  pass.firsts = filter.firsts.data();
  pass.taps = filter.taps;
  pass.shift = filter.shift;
  pass.out_columns = columns;
  pass.room = room.data();
  const ResizePasses& passes = BestPasses();
  for (int row = 0; row < gray.rows; ++row) {
    pass.in = gray[row];
    pass.out = result[row];
    passes.columns(pass);
  }
  return result;
}

// The second: each new row is a sum of rows.  REQUIRES: `gray` is continuous.
cv::Mat1b ResizeRows(const cv::Mat1b& gray, int rows) {
  const Filter filter = MakeFilter(gray.rows, rows);
  cv::Mat1b result(rows, gray.cols);
  RowPass pass;
  pass.columns = gray.cols;
  pass.shift = filter.shift;
  const ResizePasses& passes = BestPasses();
  for (int row = 0; row < rows; ++row) {
    const int first = filter.firsts[static_cast<size_t>(row)];
    pass.in = gray[first];
    pass.weights = filter.weights.data() + static_cast<long>(row) * filter.taps;
    pass.taps = std::min(filter.used_taps, gray.rows - first);
    pass.out = result[row];
    passes.rows(pass);
  }
  return result;
}

}  // namespace

cv::Mat1b AntialiasedResize(const cv::Mat1b& gray, const cv::Size& size) {
  const cv::Mat1b narrow = gray.cols == size.width ? gray.clone() : ResizeColumns(gray, size.width);
  return gray.rows == size.height ? narrow : ResizeRows(narrow, size.height);
}

}  // namespace camnode
