#include "core/training/films/training_split.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "core/training/films/dataset.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

namespace fs = std::filesystem;

// Three splits of a folder of files that hold whatever text: no film is decoded here.
class TrainingSplitTest : public ::testing::Test {
 protected:
  TrainingSplitTest()
      : folder_(fs::temp_directory_path() / absl::StrCat("camnode-split-", getpid())) {
    fs::remove_all(folder_);
    for (const std::string split : {"test", "train", "val"}) {
      for (const std::string name : {"NORMAL", "PNEUMONIA"}) {
        fs::create_directories(folder_ / split / name);
        std::ofstream(folder_ / split / name / "film.png") << split << name;
      }
    }
  }
  ~TrainingSplitTest() override { fs::remove_all(folder_); }

  DatasetOptions Options(std::vector<std::string> splits) const {
    DatasetOptions options;
    options.path = folder_.string();
    options.splits = std::move(splits);
    options.patient_patterns = {"^(.*)$"};
    return options;
  }

  Dataset Read(std::vector<std::string> splits) const {
    absl::StatusOr<Dataset> dataset = ReadDataset(Options(std::move(splits)));
    EXPECT_THAT(dataset, IsOk());
    return dataset.ok() ? *std::move(dataset) : Dataset();
  }

  fs::path folder_;
};

TEST_F(TrainingSplitTest, IsTheEvaluatedFilmsIfTheyAreTheOnes) {
  const Dataset test = Read({"test"});
  const auto found = FindTrainingSplit(test, Options({"test"}), {"other", test.digest});
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->digest, test.digest);
}

TEST_F(TrainingSplitTest, IsFoundBesideTheEvaluatedSplitByItsDigest) {
  const std::string digest = Read({"train"}).digest;
  const auto found = FindTrainingSplit(Read({"test"}), Options({"test"}), {digest});
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->digest, digest);
  ASSERT_EQ(found->films.size(), 2u);
  EXPECT_EQ(found->films[0].split, "train");
}

TEST_F(TrainingSplitTest, IsFoundAmongTheSplitsOfAWholeDataSet) {
  const std::string digest = Read({"val"}).digest;
  const auto found = FindTrainingSplit(Read({}), Options({}), {digest});
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->digest, digest);
}

TEST_F(TrainingSplitTest, IsAbsentWhereNoSplitHasTheDigestOrTheOthersCannotBeRead) {
  const Dataset test = Read({"test"});
  const std::string digest = Read({"train"}).digest;
  EXPECT_FALSE(FindTrainingSplit(test, Options({"test"}), {"other"}).has_value());
  EXPECT_FALSE(FindTrainingSplit(test, Options({"test"}), {}).has_value());
  fs::remove_all(folder_);
  EXPECT_FALSE(FindTrainingSplit(test, Options({"test"}), {digest}).has_value());
}

}  // namespace
}  // namespace camnode
