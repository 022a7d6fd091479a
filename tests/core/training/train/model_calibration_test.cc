#include "core/training/train/model_calibration.h"

#include <cmath>
#include <cstdint>

#include "absl/status/status.h"
#include "core/training/films/random_generator.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace camnode {
namespace {

// Logits of a network whose positives lie about `middle` and negatives about -`middle`.
std::vector<ScoredFilm> Films(uint64_t seed, double middle) {
  RandomGenerator random(seed);
  std::vector<ScoredFilm> films;
  for (int i = 0; i < 400; ++i) {
    ScoredFilm& film = films.emplace_back();
    film.name = "film" + std::to_string(1000 + i);
    film.patient = film.name;
    film.positive = i % 4 != 0;
    film.logit = (film.positive ? middle : -middle) + 2.0 * random.RoughNormal();
  }
  return films;
}

std::map<std::string, double> Weights(const std::vector<ScoredFilm>& films, double of_first) {
  std::map<std::string, double> weights;
  for (const ScoredFilm& film : films) weights[film.name] = 1.0;
  weights[films[1].name] = of_first;
  return weights;
}

TEST(ModelCalibrationTest, ProbabilitiesHaveTheStatedPrevalence) {
  const auto films = Films(1, 2.0);
  for (const double prevalence : {0.2, 0.75}) {
    const auto result = CalibrateModels({films}, Weights(films, 1.0), prevalence);
    ASSERT_TRUE(result.ok()) << result.status();
    const auto& calibration = result->models[0].calibration;
    EXPECT_EQ(calibration.prevalence(), prevalence);
    // Weighted to that prevalence, probabilities sum to the positives.
    double expected = 0.0;
    for (const ScoredFilm& film : films) {
      const double share = film.positive ? prevalence / 300 : (1.0 - prevalence) / 100;
      expected +=
          share / (1.0 + std::exp(-calibration.scale() * film.logit - calibration.offset()));
    }
    EXPECT_NEAR(expected, prevalence, 0.03);
    EXPECT_FALSE(result->mean.has_value());
  }
}

TEST(ModelCalibrationTest, TheThresholdKeepsNineTenthsOfTheWeightedPositives) {
  const auto films = Films(2, 2.0);
  const auto plain = CalibrateModels({films}, Weights(films, 1.0), 0.5);
  ASSERT_TRUE(plain.ok()) << plain.status();
  EXPECT_EQ(plain->models[0].threshold.positives, 300);
  EXPECT_EQ(plain->models[0].threshold.negatives, 100);
  EXPECT_DOUBLE_EQ(plain->models[0].threshold.sensitivity.estimate, 0.9);
}

TEST(ModelCalibrationTest, TheMeanHasAThresholdWhereAllModelsSawTheSameFilms) {
  const auto a = Films(3, 2.0);
  const auto b = Films(4, 1.0);
  const auto weights = Weights(a, 1.0);
  const auto both = CalibrateModels({a, b}, weights, 0.5);
  ASSERT_TRUE(both.ok()) << both.status();
  ASSERT_TRUE(both->mean.has_value());
  EXPECT_GE(both->mean->sensitivity.estimate, 0.9);
  auto fewer = b;
  fewer.pop_back();
  const auto uneven = CalibrateModels({a, fewer}, weights, 0.5);
  ASSERT_TRUE(uneven.ok()) << uneven.status();
  EXPECT_FALSE(uneven->mean.has_value());
}

TEST(ModelCalibrationTest, AFilmWithoutWeightIsNamed) {
  const auto films = Films(5, 2.0);
  auto weights = Weights(films, 1.0);
  weights.erase(films[7].name);
  const auto result = CalibrateModels({films}, weights, 0.5);
  EXPECT_EQ(result.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(result.status().message()), testing::HasSubstr(films[7].name));
}

TEST(ModelCalibrationTest, TheManifestSaysWhereItsThresholdComesFrom) {
  const auto films = Films(6, 2.0);
  const auto result = CalibrateModels({films}, Weights(films, 1.0), 0.5);
  ASSERT_TRUE(result.ok()) << result.status();
  camnode::model::v1::ModelManifest manifest;
  DescribeThreshold(result->models[0], "mine-1", manifest);
  EXPECT_EQ(manifest.threshold_set_id(), "mine-1");
  EXPECT_EQ(manifest.threshold(), result->models[0].threshold.threshold.estimate);
  EXPECT_EQ(manifest.threshold_origin().films(), 400);
  EXPECT_EQ(manifest.threshold_origin().normals(), 100);
  EXPECT_LE(manifest.threshold_origin().interval_low(), manifest.threshold());
  EXPECT_GE(manifest.threshold_origin().interval_high(), manifest.threshold());
  EXPECT_THAT(manifest.threshold_origin().rule(), testing::HasSubstr("0.90"));
}

}  // namespace
}  // namespace camnode
