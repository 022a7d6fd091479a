#include "core/training/report/svg_plot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "core/training/report/xml_text.h"

namespace camnode {
namespace {

// Okabe and Ito's, darkest first, without the yellow that is lost on white.
constexpr std::array<const char*, 6> kPalette = {"#0072b2", "#d55e00", "#009e73",
                                                 "#cc79a7", "#56b4e9", "#e69f00"};
constexpr char kReference[] = "#767676";
constexpr char kInk[] = "#1a1a1a";
constexpr char kGrid[] = "#e3e3e3";

constexpr double kLeft = 58.0;
constexpr double kRight = 14.0;
constexpr double kTop = 30.0;
constexpr double kBottom = 46.0;
constexpr double kLegendLine = 16.0;
constexpr double kCharacterWidth = 6.6;  // Of 11 pixel sans-serif, at the most, about.

bool IsFinite(const PlotPoint& point) { return std::isfinite(point.x) && std::isfinite(point.y); }

std::string Pixels(double value) {
  std::string text = absl::StrFormat("%.2f", value);
  return text == "-0.00" ? "0.00" : text;
}

struct Axis {
  double low = 0.0;
  double high = 1.0;
  double from = 0.0;  // Pixels of low and high.
  double to = 1.0;
  std::vector<double> ticks;

  // Far outside it is only as far as it must be to lead out of sight.
  double At(double value) const {
    const double size = high - low;
    const double near = std::clamp(value, low - 10.0 * size, high + 10.0 * size);
    return from + (near - low) / size * (to - from);
  }
  bool Holds(double value) const { return value >= low && value <= high; }
};

void Widen(PlotRange& range, double value) {
  if (!std::isfinite(value)) return;
  range.low = std::min(range.low, value);
  range.high = std::max(range.high, value);
}

PlotRange RangeOf(const Plot& plot, bool horizontal) {
  constexpr double kFar = std::numeric_limits<double>::infinity();
  PlotRange range{kFar, -kFar};
  for (const PlotSeries& series : plot.series) {
    for (size_t i = 0; i < series.points.size(); ++i) {
      const PlotPoint& point = series.points[i];
      if (!IsFinite(point)) continue;
      Widen(range, horizontal ? point.x : point.y);
      if (horizontal) {
        if (series.mark == PlotMark::kBars) Widen(range, point.x + series.bar_width);
        continue;
      }
      if (series.mark == PlotMark::kBars) Widen(range, 0.0);
      if (series.ranges.empty()) continue;
      Widen(range, series.ranges[i].low);
      Widen(range, series.ranges[i].high);
    }
  }
  if (!(range.low <= range.high)) return {0.0, 1.0};
  if (range.low == range.high) return {range.low - 0.5, range.high + 0.5};
  return range;
}

Axis MakeAxis(const Plot& plot, bool horizontal, double from, double to) {
  const absl::optional<PlotRange>& wish = horizontal ? plot.x_range : plot.y_range;
  Axis axis;
  axis.from = from;
  axis.to = to;
  if (horizontal && !plot.x_categories.empty()) {
    axis.low = -0.5;
    axis.high = static_cast<double>(plot.x_categories.size()) - 0.5;
    for (size_t i = 0; i < plot.x_categories.size(); ++i) {
      axis.ticks.push_back(static_cast<double>(i));
    }
    return axis;
  }
  const PlotRange range = wish.value_or(RangeOf(plot, horizontal));
  axis.ticks = RoundTicks(range.low, range.high, 6);
  axis.low = wish.has_value() ? range.low : axis.ticks.front();
  axis.high = wish.has_value() ? range.high : axis.ticks.back();
  return axis;
}

// As few digits as tell neighbouring ticks apart.
std::string TickName(const std::vector<double>& ticks, size_t i) {
  const double step = ticks.size() > 1 ? ticks[1] - ticks[0] : 1.0;
  const double value = std::abs(ticks[i]) < step * 1e-6 ? 0.0 : ticks[i];
  const double size = std::max(std::abs(ticks.front()), std::abs(ticks.back()));
  if (size >= 1e6 || size < 1e-4) return absl::StrFormat("%.2g", value);
  const int digits = std::clamp(-static_cast<int>(std::floor(std::log10(step) + 1e-9)), 0, 8);
  return absl::StrFormat("%.*f", digits, value);
}

std::string Text(double x, double y, absl::string_view anchor, absl::string_view text,
                 absl::string_view more = "") {
  return absl::StrCat("<text x=\"", Pixels(x), "\" y=\"", Pixels(y), "\" text-anchor=\"", anchor,
                      "\"", more, ">", EscapeXml(text), "</text>\n");
}

std::string Line(double x1, double y1, double x2, double y2, absl::string_view colour,
                 double width = 1.0) {
  return absl::StrCat("<line x1=\"", Pixels(x1), "\" y1=\"", Pixels(y1), "\" x2=\"", Pixels(x2),
                      "\" y2=\"", Pixels(y2), "\" stroke=\"", colour, "\" stroke-width=\"",
                      Pixels(width), "\"/>\n");
}

class Drawing {
 public:
  explicit Drawing(const Plot& plot) : plot_(plot) {
    top_ = plot.title.empty() ? 12.0 : kTop;
    legend_rows_ = LayOutLegend();
    bottom_ = plot.height_pixels - kBottom - kLegendLine * legend_rows_;
    x_ = MakeAxis(plot, true, kLeft, plot.width_pixels - kRight);
    y_ = MakeAxis(plot, false, bottom_, top_);
  }

