#include "core/dicom/pixels/shutter.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <opencv2/core.hpp>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/types/optional.h"
#include "core/dicom/file/tags.h"

namespace camnode {
namespace {

constexpr uint8_t kCovered = 255;
constexpr size_t kMaxVertices = 1024;
// Far beyond any film, so that squares stay exact.
constexpr int kMaxCoordinate = 1'000'000;

// Whole numbers, as many as there are; empty if one is none.
std::vector<int> Integers(const AttributeTable& table, uint32_t tag) {
  std::vector<int> numbers;
  for (const std::string& text : table.Texts(tag)) {
    int number = 0;
    if (!absl::SimpleAtoi(text, &number) || std::abs(number) > kMaxCoordinate) return {};
    numbers.push_back(number);
  }
  return numbers;
}

absl::optional<int> Integer(const AttributeTable& table, uint32_t tag) {
  const std::vector<int> numbers = Integers(table, tag);
  if (numbers.size() != 1) return absl::nullopt;
  return numbers[0];
}

// Covers what lies outside columns first to last, from 1, of row `y`, from 0.
void KeepColumns(cv::Mat1b& covered, int y, int first, int last) {
  uint8_t* const row = covered[y];
  for (int x = 0; x < covered.cols; ++x) {
    if (x + 1 < first || x + 1 > last) row[x] = kCovered;
  }
}

// PS3.3 C.7.6.11: the edges are columns and rows, counted from 1, that are still seen.
bool CoverRectangle(const AttributeTable& table, cv::Mat1b& covered) {
  const auto left = Integer(table, tags::kShutterLeftVerticalEdge);
  const auto right = Integer(table, tags::kShutterRightVerticalEdge);
  const auto top = Integer(table, tags::kShutterUpperHorizontalEdge);
  const auto bottom = Integer(table, tags::kShutterLowerHorizontalEdge);
  if (!left || !right || !top || !bottom) return false;
  for (int y = 0; y < covered.rows; ++y) {
    const bool seen = y + 1 >= *top && y + 1 <= *bottom;
    KeepColumns(covered, y, seen ? *left : 1, seen ? *right : 0);
  }
  return true;
}

// Seen is (x - cx)^2 + (y - cy)^2 <= r^2; the centre is given as row, column.
bool CoverCircle(const AttributeTable& table, cv::Mat1b& covered) {
  const std::vector<int> center = Integers(table, tags::kCenterOfCircularShutter);
  const auto radius = Integer(table, tags::kRadiusOfCircularShutter);
  if (center.size() != 2 || !radius || *radius < 0) return false;
  for (int y = 0; y < covered.rows; ++y) {
    const double dy = y + 1 - center[0];
    const double square = static_cast<double>(*radius) * *radius - dy * dy;
    const int reach = square < 0 ? -1 : static_cast<int>(std::sqrt(square));
    KeepColumns(covered, y, center[1] - reach, center[1] + reach);
  }
  return true;
}

// `vertices`: row, column, row, column ...  A row is inside between its 1st and 2nd
// crossing of the outline, its 3rd and 4th, and so on; the last vertex joins the first.  An
// edge from y0 to y1 crosses the line at x0 + (line - y0) / (y1 - y0) (x1 - x0) if one end lies
// at or above the line and the other below: a vertex on it is counted once.
bool CoverPolygon(const AttributeTable& table, cv::Mat1b& covered) {
  const std::vector<int> vertices = Integers(table, tags::kVerticesOfPolygonalShutter);
  const size_t count = vertices.size() / 2;
  if (vertices.size() % 2 != 0 || count < 3 || count > kMaxVertices) return false;
  std::vector<double> crossings;
  for (int y = 0; y < covered.rows; ++y) {
    crossings.clear();
    const double line = y + 1;
    for (size_t i = 0; i < count; ++i) {
      const size_t next = (i + 1) % count;
      const double y0 = vertices[2 * i];
      const double y1 = vertices[2 * next];
      if ((y0 <= line) == (y1 <= line)) continue;
      const double x0 = vertices[2 * i + 1];
      const double x1 = vertices[2 * next + 1];
      crossings.push_back(x0 + (line - y0) / (y1 - y0) * (x1 - x0));
    }
    std::sort(crossings.begin(), crossings.end());
    cv::Mat1b row(1, covered.cols, kCovered);
    for (size_t i = 0; i + 1 < crossings.size(); i += 2) {
      const double first = std::max(1.0, std::ceil(crossings[i]));
      const double last = std::min<double>(covered.cols, std::floor(crossings[i + 1]));
      for (int x = static_cast<int>(first); x <= last; ++x) row(0, x - 1) = 0;
    }
    cv::Mat1b target = covered.row(y);
    cv::bitwise_or(target, row, target);
  }
  return true;
}

}  // namespace

cv::Mat1b ReadShutter(const AttributeTable& table, int rows, int columns) {
  cv::Mat1b covered;
  for (const std::string& shape : table.Texts(tags::kShutterShape)) {
    cv::Mat1b one(rows, columns, uint8_t{0});
    const bool known = (shape == "RECTANGULAR" && CoverRectangle(table, one)) ||
                       (shape == "CIRCULAR" && CoverCircle(table, one)) ||
                       (shape == "POLYGONAL" && CoverPolygon(table, one));
    if (!known) continue;
    if (covered.empty()) {
      covered = one;
    } else {
      cv::bitwise_or(covered, one, covered);
    }
  }
  if (covered.empty()) return covered;
  const int hidden = cv::countNonZero(covered);
  return hidden == 0 || hidden == rows * columns ? cv::Mat1b() : covered;
}

}  // namespace camnode
