#include "core/training/explanation/weight_randomisation.h"

#include <gtest/gtest.h>

#include "tests/core/training/explanation/texture_model.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

// Texture in another two rows of each film, more to the left.
std::vector<ClassifierInput> Films(const TextureModel& model) {
  std::vector<ClassifierInput> films;
  for (int film = 0; film < 6; ++film) {
    films.push_back(*model.Prepare(TexturedFilm(cv::Rect(0, film % 3, 2 + film % 2, 2))));
  }
  return films;
}

TEST(WeightRandomisationTest, AMapThatIgnoresTheWeightsFails) {
  TextureModel model(EqualWeights());
  model.ignores_weights = true;
  const auto check = CheckRandomisation(model, Films(model), 5, 1);
  ASSERT_THAT(check, IsOk());
  EXPECT_FALSE(check->passed);
  ASSERT_EQ(check->stages.size(), 2u);
  EXPECT_DOUBLE_EQ(check->stages[1].correlation.mean, 1.0);
  EXPECT_DOUBLE_EQ(check->stages[1].absolute_correlation, 1.0);
}

TEST(WeightRandomisationTest, AMapThatDependsOnTheWeightsPasses) {
  TextureModel model(EqualWeights());
  const auto check = CheckRandomisation(model, Films(model), 20, 1);
  ASSERT_THAT(check, IsOk());
  EXPECT_TRUE(check->passed);
  EXPECT_EQ(check->stages[0].name, "head");
  EXPECT_EQ(check->stages[1].name, "trunk");
  EXPECT_NEAR(check->stages[1].correlation.mean, 0.0, 0.1);
  EXPECT_EQ(check->stages[1].correlation.count, 20);
  // Unrelated maps of few cells are seldom uncorrelated: why the sign is kept.
  EXPECT_GT(check->stages[1].absolute_correlation, 0.1);
  EXPECT_LT(check->between_films, 0.9);
}

TEST(WeightRandomisationTest, AMapWithoutAnyDifferenceCountsAsUncorrelated) {
  TextureModel model(cv::Mat1f(kTextureCells, kTextureCells, 0.0f));
  model.ignores_weights = true;
  const auto check = CheckRandomisation(model, Films(model), 1, 1);
  ASSERT_THAT(check, IsOk());
  EXPECT_DOUBLE_EQ(check->stages[1].correlation.mean, 0.0);
}

TEST(WeightRandomisationTest, TellsHowFarItIs) {
  TextureModel model(EqualWeights());
  std::vector<int> done;
  const auto check = CheckRandomisation(model, Films(model), 3, 1, [&](int now, int of) {
    EXPECT_EQ(of, 6);
    done.push_back(now);
  });
  ASSERT_THAT(check, IsOk());
  EXPECT_EQ(done, std::vector<int>({1, 2, 3, 4, 5, 6}));
}

}  // namespace
}  // namespace camnode