  std::string Render() {
    svg_ = absl::StrCat("<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"",
                        plot_.width_pixels, "\" height=\"", plot_.height_pixels,
                        "\" viewBox=\"0 0 ", plot_.width_pixels, " ", plot_.height_pixels,
                        "\" font-family=\"sans-serif\" font-size=\"11\" fill=\"", kInk, "\">\n");
    absl::StrAppend(&svg_, "<title>", EscapeXml(plot_.title), "</title>\n");
    if (!plot_.title.empty()) {
      svg_ += Text(kLeft, 18, "start", plot_.title, " font-size=\"13\" font-weight=\"bold\"");
    }
    DrawAxes();
    BeginClipping();
    for (const PlotSeries& series : plot_.series) Draw(series);
    if (clips_) svg_ += "</svg>\n";
    DrawLegend();
    svg_ += "</svg>\n";
    return std::move(svg_);
  }

 private:
  struct LegendEntry {
    const PlotSeries* series;
    double x;
    int row;
  };

  int LayOutLegend() {
    double x = kLeft;
    int row = 0;
    for (const PlotSeries& series : plot_.series) {
      if (series.name.empty()) continue;
      const double width = 38.0 + kCharacterWidth * static_cast<double>(series.name.size());
      if (x > kLeft && x + width > plot_.width_pixels) {
        x = kLeft;
        ++row;
      }
      legend_.push_back({&series, x, row});
      x += width;
    }
    return legend_.empty() ? 0 : row + 1;
  }

  void DrawAxes() {
    for (size_t i = 0; i < y_.ticks.size(); ++i) {
      if (y_.ticks[i] < y_.low - 1e-12 || y_.ticks[i] > y_.high + 1e-12) continue;
      const double y = y_.At(y_.ticks[i]);
      svg_ += Line(x_.from, y, x_.to, y, kGrid);
      svg_ += Text(x_.from - 6, y + 4, "end", TickName(y_.ticks, i));
    }
    for (size_t i = 0; i < x_.ticks.size(); ++i) {
      if (x_.ticks[i] < x_.low - 1e-12 || x_.ticks[i] > x_.high + 1e-12) continue;
      const double x = x_.At(x_.ticks[i]);
      svg_ += Line(x, bottom_, x, bottom_ + 4, kInk);
      svg_ += Text(x, bottom_ + 16, "middle",
                   plot_.x_categories.empty() ? TickName(x_.ticks, i) : plot_.x_categories[i]);
    }
    svg_ += Line(x_.from, bottom_, x_.to, bottom_, kInk);
    svg_ += Line(x_.from, bottom_, x_.from, top_, kInk);
    svg_ += Text((x_.from + x_.to) / 2, bottom_ + 34, "middle", plot_.x_name);
    const std::string turn =
        absl::StrCat(" transform=\"rotate(-90 14 ", Pixels((top_ + bottom_) / 2), ")\"");
    svg_ += Text(14, (top_ + bottom_) / 2, "middle", plot_.y_name, turn);
  }

