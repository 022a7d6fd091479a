#include "core/training/explanation/map_stability.h"

#include <gtest/gtest.h>

#include <cstddef>

#include "core/training/explanation/baseline_maps.h"
#include "tests/core/training/explanation/texture_model.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

// Black, with a white disc about a place in shares of the side.
ClassifierInput Spot(const cv::Vec2d& place) {
  constexpr int kSide = 64;
  ClassifierInput input;
  input.side = kSide;
  for (int i = 0; i < 3 * kSide * kSide; ++i) {
    const double x = (i % kSide + 0.5) / kSide - place[0];
    const double y = (i / kSide % kSide + 0.5) / kSide - place[1];
    input.image.push_back(x * x + y * y < 0.005 ? 1.0f : 0.0f);
  }
  return input;
}

cv::Vec2d CentreOfMass(const ClassifierInput& input) {
  cv::Vec2d sum;
  double mass = 0.0;
  for (int i = 0; i < input.side * input.side; ++i) {
    const double value = static_cast<double>(input.image[static_cast<size_t>(i)]);
    const double side = static_cast<double>(input.side);
    sum += value * cv::Vec2d((i % static_cast<int>(input.side) + 0.5) / side,
                             (i / static_cast<int>(input.side) + 0.5) / side);
    mass += value;
  }
  return sum * (1.0 / mass);
}

TEST(MapStabilityTest, APointOfTheFilmGoesWhereMovedSays) {
  const cv::Vec2d place(0.3, 0.6);
  for (const FilmChange& change : SmallChanges()) {
    if (change.brighter != 0.0 || change.contrast != 1.0) continue;
    const cv::Vec2d found = CentreOfMass(Changed(Spot(place), change));
    const cv::Vec2d expected = Moved(place, change);
    EXPECT_NEAR(found[0], expected[0], 0.003) << change.name;
    EXPECT_NEAR(found[1], expected[1], 0.003) << change.name;
    EXPECT_GT(cv::norm(found - place), 0.004) << change.name << " moved nothing";
  }
}

TEST(MapStabilityTest, BrighterAndMoreContrastAreMeasuredInTheFilmsDeviations) {
  FilmChange change;
  change.brighter = 0.1;
  const ClassifierInput spot = Spot({0.5, 0.5});
  const ClassifierInput brighter = Changed(spot, change);
  const float added = brighter.image[0] - spot.image[0];
  EXPECT_GT(added, 0.005f);
  EXPECT_NEAR(brighter.image[64 * 32 + 32] - spot.image[64 * 32 + 32], added, 1e-6);
  change.brighter = 0.0;
  change.contrast = 1.1;
  const ClassifierInput contrast = Changed(spot, change);
  EXPECT_NEAR(contrast.image[64 * 32 + 32] - contrast.image[0], 1.1, 1e-5);
}

std::vector<MapStability> Measure(TextureModel& model) {
  std::vector<ClassifierInput> films;
  for (int film = 0; film < 3; ++film) {
    films.push_back(*model.Prepare(TexturedFilm(cv::Rect(film, 1, 2, 2))));
  }
  const auto rows = MeasureStability(model, films, *model.Classify(films), 1);
  EXPECT_THAT(rows, IsOk());
  return *rows;
}

TEST(MapStabilityTest, AMapThatFollowsTheFilmStaysOnItsPlace) {
  TextureModel model(EqualWeights());
  const std::vector<MapStability> rows = Measure(model);
  ASSERT_EQ(rows.size(), SmallChanges().size());
  for (const MapStability& row : rows) {
    EXPECT_GT(row.correlation.mean, 0.6) << row.change;
    EXPECT_EQ(row.correlation.count, 3) << row.change;
  }
  EXPECT_NEAR(rows.back().correlation.mean, 1.0, 0.05);
}

// Painted on the frame, it does not move with the film: carried back, its peak is off by
// as much as the film was moved.
TEST(MapStabilityTest, AMapThatSticksToTheFrameMovesAgainstTheFilm) {
  TextureModel model(EqualWeights());
  // Its equal cells are no longer equal when it has moved.
  model.painted_map = CentreMap({kTextureCells, kTextureCells});
  const std::vector<MapStability> rows = Measure(model);
  EXPECT_NEAR(rows[0].peak_moved.mean, 4.0 / 224.0, 1e-9);
  EXPECT_LT(rows[0].correlation.mean, 1.0);
  EXPECT_NEAR(rows[4].peak_moved.mean, 0.0, 1e-9);
  EXPECT_DOUBLE_EQ(rows[4].correlation.mean, 1.0);
}

TEST(MapStabilityTest, AnEmptyMapHasNoPeakAndNoCorrelation) {
  TextureModel model(cv::Mat1f(kTextureCells, kTextureCells, 0.0f));
  for (const MapStability& row : Measure(model)) {
    EXPECT_EQ(row.peak_moved.count, 0);
    EXPECT_DOUBLE_EQ(row.correlation.mean, 0.0);
  }
}

}  // namespace
}  // namespace camnode
