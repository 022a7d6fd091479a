// Also: legend, panel_renderer, picture_fit, result_text, text.

#include "core/render/overlay_renderer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "core/render/heatmap_blender.h"
#include "core/render/legend.h"
#include "core/render/picture_fit.h"
#include "core/render/text.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::HasSubstr;

// Every pixel differs from its neighbours, so that a shifted or covered film shows.
cv::Mat1b SomeFilm(int width, int height) {
  cv::Mat1b film(height, width);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) film(y, x) = static_cast<uint8_t>(40 + (x * 7 + y * 13) % 160);
  }
  return film;
}

ModelResult SomeResult(const cv::Size& film, float peak = 2.0f) {
  ModelResult result;
  result.model = "resnet18";
  result.version = "1";
  result.finding.label = "pneumonia";
  result.finding.probability = 0.9113;
  result.finding.threshold = 0.25;
  result.finding.positive = true;
  result.heatmap.values = cv::Mat1f::zeros(7, 7);
  result.heatmap.values(3, 3) = peak;
  result.heatmap.peak = peak;
  result.placement = {film, cv::Rect2d(0, 0, film.width, film.height)};
  return result;
}

Analysis SomeAnalysis(const cv::Size& film, int models) {
  Analysis analysis;
  for (int i = 0; i < models; ++i) analysis.results.push_back(SomeResult(film));
  analysis.agreement.models = models;
  analysis.agreement.sentence = "The models used the same area.";
  return analysis;
}

OverlayOptions SomeOptions(int max_long_side) {
  OverlayOptions options;
  options.max_long_side = max_long_side;
  options.population = "trained on children aged 1-5";
  return options;
}

bool SamePixels(const cv::Mat3b& a, const cv::Mat3b& b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin());
}

// Sizes that films have: the networks' own, wide, high, square, odd, absurd.
const cv::Size kFilmSizes[] = {{224, 224}, {2348, 1851}, {1851, 2348}, {3000, 3000},
                               {440, 440}, {5000, 200},  {200, 5000},  {1, 1}};

class EveryFilmSizeTest : public ::testing::TestWithParam<cv::Size> {};
INSTANTIATE_TEST_SUITE_P(Sizes, EveryFilmSizeTest, ::testing::ValuesIn(kFilmSizes),
                         [](const auto& suite) {
                           return std::to_string(suite.param.width) + "x" +
                                  std::to_string(suite.param.height);
                         });

TEST_P(EveryFilmSizeTest, PicturesKeepTheirLongSidesAndTwelveMegabytesInAll) {
  const cv::Mat1b film = SomeFilm(GetParam().width, GetParam().height);
  const auto overlay = RenderOverlay(film, SomeResult(film.size()), SomeOptions(1024));
  const auto panel = RenderPanel(film, SomeAnalysis(film.size(), 3), SomeOptions(1536));

  ASSERT_THAT(overlay, IsOk());
  ASSERT_THAT(panel, IsOk());
  EXPECT_LE(std::max(overlay->cols, overlay->rows), 1024);
  EXPECT_LE(std::max(panel->cols, panel->rows), 1536);
  EXPECT_LE(3 * 3 * overlay->total() + 3 * panel->total(), 12'000'000u);
}

// The film lies on top, in the middle of the picture's width, untouched by text;
// everything below it is legend.
TEST_P(EveryFilmSizeTest, TheLegendNeverTouchesAPixelOfTheFilm) {
  const cv::Mat1b film = SomeFilm(GetParam().width, GetParam().height);
  ModelResult nothing = SomeResult(film.size(), 0.0f);
  const auto overlay = RenderOverlay(film, nothing, SomeOptions(1024));

  ASSERT_THAT(overlay, IsOk());
  int height = 0;  // Of the film in the picture: legend rows begin with background.
  int width = 0;
  for (int long_side = std::max(film.cols, film.rows); long_side >= 1; --long_side) {
    const cv::Size size = ScaledToLongSide(film.size(), long_side);
    if (size.width > overlay->cols || size.height > overlay->rows) continue;
    const cv::Rect place((overlay->cols - size.width) / 2, 0, size.width, size.height);
    if (SamePixels(overlay->operator()(place).clone(), GrayToColour(ResizeFilm(film, size)))) {
      width = size.width;
      height = size.height;
      break;
    }
  }
  EXPECT_GT(height, 0) << "the film is nowhere in the picture";
  EXPECT_LT(height, overlay->rows) << "no legend";
  EXPECT_LE(width, overlay->cols);
}