  // An <svg> within shows nothing outside itself.
  void BeginClipping() {
    for (const PlotSeries& series : plot_.series) {
      for (const PlotPoint& point : series.points) {
        clips_ = clips_ || (IsFinite(point) && !(x_.Holds(point.x) && y_.Holds(point.y)));
      }
    }
    if (!clips_) return;
    const std::string place = absl::StrCat(Pixels(x_.from), " ", Pixels(top_), " ",
                                           Pixels(x_.to - x_.from), " ", Pixels(bottom_ - top_));
    absl::StrAppend(&svg_, "<svg x=\"", Pixels(x_.from), "\" y=\"", Pixels(top_), "\" width=\"",
                    Pixels(x_.to - x_.from), "\" height=\"", Pixels(bottom_ - top_),
                    "\" viewBox=\"", place, "\">\n");
  }

  void Draw(const PlotSeries& series) {
    switch (series.mark) {
      case PlotMark::kLine:
      case PlotMark::kSteps:
        DrawBand(series);
        DrawLine(series);
        break;
      case PlotMark::kPoints:
        DrawPoints(series);
        break;
      case PlotMark::kBars:
        DrawBars(series);
        break;
    }
  }

  static std::string Dashes(const PlotSeries& series) {
    if (series.colour < 0) return " stroke-dasharray=\"2 3\"";
    return series.colour >= static_cast<int>(kPalette.size()) ? " stroke-dasharray=\"7 3\"" : "";
  }

  void DrawLine(const PlotSeries& series) {
    std::string path;
    double last_y = 0.0;
    for (const PlotPoint& point : series.points) {
      if (!IsFinite(point)) continue;
      const double x = x_.At(point.x);
      const double y = y_.At(point.y);
      if (!path.empty() && series.mark == PlotMark::kSteps) {
        absl::StrAppend(&path, " L", Pixels(x), " ", Pixels(last_y));
      }
      absl::StrAppend(&path, path.empty() ? "M" : " L", Pixels(x), " ", Pixels(y));
      last_y = y;
    }
    if (path.empty()) return;
    absl::StrAppend(&svg_, "<path d=\"", path, "\" fill=\"none\" stroke=\"",
                    PlotColour(series.colour), "\" stroke-width=\"",
                    series.colour < 0 ? "1.20" : "1.80", "\"", Dashes(series), "/>\n");
  }

  void DrawBand(const PlotSeries& series) {
    if (series.ranges.empty()) return;
    std::string there;
    std::string back;
    for (size_t i = 0; i < series.points.size(); ++i) {
      const PlotRange& range = series.ranges[i];
      if (!IsFinite(series.points[i]) || !std::isfinite(range.low) || !std::isfinite(range.high)) {
        continue;
      }
      const std::string x = Pixels(x_.At(series.points[i].x));
      absl::StrAppend(&there, there.empty() ? "" : " ", x, ",", Pixels(y_.At(range.high)));
      back = absl::StrCat(" ", x, ",", Pixels(y_.At(range.low)), back);
    }
    if (there.empty()) return;
    absl::StrAppend(&svg_, "<polygon points=\"", there, back, "\" fill=\"",
                    PlotColour(series.colour), "\" fill-opacity=\"0.18\"/>\n");
  }

