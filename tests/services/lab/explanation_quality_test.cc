// camnode-lab explanation-quality, called as main() calls it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "services/lab/commands.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/test_data.h"

namespace camnode {
namespace {

using ::testing::HasSubstr;

std::vector<std::string> Words(const std::string& output) {
  return {"--model",         "deploy/models/resnet18/1",
          "--data",          TestDataPath("kermany224"),
          "--split",         "val",
          "--films",         "4",
          "--steps",         "4",
          "--blur",          "0.05",
          "--fill",          "texture",
          "--draws",         "1",
          "--methods",       "gradcam++",
          "--variant-films", "1",
          "--output",        output};
}

TEST(LabExplanationQualityTest, MeasuresAShippedNetworkOnFilmsItWasNotTrainedOn) {
  CAMNODE_NEEDS_TEST_DATA("kermany224/val");
  const std::string output =
      (std::filesystem::temp_directory_path() / "camnode_explanation_quality_test.json").string();
  ASSERT_THAT(RunLabCommand(kExplanationQuality, Words(output)), IsOk());

  std::ifstream file(output);
  const nlohmann::json json = nlohmann::json::parse(file);
  std::filesystem::remove(output);
  EXPECT_EQ(json["films"].size(), 4u);
  EXPECT_THAT(json["films"][0]["name"], HasSubstr("val/PNEUMONIA/person"));
  EXPECT_EQ(json["films"][0]["models"][0]["heatmap"].size(), 7u);
  const auto& model = json["models"][0];
  EXPECT_EQ(model["name"], "resnet18");
  EXPECT_EQ(model["faithfulness"].size(), 5u);
  EXPECT_EQ(model["faithfulness"][4]["map"], "gradcam++");
  EXPECT_EQ(model["randomisation"]["stages"].size(), 6u);
  EXPECT_GT(model["stability"][5]["correlation"]["mean"], 0.8);
}

TEST(LabExplanationQualityTest, SaysWhatIsWrongWithTheCommandLine) {
  using absl::StatusCode;
  EXPECT_THAT(RunLabCommand(kExplanationQuality, {"--model", "x", "--steps", "1", "--output", "y"}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("--steps")));
  EXPECT_THAT(RunLabCommand(kExplanationQuality, {"--output", "y", "film.png"}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("film.png")));
  CAMNODE_NEEDS_TEST_DATA("kermany224/val");
  std::vector<std::string> words = Words("unused");
  words.insert(words.end(), {"--positive-class", "tuberculosis"});
  EXPECT_THAT(RunLabCommand(kExplanationQuality, words),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("tuberculosis")));
}

}  // namespace
}  // namespace camnode