TEST(OverlayRendererTest, ASmallFilmIsNotEnlargedAndItsTextIsNotShrunk) {
  const cv::Mat1b film = SomeFilm(224, 224);
  const auto overlay = RenderOverlay(film, SomeResult(film.size()), SomeOptions(1024));

  ASSERT_THAT(overlay, IsOk());
  EXPECT_GE(CapitalHeight(224), 10);
  const cv::Rect place((overlay->cols - 224) / 2, 0, 224, 224);
  const ModelResult result = SomeResult(film.size());
  EXPECT_TRUE(SamePixels(overlay->operator()(place).clone(),
                         BlendHeatmap(film, result.heatmap, result.placement, 0.4)));
}

TEST(OverlayRendererTest, NativeSizeKeepsEveryPixelOfTheFilm) {
  const cv::Mat1b film = SomeFilm(2348, 1851);
  const ModelResult result = SomeResult(film.size());
  const auto overlay = RenderOverlay(film, result, SomeOptions(0));

  ASSERT_THAT(overlay, IsOk());
  EXPECT_EQ(overlay->cols, 2348);
  EXPECT_TRUE(SamePixels(overlay->operator()(cv::Rect(0, 0, 2348, 1851)).clone(),
                         BlendHeatmap(film, result.heatmap, result.placement, 0.4)));
}

TEST(OverlayRendererTest, WithoutALegendThePictureIsTheFilmAlone) {
  const cv::Mat1b film = SomeFilm(300, 200);
  OverlayOptions options = SomeOptions(1024);
  options.legend = false;
  const auto overlay = RenderOverlay(film, SomeResult(film.size()), options);
  ASSERT_THAT(overlay, IsOk());
  EXPECT_EQ(overlay->size(), cv::Size(300, 200));
}

TEST(OverlayRendererTest, TheSameArgumentsGiveTheSamePixels) {
  const cv::Mat1b film = SomeFilm(640, 480);
  const auto first = RenderOverlay(film, SomeResult(film.size()), SomeOptions(1024));
  const auto second = RenderOverlay(film, SomeResult(film.size()), SomeOptions(1024));
  ASSERT_THAT(first, IsOk());
  EXPECT_TRUE(SamePixels(*first, *second));
}

TEST(OverlayRendererTest, TheLegendChangesWithWhatItSays) {
  const cv::Mat1b film = SomeFilm(300, 300);
  const auto render = [&](const ModelResult& result, const OverlayOptions& options) {
    return *RenderOverlay(film, result, options);
  };
  const ModelResult base = SomeResult(film.size());
  const cv::Mat3b picture = render(base, SomeOptions(1024));

  ModelResult negative = base;
  negative.finding.positive = false;
  ModelResult another_version = base;
  another_version.version = "2";
  ModelResult another_threshold = base;
  another_threshold.finding.threshold = 0.3;
  OverlayOptions another_population = SomeOptions(1024);
  another_population.population = "trained on adults";
  EXPECT_FALSE(SamePixels(picture, render(negative, SomeOptions(1024))));
  EXPECT_FALSE(SamePixels(picture, render(another_version, SomeOptions(1024))));
  EXPECT_FALSE(SamePixels(picture, render(another_threshold, SomeOptions(1024))));
  EXPECT_FALSE(SamePixels(picture, render(base, another_population)));
}

TEST(OverlayRendererTest, RefusesWhatCannotBeDrawn) {
  const cv::Mat1b film = SomeFilm(300, 300);
  const ModelResult result = SomeResult(film.size());
  const auto kWrong = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(RenderOverlay(cv::Mat1b(), result, SomeOptions(1024)),
              StatusIs(kWrong, HasSubstr("film is empty")));
  for (const double alpha : {-0.1, 1.1, std::nan("")}) {
    OverlayOptions options = SomeOptions(1024);
    options.alpha = alpha;
    EXPECT_THAT(RenderOverlay(film, result, options), StatusIs(kWrong, HasSubstr("alpha")));
  }
  EXPECT_THAT(RenderOverlay(film, result, SomeOptions(100)),
              StatusIs(kWrong, HasSubstr("at least 384")));
  ModelResult no_map = result;
  no_map.heatmap.values.release();
  EXPECT_THAT(RenderOverlay(film, no_map, SomeOptions(1024)),
              StatusIs(kWrong, HasSubstr("map is empty")));
  ModelResult no_place = result;
  no_place.placement.region.width = 0;
  EXPECT_THAT(RenderOverlay(film, no_place, SomeOptions(1024)),
              StatusIs(kWrong, HasSubstr("no area")));
}

