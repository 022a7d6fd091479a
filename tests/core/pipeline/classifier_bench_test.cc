// Two real models side by side.

#include "core/pipeline/classifier_bench.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <utility>

#include "core/inference/device/device_failure.h"
#include "core/models/model_repository.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr std::size_t kResNet = 0;
constexpr std::size_t kAgain = 1;  // The same network once more.

std::unique_ptr<Classifier> ResNet() {
  auto folder = LoadModelFolder("deploy/models/resnet18/1", WeightsCheck::kSkipDigest);
  EXPECT_THAT(folder, IsOk());
  auto classifier = Classifier::Load(*folder, ClassifierOptions());
  EXPECT_THAT(classifier, IsOk());
  return *std::move(classifier);
}

Radiograph Stripes(int width) {
  Radiograph film;
  film.presentation.create(600, 500);
  for (int y = 0; y < film.presentation.rows; ++y) {
    for (int x = 0; x < film.presentation.cols; ++x) {
      film.presentation(y, x) = static_cast<uint8_t>((x / width * 40 + y / 9) % 256);
    }
  }
  return film;
}

class ClassifierBenchTest : public ::testing::Test {
 protected:
  ClassifierBenchTest() : bench_(TwoModels()) {}

  static std::vector<std::unique_ptr<Classifier>> TwoModels() {
    std::vector<std::unique_ptr<Classifier>> classifiers;
    classifiers.push_back(ResNet());
    classifiers.push_back(ResNet());
    return classifiers;
  }

  ClassifierBench bench_;
};

TEST_F(ClassifierBenchTest, ModelsThatShareTheirPreprocessingShareAnInput) {
  const BenchedFilm film = bench_.Prepare(Stripes(30));
  EXPECT_THAT(film.inputs, SizeIs(1));
  EXPECT_THAT(film.results, SizeIs(2));
}

TEST_F(ClassifierBenchTest, WhatWasClassifiedTogetherIsWhatClassifyAnswers) {
  const std::vector<int> widths = {10, 30, 90};
  const std::vector<std::vector<std::size_t>> models = {{kAgain, kResNet}, {kAgain}, {kResNet}};
  std::vector<BenchedFilm> films;
  for (const int width : widths) films.push_back(bench_.Prepare(Stripes(width)));
  std::vector<BenchRequest> requests;
  for (std::size_t i = 0; i < films.size(); ++i) requests.push_back({films[i], models[i]});
  bench_.ClassifyTogether(requests);

  EXPECT_TRUE(films[0].results[kResNet].has_value());
  EXPECT_FALSE(films[1].results[kResNet].has_value()) << "not asked for";
  EXPECT_FALSE(films[2].results[kAgain].has_value()) << "not asked for";
  for (std::size_t i = 0; i < films.size(); ++i) {
    const auto together = bench_.Classify(models[i], films[i]);
    const auto alone = bench_.Classify(models[i], bench_.Prepare(Stripes(widths[i])));
    ASSERT_THAT(together, IsOkAndHolds(SizeIs(models[i].size())));
    ASSERT_THAT(alone, IsOkAndHolds(SizeIs(models[i].size())));
    EXPECT_NEAR(together->back().finding.logit, alone->back().finding.logit, 1e-5);
    EXPECT_EQ(together->back().duration_ms, (*films[i].results[models[i].back()])->duration_ms)
        << "computed once";
  }
}

TEST_F(ClassifierBenchTest, AFilmThatCannotBePreparedFailsAloneAndNamesTheModel) {
  BenchedFilm empty = bench_.Prepare(Radiograph());
  BenchedFilm film = bench_.Prepare(Stripes(30));
  const std::vector<std::size_t> models = {kResNet};
  bench_.ClassifyTogether({{empty, models}, {film, models}});

  EXPECT_THAT(bench_.Classify(models, empty),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("resnet18: ")));
  EXPECT_THAT(bench_.Classify(models, film), IsOk());
  EXPECT_FALSE(bench_.IsBroken());
}

TEST_F(ClassifierBenchTest, IsBrokenOnceAFilmMetADeviceFailure) {
  BenchedFilm film = bench_.Prepare(Stripes(30));
  film.results[kAgain] = absl::InternalError("CUDA error, says a message only");
  EXPECT_FALSE(bench_.Classify({kAgain}, film).ok());
  EXPECT_FALSE(bench_.IsBroken());

  film.results[kAgain] = DeviceFailureError("illegal memory access");
  EXPECT_THAT(bench_.Classify({kResNet, kAgain}, film),
              StatusIs(absl::StatusCode::kInternal,
                       AllOf(HasSubstr("resnet18"), HasSubstr("illegal memory access"))));
  EXPECT_TRUE(bench_.IsBroken());
  EXPECT_THAT(bench_.Classify({kResNet}, film), IsOk());
  EXPECT_TRUE(bench_.IsBroken()) << "for good";
}

TEST_F(ClassifierBenchTest, WarmingUpWorks) { EXPECT_THAT(bench_.WarmUp(), IsOk()); }

}  // namespace
}  // namespace camnode
