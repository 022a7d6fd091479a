// What camnode-lab train and calibrate say before they compute, called as main() calls them.
// Also: calibrate.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "services/lab/commands.h"
#include "tests/testing/dicom_builder.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

namespace fs = std::filesystem;

using absl::StatusCode;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kRecipe[] = "deploy/models/resnet18/recipe.textproto";

class LabTrainTest : public ::testing::Test {
 protected:
  LabTrainTest() : folder_(fs::path(::testing::TempDir()) / "lab_train_test") {
    fs::remove_all(folder_);
    fs::create_directories(folder_ / "run");
  }
  ~LabTrainTest() override { fs::remove_all(folder_); }

  std::string Path(const std::string& name) const { return (folder_ / name).string(); }

  absl::Status Train(const std::vector<std::string>& more) const {
    std::vector<std::string> words = {"--recipe", kRecipe,    "--data",
                                      Path("x"),  "--output", Path("out")};
    words.insert(words.end(), more.begin(), more.end());
    return RunLabCommand(kTrain, words);
  }

  absl::Status Calibrate() const {
    return RunLabCommand(kCalibrate,
                         {"--run", Path("run"), "--data", Path("x"), "--output", Path("models")});
  }

  fs::path folder_;
};

TEST_F(LabTrainTest, NamesTheOptionAndWhatItMayBe) {
  EXPECT_THAT(Train({"--threads", "1.5"}),
              StatusIs(StatusCode::kInvalidArgument,
                       HasSubstr("--threads wants a whole number from 0 to 1024")));
  for (const char* fold : {"5", "-1", "first"}) {
    EXPECT_THAT(Train({"--fold", fold}),
                StatusIs(StatusCode::kInvalidArgument,
                         AllOf(HasSubstr("--fold must be none or, of the recipe's 5 folds, 0 to 4"),
                               HasSubstr(absl::StrCat("\"", fold, "\"")))));
  }
  EXPECT_THAT(Train({}), StatusIs(StatusCode::kNotFound, HasSubstr(Path("x"))));
  EXPECT_FALSE(fs::exists(Path("out")));
}

// As a hospital's archive hands films on: the names say nothing, the headers all.
TEST_F(LabTrainTest, DicomFilmsNeedNoPatternsAndThoseANodeWouldRefuseAreTold) {
  for (int i = 0; i < 12; ++i) {
    const fs::path film =
        folder_ / "x/train" / (i < 6 ? "NORMAL" : "PNEUMONIA") / absl::StrCat(i, ".dcm");
    fs::create_directories(film.parent_path());
    DicomBuilder()
        .Text(0x00100020, absl::StrCat("Secret", i / 2))
        .Text(0x00200013, absl::StrCat(i))
        .Text(0x00185101, i == 3 || i == 4 ? "LATERAL" : "PA")
        .WriteTo(film.string());
  }
  ::testing::internal::CaptureStderr();
  EXPECT_THAT(Train({}), StatusIs(StatusCode::kInvalidArgument, HasSubstr("batch_size")));
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              AllOf(HasSubstr("12 films of 6 patients"),
                    HasSubstr("NOT_FRONTAL: 2, the first is train/NORMAL/3.dcm"),
                    Not(HasSubstr("Secret"))));
}

TEST_F(LabTrainTest, CalibratesNoTrainingThatIsUnfinishedOrHeldNothingOut) {
  EXPECT_THAT(Calibrate(), StatusIs(StatusCode::kNotFound, HasSubstr("recipe.textproto")));
  fs::copy_file(kRecipe, folder_ / "run/recipe.textproto");
  EXPECT_THAT(Calibrate(), StatusIs(StatusCode::kFailedPrecondition,
                                    AllOf(HasSubstr(Path("run")), HasSubstr("not finished"))));
  std::ifstream file(kRecipe);
  std::string text((std::istreambuf_iterator<char>(file)), {});
  const std::string folds = "\nfolds: 5";
  ASSERT_NE(text.find(folds), std::string::npos);
  text.replace(text.find(folds), folds.size(), "");
  std::ofstream(folder_ / "run/recipe.textproto") << text;
  EXPECT_THAT(Calibrate(), StatusIs(StatusCode::kFailedPrecondition,
                                    AllOf(HasSubstr("held out no fold"), HasSubstr("folds"))));
}

}  // namespace
}  // namespace camnode