TEST(PanelRendererTest, ShowsTheFilmAndEachModelsMapOnce) {
  const cv::Mat1b film = SomeFilm(100, 100);
  Analysis analysis = SomeAnalysis(film.size(), 3);
  analysis.results[1].heatmap.values = cv::Mat1f::zeros(7, 7);
  analysis.results[1].heatmap.values(0, 0) = 1.0f;
  const auto panel = RenderPanel(film, analysis, SomeOptions(1536));
  ASSERT_THAT(panel, IsOk());

  const auto count = [&](const cv::Mat3b& tile) {
    int found = 0;
    for (int y = 0; y + tile.rows <= panel->rows; ++y) {
      for (int x = 0; x + tile.cols <= panel->cols; ++x) {
        if (panel->operator()(y, x) != tile(0, 0)) continue;
        found += SamePixels(panel->operator()(cv::Rect(x, y, tile.cols, tile.rows)).clone(), tile);
      }
    }
    return found;
  };
  const auto blended = [&](int i) {
    const ModelResult& result = analysis.results[static_cast<size_t>(i)];
    return BlendHeatmap(film, result.heatmap, result.placement, 0.4);
  };
  EXPECT_EQ(count(GrayToColour(film)), 1);
  EXPECT_EQ(count(blended(0)), 2) << "the first and the third model have the same map";
  EXPECT_EQ(count(blended(1)), 1);
}

TEST(PanelRendererTest, TakesAnyNumberOfModels) {
  const cv::Mat1b film = SomeFilm(500, 400);
  for (const int models : {0, 1, 2, 5}) {
    const auto panel = RenderPanel(film, SomeAnalysis(film.size(), models), SomeOptions(1536));
    ASSERT_THAT(panel, IsOk());
    EXPECT_LE(std::max(panel->cols, panel->rows), 1536);
  }
}

TEST(NoticeRendererTest, IsSmallWhateverTheReason) {
  const cv::Mat3b card = RenderNotice("NOT_FRONTAL", "A lateral film.");
  const cv::Mat3b hostile = RenderNotice(std::string(100'000, 'A'), std::string(100'000, '\xff'));
  EXPECT_EQ(card.cols, 640);
  EXPECT_LT(card.rows, 400);
  EXPECT_LT(hostile.rows, 1200);
}

TEST(ShrinkToFitTest, AveragesAreasAndNeverEnlarges) {
  const cv::Mat1b film = (cv::Mat1b(2, 4) << 0, 100, 20, 40, 200, 100, 60, 80);
  const cv::Mat1b half = ShrinkToFit(film, 2);
  ASSERT_EQ(half.size(), cv::Size(2, 1));
  EXPECT_EQ(half(0, 0), 100);
  EXPECT_EQ(half(0, 1), 50);
  EXPECT_EQ(ShrinkToFit(film, 4).size(), film.size());
  EXPECT_EQ(ShrinkToFit(film, 0).size(), film.size());
}

TEST(LegendTest, NoLineIsWiderThanItsRoomAndNoWordIsLost) {
  TextStyle style;
  const std::string text = "overlap 0.31, centres 0.12 film widths apart, and_one_very_long_word";
  for (const int width : {60, 120, 240, 1000}) {
    std::string joined;
    for (const std::string& line : WrapText(text, style, width)) {
      EXPECT_LE(TextWidth(line, style), width) << line;
      joined += line;
    }
    joined.erase(std::remove(joined.begin(), joined.end(), ' '), joined.end());
    std::string letters = text;
    letters.erase(std::remove(letters.begin(), letters.end(), ' '), letters.end());
    EXPECT_EQ(joined, letters);
  }
}

TEST(LegendTest, BytesThatAreNotPrintableAsciiBecomeQuestionMarks) {
  EXPECT_THAT(WrapText("a\xc3\xa9\n b", TextStyle(), 1000), ::testing::ElementsAre("a??? b"));
}

TEST(LegendTest, StaysInsideItsArea) {
  Legend legend(11);
  legend.AddPair("resnet18, version 1", "pneumonia: POSITIVE", true);
  legend.AddScale(1.5f, 0.4);
  legend.AddStrong(kResearchOnly);
  for (const int width : {320, 1000}) {
    const int height = legend.Height(width);
    cv::Mat3b picture(height + 40, width + 40, cv::Vec3b(1, 2, 3));
    legend.Draw(picture, cv::Rect(20, 20, width, height));
    picture(cv::Rect(20, 20, width, height)).setTo(cv::Vec3b(1, 2, 3));
    for (const cv::Vec3b& pixel : picture) ASSERT_EQ(pixel, cv::Vec3b(1, 2, 3)) << width;
  }
}

}  // namespace
}  // namespace camnode
