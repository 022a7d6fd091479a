#include "core/dicom/film/pixel_check.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <opencv2/core/mat.hpp>

namespace camnode {
namespace {

constexpr int kMinSidePixels = 64;
// Of 255, at the 99th percentile.  A film scanned or saved in colour stays below.
constexpr int kMaxColourSpread = 32;

constexpr int kCells = 16;    // Of a side.
constexpr int kSamples = 16;  // Of a cell's side, at most: enough for its mean.
using Grid = std::array<double, kCells * kCells>;

// Mean of the films' cells, each film first brought to mean 0 and deviation 1;
// times 100.
constexpr std::array<int, kCells* kCells> kMeanChest = {
    -112, -71, -62, -51, -30, 13,  57,  77,  77,  55,  12,  -32, -53, -64, -85, -114,
    -103, -60, -34, -14, 6,   29,  51,  69,  70,  51,  29,  7,   -15, -38, -67, -106,
    -103, -57, -17, 17,  31,  29,  45,  71,  72,  44,  31,  32,  15,  -21, -63, -106,
    -116, -66, -7,  34,  27,  5,   32,  77,  81,  32,  8,   32,  32,  -12, -71, -115,
    -132, -77, -2,  36,  6,   -16, 24,  84,  90,  30,  -9,  15,  37,  -8,  -81, -130,
    -148, -85, 2,   26,  -15, -20, 28,  91,  100, 48,  -3,  0,   29,  -3,  -89, -146,
    -163, -88, 7,   9,   -29, -18, 40,  101, 109, 72,  17,  -6,  17,  1,   -93, -160,
    -171, -87, 8,   -10, -39, -12, 53,  110, 116, 87,  41,  -5,  4,   1,   -93, -170,
    -178, -85, 2,   -26, -41, 0,   63,  116, 122, 96,  63,  6,   -6,  -4,  -93, -178,
    -185, -83, -8,  -37, -39, 1,   64,  119, 126, 101, 77,  23,  -11, -11, -93, -183,
    -188, -82, -20, -44, -37, -5,  58,  118, 128, 100, 81,  34,  -16, -20, -93, -187,
    -189, -81, -29, -37, -21, 7,   60,  117, 128, 96,  77,  33,  -21, -30, -93, -189,
    -188, -79, -20, 1,   32,  55,  84,  123, 129, 96,  79,  44,  -9,  -33, -93, -189,
    -186, -71, 10,  53,  83,  98,  108, 131, 134, 106, 96,  74,  29,  -13, -89, -188,
    -182, -61, 40,  86,  110, 119, 123, 138, 137, 116, 107, 92,  63,  16,  -79, -187,
    -178, -52, 55,  100, 120, 128, 130, 139, 137, 119, 108, 96,  77,  36,  -70, -182};

// Mean 0 and length 1; all 0 if the grid is constant.
Grid Normalised(Grid grid) {
  double sum = 0.0;
  for (const double value : grid) sum += value;
  const double mean = sum / static_cast<double>(grid.size());
  double squares = 0.0;
  for (double& value : grid) {
    value -= mean;
    squares += value * value;
  }
  const double scale = squares > 1e-9 ? 1.0 / std::sqrt(squares) : 0.0;
  for (double& value : grid) value *= scale;
  return grid;
}

const Grid& MeanChest() {
  static const Grid* const mean = [] {
    Grid grid{};
    std::copy(kMeanChest.begin(), kMeanChest.end(), grid.begin());
    return new Grid(Normalised(grid));
  }();
  return *mean;
}

Grid CellMeans(const cv::Mat1b& film) {
  const auto edge = [](int length, int cell) {
    return static_cast<int>(int64_t{length} * cell / kCells);
  };
  Grid means{};
  for (int y = 0; y < kCells; ++y) {
    for (int x = 0; x < kCells; ++x) {
      const int top = edge(film.rows, y);
      const int left = edge(film.cols, x);
      // A film of fewer pixels than cells gives each cell its nearest pixel.
      const int bottom = std::max(top + 1, edge(film.rows, y + 1));
      const int right = std::max(left + 1, edge(film.cols, x + 1));
      const int row_step = (bottom - top + kSamples - 1) / kSamples;
      const int column_step = (right - left + kSamples - 1) / kSamples;
      int64_t sum = 0;
      int64_t count = 0;
      for (int row = top; row < bottom; row += row_step) {
        for (int column = left; column < right; column += column_step) {
          sum += film(row, column);
          ++count;
        }
      }
      means[static_cast<size_t>(y * kCells + x)] =
          static_cast<double>(sum) / static_cast<double>(count);
    }
  }
  return means;
}

// By 90 degrees, clockwise.
Grid Turned(const Grid& grid) {
  Grid turned{};
  for (int y = 0; y < kCells; ++y) {
    for (int x = 0; x < kCells; ++x) {
      turned[static_cast<size_t>(x * kCells + kCells - 1 - y)] =
          grid[static_cast<size_t>(y * kCells + x)];
    }
  }
  return turned;
}

double Correlation(const Grid& a, const Grid& b) {
  double sum = 0.0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

// Looks no further than the first pixel that differs.
bool IsConstant(const cv::Mat1b& film) {
  const size_t columns = static_cast<size_t>(film.cols);
  const uint8_t* const first = film[0];
  if (std::memcmp(first, first + 1, columns - 1) != 0) return false;
  for (int row = 1; row < film.rows; ++row) {
    if (std::memcmp(film[row], first, columns) != 0) return false;
  }
  return true;
}

Ineligibility Refuse(const char* code, const char* reason) { return Ineligibility{code, reason}; }

}  // namespace

absl::optional<Ineligibility> CheckPixels(const Radiograph& film) {
  if (std::min(film.presentation.rows, film.presentation.cols) < kMinSidePixels) {
    return Refuse("TOO_SMALL", "The film is below 64 pixels in one direction.");
  }
  if (IsConstant(film.presentation)) {
    return Refuse("CONSTANT", "Every pixel of the film has the same value.");
  }
  if (film.colour_spread > kMaxColourSpread) {
    return Refuse("COLOUR_PHOTOGRAPH", "The picture has colours, which no film has.");
  }
  return absl::nullopt;
}

ChestLikeness CompareWithChest(const cv::Mat1b& film) {
  const Grid grid = Normalised(CellMeans(film));
  ChestLikeness likeness;
  likeness.upright = Correlation(grid, MeanChest());
  const Grid once = Turned(grid);
  likeness.quarter_turned =
      std::max(Correlation(once, MeanChest()), Correlation(Turned(Turned(once)), MeanChest()));
  return likeness;
}

}  // namespace camnode
