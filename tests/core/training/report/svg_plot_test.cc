// Also: xml_text, core/base/utf8.

#include "core/training/report/svg_plot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/base/utf8.h"
#include "core/training/report/xml_text.h"
#include "tests/core/training/report/well_formed.h"

namespace camnode {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pointwise;

Plot SomePlot() {
  Plot plot;
  plot.title = "ROC <of> \"a\" & b";
  plot.x_name = "false positives";
  plot.y_name = "sensitivity";
  plot.x_range = PlotRange{0.0, 1.0};
  plot.y_range = PlotRange{0.0, 1.0};
  PlotSeries line;
  line.name = "network <1>";
  line.points = {{0.0, 0.0}, {0.25, 0.75}, {1.0, 1.0}};
  plot.series.push_back(line);
  return plot;
}

TEST(SvgPlotTest, IsWellFormedWhateverTheTextSays) {
  Plot plot = SomePlot();
  plot.series[0].name += "\x01\xff\xc3";
  const std::string svg = RenderSvg(plot);
  EXPECT_TRUE(IsWellFormedXml(svg)) << svg;
  EXPECT_THAT(svg, HasSubstr("ROC &lt;of&gt; &quot;a&quot; &amp; b"));
  EXPECT_THAT(svg, Not(HasSubstr("<script")));
  EXPECT_THAT(svg, Not(HasSubstr("href")));
}

TEST(SvgPlotTest, GivesTheSameBytesForTheSamePlot) {
  EXPECT_EQ(RenderSvg(SomePlot()), RenderSvg(SomePlot()));
}

TEST(SvgPlotTest, PutsPointsWhereTheAxesSay) {
  Plot plot = SomePlot();
  plot.width_pixels = 272;   // 200 between the margins.
  plot.height_pixels = 192;  // 100 above axis and legend.
  EXPECT_THAT(RenderSvg(plot), HasSubstr("M58.00 130.00 L108.00 55.00 L258.00 30.00"));
  plot.series[0].mark = PlotMark::kSteps;
  EXPECT_THAT(RenderSvg(plot),
              HasSubstr("M58.00 130.00 L108.00 130.00 L108.00 55.00 L258.00 55.00 L258.00 30.00"));
}

TEST(SvgPlotTest, LeavesOutWhatIsNotANumber) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  Plot plot = SomePlot();
  plot.x_range.reset();
  plot.y_range.reset();
  plot.series[0].points[1].y = kNan;
  plot.series[0].ranges = {{0.0, 0.1}, {kNan, 1.0}, {0.5, kNan}};
  for (const PlotMark mark : {PlotMark::kLine, PlotMark::kPoints, PlotMark::kBars}) {
    plot.series[0].mark = mark;
    plot.series[0].bar_width = 0.1;
    const std::string svg = RenderSvg(plot);
    EXPECT_THAT(svg, Not(HasSubstr("nan")));
    EXPECT_THAT(svg, Not(HasSubstr("inf")));
  }
  plot.series[0].points.clear();
  plot.series[0].ranges.clear();
  EXPECT_TRUE(IsWellFormedXml(RenderSvg(plot)));
}

TEST(SvgPlotTest, DrawsBarsFromZeroAndErrorBarsWithTheirEnds) {
  Plot plot = SomePlot();
  plot.width_pixels = 272;
  plot.height_pixels = 192;
  plot.series[0].mark = PlotMark::kBars;
  plot.series[0].bar_width = 0.5;
  plot.series[0].points = {{0.0, 0.4}};
  EXPECT_THAT(RenderSvg(plot), HasSubstr("<rect x=\"58.00\" y=\"90.00\" width=\"100.00\" "
                                         "height=\"40.00\""));
  plot.series[0].mark = PlotMark::kPoints;
  plot.series[0].ranges = {{0.3, 0.6}};
  EXPECT_THAT(RenderSvg(plot), HasSubstr("y1=\"100.00\" x2=\"58.00\" y2=\"70.00\""));
}

TEST(SvgPlotTest, ShowsNothingOutsideItsAxes) {
  Plot plot = SomePlot();
  EXPECT_THAT(RenderSvg(plot), Not(HasSubstr("<svg x=")));
  plot.x_range = PlotRange{0.0, 0.5};
  const std::string svg = RenderSvg(plot);
  EXPECT_THAT(svg, HasSubstr("<svg x=\"58.00\" y=\"30.00\""));
  EXPECT_TRUE(IsWellFormedXml(svg));
}

TEST(SvgPlotTest, TicksAreRoundAndHoldTheRange) {
  EXPECT_THAT(RoundTicks(0.0, 1.0, 6),
              Pointwise(DoubleEq(), {0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0}));
  EXPECT_THAT(RoundTicks(-3.0, 12.0, 5), ElementsAre(-5.0, 0.0, 5.0, 10.0, 15.0));
}

TEST(XmlTextTest, ReplacesBytesThatAreNotUtf8) {
  EXPECT_EQ(CleanUtf8("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"),
            "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
  EXPECT_EQ(CleanUtf8("\xc0\x80"), "\xef\xbf\xbd\xef\xbf\xbd");         // Overlong.
  EXPECT_EQ(CleanUtf8("x\xed\xa0\x80").substr(0, 4), "x\xef\xbf\xbd");  // Surrogate.
  EXPECT_EQ(CleanUtf8("x\xe2\x82"), "x\xef\xbf\xbd\xef\xbf\xbd");       // Cut off.
  EXPECT_EQ(EscapeXml("'\x02'"), "&#39;\xef\xbf\xbd&#39;");
}

}  // namespace
}  // namespace camnode
