// Small plots as SVG: text that a page can hold in line, without scripts, fonts or
// anything from elsewhere.  The same plot gives the same bytes.

#ifndef CAMNODE_CORE_TRAINING_REPORT_SVG_PLOT_H_
#define CAMNODE_CORE_TRAINING_REPORT_SVG_PLOT_H_

#include <string>
#include <vector>

#include "absl/types/optional.h"

namespace camnode {

struct PlotPoint {
  double x = 0.0;
  double y = 0.0;
};

enum class PlotMark {
  kLine,
  kSteps,   // Level until the next point.
  kPoints,  // With error bars where `ranges` says so.
  kBars,    // From 0 to y; x is the left edge, `bar_width` the width in x's units.
};

struct PlotRange {
  double low = 0.0;
  double high = 0.0;
};

// Points that are not finite are left out.
struct PlotSeries {
  std::string name;  // In the legend; empty: not there.
  PlotMark mark = PlotMark::kLine;
  // Position in the palette, which repeats (Okabe and Ito 2008: told apart under every
  // common colour blindness, and by dashes beyond its length); -1: gray and dashed, for
  // what is there to compare with.
  int colour = 0;
  std::vector<PlotPoint> points;
  // Empty, or one a point, in y: error bars of points, a band behind lines.
  std::vector<PlotRange> ranges;
  double bar_width = 0.0;
};

struct Plot {
  std::string title;
  std::string x_name;
  std::string y_name;
  // Absent: as the points ask, to the next tick.
  absl::optional<PlotRange> x_range;
  absl::optional<PlotRange> y_range;
  // A tick at each of these places, named so, instead of numbers.
  std::vector<std::string> x_categories;  // Of x = 0, 1, ...
  std::vector<PlotSeries> series;         // Later ones lie over earlier ones.
  int width_pixels = 460;
  int height_pixels = 340;
};

// An <svg> element, well-formed XML.
std::string RenderSvg(const Plot& plot);

// "#rrggbb" of a series' colour, for tables beside a plot.
std::string PlotColour(int colour);

// `count` or so round values from `low` to `high`, which they include or enclose.
// REQUIRES: low < high, both finite; count > 1.
std::vector<double> RoundTicks(double low, double high, int count);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_REPORT_SVG_PLOT_H_
