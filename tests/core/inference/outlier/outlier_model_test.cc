// Also: outlier_fit.

#include "core/inference/outlier/outlier_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <fstream>
#include <ios>
#include <limits>
#include <vector>

#include "absl/status/status.h"
#include "core/inference/checkpoint/safetensors.h"
#include "core/inference/networks/network.h"
#include "core/inference/outlier/outlier_fit.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::HasSubstr;

OutlierParameters Parameters() {
  OutlierParameters p;
  p.mean = torch::tensor({0.0f, 0.0f});
  p.components = torch::tensor({{1.0f, 0.0f}});
  p.variances = torch::tensor({0.25f});
  p.residual_variance = 0.01;
  p.threshold = 3.0;
  return p;
}

std::string Write(const std::string& bytes) {
  const std::string path = ::testing::TempDir() + "/outliers.safetensors";
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

// Films around one direction of `width` features, in a deterministic way.
std::vector<std::vector<float>> Films(int films, int width) {
  torch::manual_seed(7);
  const torch::Tensor noise = torch::randn({films, width}) * 0.05f;
  std::vector<std::vector<float>> rows;
  for (int film = 0; film < films; ++film) {
    rows.emplace_back();
    for (int i = 0; i < width; ++i) {
      rows.back().push_back((i < width / 2 ? 1.0f : 0.2f) + noise[film][i].item<float>());
    }
  }
  return rows;
}

std::vector<std::string> OneGroupEach(size_t films) {
  std::vector<std::string> groups;
  for (size_t i = 0; i < films; ++i) groups.push_back(std::to_string(i));
  return groups;
}

// 0.6^2 / 0.25 + 0.8^2 / 0.01 = 65.44; half of it, rooted.
TEST(OutlierModelTest, TheDistanceIsThatOfTheFormula) {
  const auto score = OutlierModel(Parameters()).Score(torch::tensor({0.6f, 0.8f}));
  ASSERT_THAT(score, IsOk());
  EXPECT_NEAR(score->distance, 5.7201, 1e-4);
  EXPECT_EQ(score->threshold, 3.0);
  EXPECT_TRUE(score->IsOutlier());
}

TEST(OutlierModelTest, FeaturesOfAnyTypeAreTaken) {
  const OutlierModel model(Parameters());
  EXPECT_NEAR(model.Score(torch::tensor({0.6f, 0.8f}).to(torch::kBFloat16))->distance, 5.7201,
              0.05);
}

TEST(OutlierModelTest, AFileGivesBackWhatWasWritten) {
  const auto bytes = FormatOutlierModel(Parameters());
  ASSERT_THAT(bytes, IsOk());
  const auto model = OutlierModel::Read(Write(*bytes));
  ASSERT_THAT(model, IsOk());
  EXPECT_NEAR(model->Score(torch::tensor({0.6f, 0.8f}))->distance, 5.7201, 1e-4);
  EXPECT_EQ(FormatOutlierModel(model->parameters()), bytes);
}

TEST(OutlierModelTest, AModelOfAnotherNetworkIsNamed) {
  EXPECT_THAT(OutlierModel(Parameters()).Score(torch::zeros({512})),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("512")));
}

TEST(OutlierModelTest, DamagedFilesAreStatuses) {
  const auto read = [](const NamedTensors& tensors) {
    return OutlierModel::Read(Write(*FormatSafetensors(tensors))).status();
  };
  const NamedTensors good = *ParseSafetensors(*FormatOutlierModel(Parameters()));
  ASSERT_THAT(read(good), IsOk());
  for (const auto& [name, tensor] : good) {
    NamedTensors broken = good;
    broken.erase(name);
    EXPECT_THAT(read(broken), StatusIs(absl::StatusCode::kDataLoss, HasSubstr(name)));
    broken[name] = torch::zeros({3, 3, 3});
    EXPECT_THAT(read(broken), StatusIs(absl::StatusCode::kDataLoss)) << name;
    broken[name] = tensor * std::numeric_limits<float>::quiet_NaN();
    EXPECT_THAT(read(broken), StatusIs(absl::StatusCode::kDataLoss)) << name;
    broken[name] = torch::ones({1}, torch::kInt64);
    EXPECT_THAT(read(broken), StatusIs(absl::StatusCode::kDataLoss)) << name;
  }
  for (const char* name : {"variances", "residual_variance", "threshold"}) {
    NamedTensors broken = good;
    broken[name] = torch::zeros_like(good.at(name));
    EXPECT_THAT(read(broken), StatusIs(absl::StatusCode::kDataLoss)) << name;
  }
  EXPECT_THAT(OutlierModel::Read(Write("nothing")), StatusIs(absl::StatusCode::kDataLoss));
}

TEST(OutlierFitTest, FilmsLikeTheFittedOnesPassAndOthersDoNot) {
  const auto films = Films(400, 24);
  OutlierFitOptions options;
  options.components = 8;
  options.percentile = 99.0;
  const auto fit = FitOutlierModel(films, OneGroupEach(films.size()), options);
  ASSERT_THAT(fit, IsOk());
  EXPECT_NEAR(fit->median, 1.0, 0.2) << "per dimension, a typical film is near 1";
  const auto model = OutlierModel::Read(Write(fit->bytes));
  ASSERT_THAT(model, IsOk());
  int outliers = 0;
  for (const auto& film : films) {
    if (model->Score(torch::tensor(film))->IsOutlier()) ++outliers;
  }
  EXPECT_LE(outliers, 6) << "about 1 % of 400, fewer where the fit has seen them";
  std::vector<float> other(24, 0.2f);
  other[3] = 1.0f;
  EXPECT_TRUE(model->Score(torch::tensor(other))->IsOutlier());
}

TEST(OutlierFitTest, TheSameFilmsGiveTheSameBytes) {
  const auto films = Films(60, 12);
  OutlierFitOptions options;
  options.components = 4;
  EXPECT_EQ(FitOutlierModel(films, OneGroupEach(60), options)->bytes,
            FitOutlierModel(films, OneGroupEach(60), options)->bytes);
}

// Every film twice: where the copy is in the fit, the threshold is too low.
TEST(OutlierFitTest, AGroupIsHeldOutTogether) {
  auto films = Films(30, 24);
  const auto copies = films;
  films.insert(films.end(), copies.begin(), copies.end());
  auto pairs = OneGroupEach(30);
  const auto again = pairs;
  pairs.insert(pairs.end(), again.begin(), again.end());
  OutlierFitOptions options;
  options.components = 16;
  EXPECT_GT(FitOutlierModel(films, pairs, options)->median,
            1.2 * FitOutlierModel(films, OneGroupEach(60), options)->median);
}

TEST(OutlierFitTest, NamesWhatCannotBeFitted) {
  const auto films = Films(20, 12);
  OutlierFitOptions options;
  options.components = 4;
  const auto invalid = StatusIs(absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(FitOutlierModel({}, {}, options), invalid);
  EXPECT_THAT(FitOutlierModel(films, OneGroupEach(19), options), invalid);
  auto ragged = films;
  ragged[3].pop_back();
  EXPECT_THAT(FitOutlierModel(ragged, OneGroupEach(20), options), invalid);
  auto infinite = films;
  infinite[3][0] = std::numeric_limits<float>::infinity();
  EXPECT_THAT(FitOutlierModel(infinite, OneGroupEach(20), options), invalid);
  options.components = 12;
  EXPECT_THAT(FitOutlierModel(films, OneGroupEach(20), options), invalid);
}

}  // namespace
}  // namespace camnode