  void DrawPoints(const PlotSeries& series) {
    const std::string colour = PlotColour(series.colour);
    for (size_t i = 0; i < series.points.size(); ++i) {
      const PlotPoint& point = series.points[i];
      if (!IsFinite(point)) continue;
      const double x = x_.At(point.x);
      if (!series.ranges.empty() && std::isfinite(series.ranges[i].low) &&
          std::isfinite(series.ranges[i].high)) {
        const double low = y_.At(series.ranges[i].low);
        const double high = y_.At(series.ranges[i].high);
        svg_ += Line(x, low, x, high, colour, 1.4);
        svg_ += Line(x - 4, low, x + 4, low, colour, 1.4);
        svg_ += Line(x - 4, high, x + 4, high, colour, 1.4);
      }
      absl::StrAppend(&svg_, "<circle cx=\"", Pixels(x), "\" cy=\"", Pixels(y_.At(point.y)),
                      "\" r=\"3.50\" fill=\"", colour, "\"/>\n");
    }
  }

  void DrawBars(const PlotSeries& series) {
    const std::string colour = PlotColour(series.colour);
    for (const PlotPoint& point : series.points) {
      if (!IsFinite(point) || point.y == 0.0) continue;
      const double left = x_.At(point.x);
      const double right = x_.At(point.x + series.bar_width);
      const double foot = y_.At(0.0);
      const double head = y_.At(point.y);
      absl::StrAppend(&svg_, "<rect x=\"", Pixels(left), "\" y=\"", Pixels(std::min(foot, head)),
                      "\" width=\"", Pixels(right - left), "\" height=\"",
                      Pixels(std::abs(foot - head)), "\" fill=\"", colour,
                      "\" fill-opacity=\"0.55\" stroke=\"", colour, "\"/>\n");
    }
  }

  void DrawLegend() {
    const double first = plot_.height_pixels - kLegendLine * legend_rows_ + 6.0;
    for (const LegendEntry& entry : legend_) {
      const double y = first + kLegendLine * entry.row;
      const PlotSeries& series = *entry.series;
      if (series.mark == PlotMark::kBars) {
        absl::StrAppend(&svg_, "<rect x=\"", Pixels(entry.x), "\" y=\"", Pixels(y - 9),
                        "\" width=\"18\" height=\"10\" fill=\"", PlotColour(series.colour),
                        "\" fill-opacity=\"0.55\" stroke=\"", PlotColour(series.colour), "\"/>\n");
      } else if (series.mark == PlotMark::kPoints) {
        absl::StrAppend(&svg_, "<circle cx=\"", Pixels(entry.x + 9), "\" cy=\"", Pixels(y - 4),
                        "\" r=\"3.50\" fill=\"", PlotColour(series.colour), "\"/>\n");
      } else {
        absl::StrAppend(&svg_, "<path d=\"M", Pixels(entry.x), " ", Pixels(y - 4), " h18\"",
                        " fill=\"none\" stroke=\"", PlotColour(series.colour),
                        "\" stroke-width=\"1.80\"", Dashes(series), "/>\n");
      }
      svg_ += Text(entry.x + 23, y, "start", series.name);
    }
  }

  const Plot& plot_;
  std::vector<LegendEntry> legend_;
  int legend_rows_ = 0;
  double top_ = 0.0;
  double bottom_ = 0.0;
  Axis x_;
  Axis y_;
  bool clips_ = false;  // Some point lies outside the axes.
  std::string svg_;
};

}  // namespace

std::string RenderSvg(const Plot& plot) { return Drawing(plot).Render(); }

std::string PlotColour(int colour) {
  return colour < 0 ? kReference : kPalette[static_cast<size_t>(colour) % kPalette.size()];
}

std::vector<double> RoundTicks(double low, double high, int count) {
  const double rough = (high - low) / (count - 1);
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  double step = 10.0 * power;
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= rough * (1.0 - 1e-9)) {
      step = factor * power;
      break;
    }
  }
  const double first = std::floor(low / step + 1e-9);
  const double last = std::ceil(high / step - 1e-9);
  std::vector<double> ticks;
  for (double i = first; i <= last; ++i) ticks.push_back(i * step);
  return ticks;
}

}  // namespace camnode
