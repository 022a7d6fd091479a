// What a training run leaves behind, read back: curves, recipe, scores of held-out films.
// Also: out_of_fold, run_curves, run_folder.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "absl/status/status.h"
#include "absl/types/optional.h"
#include "core/training/train/curves.h"
#include "core/training/train/out_of_fold.h"
#include "core/training/train/run_curves.h"
#include "core/training/train/run_folder.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

namespace fs = std::filesystem;

using absl::StatusCode;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class RunFilesTest : public ::testing::Test {
 protected:
  RunFilesTest() : folder_(fs::path(::testing::TempDir()) / "run_files_test") {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~RunFilesTest() override { fs::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
    return (folder_ / name).string();
  }

  fs::path folder_;
};

TEST_F(RunFilesTest, ReadsTheRecipeAndTheCurvesOfARun) {
  fs::copy_file("deploy/models/resnet18/recipe.textproto", folder_ / "recipe.textproto");
  CurvePoint point;
  point.epoch = 1;
  point.stage = 1;
  point.image_size = 160;
  point.held_out_auc = 0.75;
  Write("curves.csv", FormatCurves({point}));
  const auto run = ReadTrainingRun(folder_.string() + "/");
  ASSERT_THAT(run, IsOk());
  EXPECT_EQ(run->name, "run_files_test");
  EXPECT_EQ(run->recipe.manifest().name(), "resnet18");
  ASSERT_THAT(run->curves, SizeIs(1));
  EXPECT_EQ(run->curves[0].held_out_auc, 0.75);
  EXPECT_EQ(run->curves[0].held_out_loss, absl::nullopt);
}

TEST_F(RunFilesTest, SaysWhichFileOfARunIsMissing) {
  EXPECT_THAT(ReadTrainingRun(folder_.string()),
              StatusIs(StatusCode::kNotFound, HasSubstr("recipe.textproto")));
  fs::copy_file("deploy/models/resnet18/recipe.textproto", folder_ / "recipe.textproto");
  EXPECT_THAT(ReadTrainingRun(folder_.string()),
              StatusIs(StatusCode::kNotFound, HasSubstr("curves.csv")));
}

TEST_F(RunFilesTest, OneTrainingAtATimeHoldsAFolder) {
  const std::string path = (folder_ / "run").string();
  const camnode::training::v1::Recipe recipe;
  {
    const auto held = RunFolder::Open(path, recipe, {});
    ASSERT_THAT(held, IsOk());
    EXPECT_THAT(RunFolder::Open(path, recipe, {}),
                StatusIs(StatusCode::kFailedPrecondition,
                         AllOf(HasSubstr("another training is at work in " + path),
                               HasSubstr("--output"))));
  }
  EXPECT_THAT(RunFolder::Open(path, recipe, {}), IsOk());
}

TEST_F(RunFilesTest, AnotherRunTakesTheFolderOnlyOfOneThatFinishedNoEpoch) {
  const std::string path = (folder_ / "run").string();
  const camnode::training::v1::Recipe recipe;
  camnode::training::v1::TrainingRun run;
  run.set_threads(1);
  run.set_data_digest("a");
  ASSERT_THAT(RunFolder::Open(path, recipe, run), IsOk());
  run.set_data_digest("b");
  ASSERT_THAT(RunFolder::Open(path, recipe, run), IsOk()) << "nothing is lost";
  Write("run/curves.csv", FormatCurves({}));
  ASSERT_THAT(RunFolder::Open(path, recipe, run), IsOk());
  run.set_threads(2);
  EXPECT_THAT(
      RunFolder::Open(path, recipe, run),
      StatusIs(StatusCode::kFailedPrecondition,
               AllOf(HasSubstr("threads: 1 -> 2; begin anew"), HasSubstr("run.textproto"))));
}

TEST_F(RunFilesTest, PoolsTheFoldsOfARecipe) {
  const std::string first = Write("0.csv",
                                  "name,patient,class,fold,logit,probability\n"
                                  "b.png,p1,SICK,0,1.5,0.8\n");
  const std::string second = Write("1.csv",
                                   "extra,probability,logit,fold,class,patient,name\n"
                                   "x,0.25,-1,1,WELL,p2,\"a,1.png\"\n");
  const auto scores = ReadOutOfFold({first, second}, "SICK");
  ASSERT_THAT(scores, IsOk());
  EXPECT_EQ(scores->folds, 2);
  EXPECT_THAT(scores->classes, ElementsAre("SICK", "WELL"));
  ASSERT_THAT(scores->films, SizeIs(2));
  EXPECT_EQ(scores->films[0].name, "a,1.png");
  EXPECT_EQ(scores->films[0].fold, 1);
  EXPECT_EQ(scores->films[0].logit, -1.0);
  EXPECT_FALSE(scores->films[0].positive);
  EXPECT_TRUE(scores->films[1].positive);
}

TEST_F(RunFilesTest, RefusesScoresThatCannotBe) {
  const std::string header = "name,patient,class,fold,logit,probability\n";
  const auto read = [&](const std::string& lines) {
    return ReadOutOfFold({Write("f.csv", lines)}, "SICK").status();
  };
  EXPECT_THAT(read("name,class\n"), StatusIs(StatusCode::kInvalidArgument, HasSubstr("patient")));
  EXPECT_THAT(
      read(header + "a,p,SICK,0,inf,0.5\n"),
      StatusIs(StatusCode::kInvalidArgument, AllOf(HasSubstr("line 2"), HasSubstr("logit"))));
  EXPECT_THAT(read(header + "a,p,SICK,0,1,1.5\n"),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("probability")));
  EXPECT_THAT(read(header + "a,p,SICK,-1,1,0.5\n"),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("fold")));
  EXPECT_THAT(read(header + "a,p,SICK,0,1,0.5\na,p,SICK,1,1,0.5\n"),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("line 3")));
  EXPECT_THAT(read(header + "a,p,WELL,0,1,0.5\n"),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("SICK")));
  EXPECT_THAT(read(header), StatusIs(StatusCode::kInvalidArgument, HasSubstr("no film")));
  EXPECT_THAT(ReadOutOfFold({(folder_ / "none.csv").string()}, "SICK"),
              StatusIs(StatusCode::kNotFound, HasSubstr("none.csv")));
}

}  // namespace
}  // namespace camnode
