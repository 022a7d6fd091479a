// The shipped networks as the measurements use them.

#include "core/training/explanation/explained_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <opencv2/core.hpp>
#include <utility>

#include "services/lab/film.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::ElementsAre;

std::unique_ptr<ExplainedModel> Load(const std::string& directory) {
  const auto folder = LoadModelFolder(directory, WeightsCheck::kSkipDigest);
  EXPECT_THAT(folder, IsOk());
  auto model = LoadExplainedModel(*folder);
  EXPECT_THAT(model, IsOk());
  return *std::move(model);
}

ClassifierInput Film(const ExplainedModel& model) {
  const auto film = ReadFilm("tests/testdata/parity/person347_bacteria_1595.png");
  EXPECT_THAT(film, IsOk());
  auto input = model.Prepare(*film);
  EXPECT_THAT(input, IsOk());
  return *std::move(input);
}

double LargestDifference(const cv::Mat1f& a, const cv::Mat1f& b) {
  return cv::norm(a, b, cv::NORM_INF);
}

TEST(ExplainedModelTest, ItsPartsRunFromTheHeadToTheStem) {
  EXPECT_THAT(Load("deploy/models/resnet18/1")->Stages(),
              ElementsAre("head", "layer4", "layer3", "layer2", "layer1", "conv1"));
  EXPECT_THAT(Load("deploy/models/densenet121/1")->Stages(),
              ElementsAre("head", "denseblock4", "transition3", "denseblock3", "transition2",
                          "denseblock2", "transition1", "denseblock1", "conv0"));
  EXPECT_EQ(Load("deploy/models/efficientnet_b0/1")->Stages().size(), 10u);
}

TEST(ExplainedModelTest, TheServedMapIsThePositivePartOfTheSignedOne) {
  for (const char* directory : {"deploy/models/resnet18/1", "deploy/models/densenet121/1"}) {
    const auto model = Load(directory);
    const ClassifierInput film = Film(*model);
    const auto served = model->Classify({film});
    const auto maps = model->SignedMaps(film, {CamMethod::kGradCam, CamMethod::kLayerCam});
    ASSERT_THAT(served, IsOk());
    ASSERT_THAT(maps, IsOk());
    cv::Mat1f positive;
    cv::max((*maps)[0], 0.0, positive);
    EXPECT_LT(LargestDifference(positive, (*served)[0].heatmap.values), 1e-4) << directory;
    EXPECT_GT(LargestDifference((*maps)[0], (*maps)[1]), 1e-3) << directory;
    // The cascade starts from the same map.
    const auto unchanged = model->RandomisedMaps({film}, 0, 1);
    ASSERT_THAT(unchanged, IsOk());
    EXPECT_LT(LargestDifference((*unchanged)[0], (*maps)[0]), 1e-4) << directory;
  }
}

TEST(ExplainedModelTest, RandomWeightsDependOnTheSeedAndLeaveTheModelAsItWas) {
  const auto model = Load("deploy/models/resnet18/1");
  const std::vector<ClassifierInput> films(2, Film(*model));
  const cv::Mat1f before = (*model->RandomisedMaps(films, 0, 1))[0];
  const cv::Mat1f random = (*model->RandomisedMaps(films, 6, 1))[0];
  EXPECT_EQ(LargestDifference(random, (*model->RandomisedMaps(films, 6, 1))[0]), 0.0);
  EXPECT_GT(LargestDifference(random, (*model->RandomisedMaps(films, 6, 2))[0]), 0.0);
  EXPECT_GT(LargestDifference(random, before), 0.0);
  EXPECT_EQ(LargestDifference((*model->RandomisedMaps(films, 0, 1))[0], before), 0.0);
}

}  // namespace
}  // namespace camnode
