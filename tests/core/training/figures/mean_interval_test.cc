#include "core/training/figures/mean_interval.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "core/training/figures/bootstrap.h"
#include "core/training/figures/score_metrics.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

TEST(MeanIntervalTest, OfEqualValuesIsThatValue) {
  const MeanInterval interval = MeanWithInterval({0.25, 0.25, 0.25}, 1);
  EXPECT_DOUBLE_EQ(interval.mean, 0.25);
  EXPECT_DOUBLE_EQ(interval.low, 0.25);
  EXPECT_DOUBLE_EQ(interval.high, 0.25);
  EXPECT_EQ(interval.count, 3);
  EXPECT_TRUE(interval.AboveZero());
}

TEST(MeanIntervalTest, IsAsWideAsTheStandardErrorSays) {
  // 0 to 1 in 101 steps: deviation 0.2915, standard error 0.0290.
  std::vector<double> values;
  for (int i = 0; i <= 100; ++i) values.push_back(i / 100.0);
  const MeanInterval interval = MeanWithInterval(values, 1);
  EXPECT_DOUBLE_EQ(interval.mean, 0.5);
  EXPECT_NEAR(interval.low, 0.5 - 1.96 * 0.0290, 0.006);
  EXPECT_NEAR(interval.high, 0.5 + 1.96 * 0.0290, 0.006);
}

TEST(MeanIntervalTest, IsTheBootstrapOfOneFilmAPatient) {
  std::vector<double> values;
  for (int i = 0; i < 30; ++i) values.push_back(std::sqrt(i));
  std::vector<ScoredFilm> films(values.size());
  for (size_t i = 0; i < films.size(); ++i) films[i].patient = absl::StrCat(i);
  BootstrapOptions options;
  options.seed = 5;
  const auto expected = BootstrapInterval(
      films,
      [&values](const std::vector<double>& weights) -> absl::optional<double> {
        return std::inner_product(values.begin(), values.end(), weights.begin(), 0.0) / 30.0;
      },
      options);
  ASSERT_THAT(expected, IsOk());
  const MeanInterval interval = MeanWithInterval(values, 5);
  EXPECT_DOUBLE_EQ(interval.mean, expected->estimate);
  EXPECT_DOUBLE_EQ(interval.low, expected->low);
  EXPECT_DOUBLE_EQ(interval.high, expected->high);
}

TEST(MeanIntervalTest, DependsOnTheSeedAndNothingElse) {
  const std::vector<double> values = {0.0, 1.0, 4.0, 9.0, 16.0, 25.0, 36.0};
  EXPECT_EQ(MeanWithInterval(values, 3).low, MeanWithInterval(values, 3).low);
  EXPECT_EQ(MeanWithInterval(values, 3).high, MeanWithInterval(values, 3).high);
}

TEST(MeanIntervalTest, OfNothingIsNotAboveZero) {
  EXPECT_EQ(MeanWithInterval({}, 1).count, 0);
  EXPECT_FALSE(MeanWithInterval({}, 1).AboveZero());
  EXPECT_FALSE(MeanWithInterval({-1.0, 1.0, 1.0}, 1).AboveZero());
}

// What two maps have in common on one film cancels.
TEST(MeanIntervalTest, APairedDifferenceIsSureWhereFilmsDifferMuchAndMapsAlways) {
  const std::vector<double> worse = {-5.0, 0.0, 5.0, 10.0};
  const std::vector<double> better = {-4.5, 0.5, 5.5, 10.5};
  const MeanInterval difference = PairedDifference(better, worse, 1);
  EXPECT_DOUBLE_EQ(difference.mean, 0.5);
  EXPECT_DOUBLE_EQ(difference.low, 0.5);
  EXPECT_FALSE(MeanWithInterval(better, 1).AboveZero());
}

}  // namespace
}  // namespace camnode
