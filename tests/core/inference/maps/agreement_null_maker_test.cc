// Films whose models point at cells by rule, so that what chance gives is known.

#include "core/inference/maps/agreement_null_maker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/status/status.h"
#include "core/inference/maps/agreement.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

ModelResult PointingAt(int cell, bool positive = true) {
  ModelResult result;
  result.finding.positive = positive;
  result.heatmap.values = cv::Mat1f(2, 2, 0.0f);
  result.heatmap.values(cell / 2, cell % 2) = 1.0f;
  result.heatmap.peak = 1.0f;
  result.placement.film = {100, 100};
  result.placement.region = cv::Rect2d(0, 0, 100, 100);
  return result;
}

std::vector<ModelFolder> Models(int count) {
  std::vector<ModelFolder> models(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) {
    auto& manifest = models[static_cast<size_t>(i)].manifest;
    manifest.set_name(std::string(1, static_cast<char>('a' + i)));
    manifest.set_version("1");
    manifest.add_labels("pneumonia");
    manifest.set_reported_label("pneumonia");
  }
  return models;
}

// On each film both models point at the same cell; films point at the four cells in turn.
std::vector<std::vector<ModelResult>> FilmsOfAgreeingModels(int films, int models) {
  std::vector<std::vector<ModelResult>> results;
  for (int film = 0; film < films; ++film) {
    results.emplace_back(static_cast<size_t>(models), PointingAt(film % 4));
  }
  return results;
}

TEST(AgreementNullMakerTest, MapsOfDifferentFilmsOverlapByChanceAndThoseOfOneFilmByMore) {
  const auto films = FilmsOfAgreeingModels(40, 2);
  const auto null = MakeAgreementNull(Models(2), films, {});
  ASSERT_THAT(null, IsOk());
  ASSERT_EQ(null->distributions_size(), 1);
  EXPECT_THAT(null->films(), ElementsAre(40, 40));
  EXPECT_THAT(null->models(), ElementsAre("a/1", "b/1"));
  // Of 39 other films 9 point at the same cell: 23 %.
  const auto& overlap = null->distributions(0).overlap();
  EXPECT_EQ(overlap[74], 0.0);
  EXPECT_EQ(overlap[80], 1.0);
  const Agreement agreement = ComputeAgreement(films[0], &*null);
  ASSERT_TRUE(agreement.percentiles.has_value());
  EXPECT_GT(agreement.percentiles->overlap, 85.0);
  EXPECT_GT(agreement.percentiles->distance, 85.0);
}

TEST(AgreementNullMakerTest, HasADistributionForEverySubsetOfTwoOrMoreModels) {
  const auto null = MakeAgreementNull(Models(3), FilmsOfAgreeingModels(24, 3), {});
  ASSERT_THAT(null, IsOk());
  EXPECT_EQ(null->distributions_size(), 4);
  for (const std::vector<int>& models : {std::vector<int>{0, 1}, std::vector<int>{0, 2},
                                         std::vector<int>{1, 2}, std::vector<int>{0, 1, 2}}) {
    EXPECT_NE(FindDistribution(*null, models), nullptr);
  }
}

TEST(AgreementNullMakerTest, IsTheSameForTheSameSeedAndAnotherForAnother) {
  const auto films = FilmsOfAgreeingModels(31, 2);
  const auto first = MakeAgreementNull(Models(2), films, {500, 1});
  const auto again = MakeAgreementNull(Models(2), films, {500, 1});
  const auto other = MakeAgreementNull(Models(2), films, {500, 2});
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(first->SerializeAsString(), again->SerializeAsString());
  EXPECT_NE(first->SerializeAsString(), other->SerializeAsString());
}

TEST(AgreementNullMakerTest, UsesOnlyMapsOfFilmsTheModelFoundPositive) {
  auto films = FilmsOfAgreeingModels(30, 2);
  films[3][1].finding.positive = false;
  const auto null = MakeAgreementNull(Models(2), films, {});
  ASSERT_THAT(null, IsOk());
  EXPECT_THAT(null->films(), ElementsAre(30, 29));
  for (int film = 0; film < 11; ++film)
    films[static_cast<size_t>(film)][0].finding.positive = false;
  EXPECT_THAT(MakeAgreementNull(Models(2), films, {}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("a finds 19 of 30 films positive; 20 are needed")));
}

TEST(AgreementNullMakerTest, RefusesOneModelAndFilmsThatLackAResult) {
  EXPECT_THAT(MakeAgreementNull(Models(1), FilmsOfAgreeingModels(30, 1), {}),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(MakeAgreementNull(Models(7), FilmsOfAgreeingModels(30, 7), {}),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(MakeAgreementNull(Models(3), FilmsOfAgreeingModels(30, 2), {}),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

// What camnode carries must fit the models it carries.
TEST(AgreementNullMakerTest, TheCarriedNullIsOfTheCarriedModels) {
  const auto models = LoadModelSet("deploy/models", {"resnet18", "efficientnet_b0", "densenet121"},
                                   WeightsCheck::kSkipDigest);
  ASSERT_THAT(models, IsOk());
  const auto null = LoadAgreementNull("deploy/models", *models);
  ASSERT_THAT(null, IsOk()) << "make it anew: camnode-lab agreement-null --help";
  EXPECT_EQ(null->distributions_size(), 4);
}

}  // namespace
}  // namespace camnode
