#include "core/render/legend.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/render/colormap.h"

namespace camnode {
namespace {

constexpr int kMiddleGray = 112;
const cv::Scalar kStrongColour(242, 242, 242);

// What the colour of `value` (0 to 1) looks like over middle gray: as heatmap_blender.h blends
// it, gray + alpha value (colour - gray).
cv::Vec3b ColourOverGray(double value, double alpha) {
  const cv::Vec3b& colour = HeatColours()[static_cast<size_t>(value * 255.0 + 0.5)];
  cv::Vec3b blended;
  for (int k = 0; k < 3; ++k) {
    blended[k] =
        cv::saturate_cast<uint8_t>(kMiddleGray + alpha * value * (colour[k] - kMiddleGray));
  }
  return blended;
}

void DrawScale(cv::Mat3b& picture, const cv::Rect& bar, double alpha) {
  for (int x = 0; x < bar.width; ++x) {
    const double value = bar.width > 1 ? static_cast<double>(x) / (bar.width - 1) : 1.0;
    picture(cv::Rect(bar.x + x, bar.y, 1, bar.height)).setTo(ColourOverGray(value, alpha));
  }
}

}  // namespace

TextStyle Legend::Style(bool strong) const {
  TextStyle style;
  style.capital_height = capital_height_;
  style.strong = strong;
  if (strong) style.colour = kStrongColour;
  return style;
}

void Legend::AddText(absl::string_view text) {
  rows_.push_back({Kind::kText, std::string(text), "", false, 0.0});
}

void Legend::AddStrong(absl::string_view text) {
  rows_.push_back({Kind::kText, std::string(text), "", true, 0.0});
}

void Legend::AddPair(absl::string_view left, absl::string_view right, bool strong) {
  rows_.push_back({Kind::kPair, std::string(left), std::string(right), strong, 0.0});
}

void Legend::AddScale(float peak, double alpha) {
  if (!(peak > 0.0f)) return AddText("No area argued for the finding: nothing is coloured.");
  rows_.push_back({Kind::kScale, "0", absl::StrFormat("peak %#.3g logit", peak), false, alpha});
}

void Legend::AddSpace() { rows_.push_back({Kind::kSpace, "", "", false, 0.0}); }

int Legend::WidthOfWidestStrongRow() const {
  int widest = 0;
  for (const Row& row : rows_) {
    if (row.kind == Kind::kText && row.strong) {
      widest = std::max(widest, TextWidth(row.left, Style(true)));
    }
  }
  return widest + 2 * Margin();
}

int Legend::Height(int width) const {
  std::vector<Piece> ignored;
  return LayOut(width, ignored);
}

int Legend::LayOutText(absl::string_view text, bool strong, int width, int y,
                       std::vector<Piece>& pieces) const {
  const TextStyle style = Style(strong);
  for (std::string& line : WrapText(text, style, width - 2 * Margin())) {
    pieces.push_back({Kind::kText, std::move(line), cv::Point(Margin(), y), 0, strong, 0.0});
    y += LineHeight(style);
  }
  return y;
}

int Legend::LayOutScale(const Row& row, int width, int y, std::vector<Piece>& pieces) const {
  const TextStyle style = Style(false);
  const int left_width = TextWidth(row.left, style);
  const int right_width = TextWidth(row.right, style);
  const int bar_x = Margin() + left_width + capital_height_;
  const int right_x = width - Margin() - right_width;
  const int bar_width = std::max(right_x - capital_height_ - bar_x, 1);
  pieces.push_back({Kind::kText, row.left, cv::Point(Margin(), y), 0, false, 0.0});
  pieces.push_back({Kind::kScale, "", cv::Point(bar_x, y), bar_width, false, row.alpha});
  pieces.push_back({Kind::kText, row.right, cv::Point(right_x, y), 0, false, 0.0});
  return y + LineHeight(style);
}

int Legend::LayOut(int width, std::vector<Piece>& pieces) const {
  int y = Margin() / 2;
  for (const Row& row : rows_) {
    switch (row.kind) {
      case Kind::kText:
        y = LayOutText(row.left, row.strong, width, y, pieces);
        break;
      case Kind::kPair: {
        const TextStyle style = Style(row.strong);
        const int left_end = Margin() + TextWidth(row.left, style);
        const int right_start = width - Margin() - TextWidth(row.right, style);
        if (left_end + 2 * capital_height_ <= right_start) {
          pieces.push_back({Kind::kText, row.left, cv::Point(Margin(), y), 0, row.strong, 0.0});
          pieces.push_back({Kind::kText, row.right, cv::Point(right_start, y), 0, row.strong, 0.0});
          y += LineHeight(style);
        } else {
          y = LayOutText(row.left, row.strong, width, y, pieces);
          y = LayOutText(row.right, row.strong, width, y, pieces);
        }
        break;
      }
      case Kind::kScale:
        y = LayOutScale(row, width, y, pieces);
        break;
      case Kind::kSpace:
        y += capital_height_ / 2;
        break;
    }
  }
  return y + Margin() / 2;
}

void Legend::Draw(cv::Mat3b& picture, const cv::Rect& area) const {
  std::vector<Piece> pieces;
  LayOut(area.width, pieces);
  for (const Piece& piece : pieces) {
    const cv::Point place = area.tl() + piece.top_left;
    if (piece.kind == Kind::kScale) {
      const int line_height = LineHeight(Style(false));
      const cv::Rect bar(place.x, place.y + (line_height - capital_height_) / 2, piece.width,
                         capital_height_);
      DrawScale(picture, bar & area, piece.alpha);
    } else {
      DrawLine(picture, piece.text, place, Style(piece.strong));
    }
  }
}

}  // namespace camnode
