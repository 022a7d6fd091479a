// camnode-lab evaluate-precision, called as main() calls it, on three films: too few for
// the gate, which is what it must say.

#include "core/inference/device/precision.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <ios>
#include <iterator>
#include <vector>

#include "absl/status/status.h"
#include "core/models/model_repository.h"
#include "services/lab/commands.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

namespace fs = std::filesystem;
namespace v1 = camnode::model::v1;

using absl::StatusCode;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string ReadText(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

class LabPrecisionTest : public ::testing::Test {
 protected:
  LabPrecisionTest() : folder_(fs::path(::testing::TempDir()) / "lab_precision_test") {
    fs::remove_all(folder_);
    fs::create_directories(folder_ / "positive");
    fs::create_directories(folder_ / "negative");
    const fs::path films = "tests/testdata/parity";
    fs::copy(films / "person1589_virus_2763.png", folder_ / "positive");
    fs::copy(films / "person347_bacteria_1595.png", folder_ / "positive");
    fs::copy(films / "NORMAL2-IM-1376-0001.png", folder_ / "negative");
    fs::copy("deploy/models/resnet18/1", folder_ / "model");
  }
  ~LabPrecisionTest() override { fs::remove_all(folder_); }

  absl::Status Evaluate(std::vector<std::string> words) {
    words.insert(words.end(), {"--model", (folder_ / "model").string(), "--positive",
                               (folder_ / "positive").string(), "--negative",
                               (folder_ / "negative").string(), "--threads", "1"});
    return RunLabCommand(kEvaluatePrecision, words);
  }

  fs::path folder_;
};

TEST_F(LabPrecisionTest, RefusesWhatTooFewFilmsSayAndStoresWhatItMeasured) {
  // Whatever the processor has: one by one against in a batch, if nothing else.
  const bool half = HasFastPrecision(ComputePrecision::kBfloat16);
  const std::string precision = half ? "bfloat16" : "float32";
  const std::string before = ReadText(folder_ / "model/manifest.textproto");
  fs::create_hard_link(folder_ / "model/manifest.textproto", folder_ / "manifest.textproto");

  ::testing::internal::CaptureStdout();
  const absl::Status status = Evaluate({"--precision", precision, "--store"});
  const std::string said = ::testing::internal::GetCapturedStdout();

  EXPECT_THAT(status, StatusIs(StatusCode::kFailedPrecondition,
                               HasSubstr("1 of 1 models must not use " + precision)));
  EXPECT_THAT(said, AllOf(HasSubstr("resnet18 " + precision + " against float32 on "),
                          HasSubstr(": 3 films, AUC "), HasSubstr("at least 200 are needed")));
  EXPECT_THAT(ReadText(folder_ / "model/manifest.textproto"), StartsWith(before))
      << "what stood there, comments and all, must stay";
  EXPECT_EQ(ReadText(folder_ / "manifest.textproto"), before) << "it is replaced as a whole";
  const auto model = LoadModelFolder((folder_ / "model").string(), WeightsCheck::kVerifyDigest);
  ASSERT_THAT(model, IsOk());
  const auto shipped = LoadModelFolder("deploy/models/resnet18/1", WeightsCheck::kSkipDigest);
  ASSERT_THAT(shipped, IsOk());
  ASSERT_EQ(model->manifest.precision_checks_size(), shipped->manifest.precision_checks_size() + 1);
  const v1::PrecisionCheck& check = *model->manifest.precision_checks().rbegin();
  EXPECT_EQ(check.precision(), half ? v1::BFLOAT16 : v1::FLOAT32);
  EXPECT_EQ(check.films(), 3);
  EXPECT_EQ(check.weights_sha256(), model->manifest.weights_sha256());
  EXPECT_EQ(check.threshold(), model->manifest.threshold());
  EXPECT_EQ(check.instruction_set(), InstructionSet());
  EXPECT_EQ(check.auc_difference(), 0.0) << "three films, told apart either way";
  EXPECT_LE(check.max_probability_difference(), 0.05);
}

TEST_F(LabPrecisionTest, TakesEveryNthFilmAndWritesNothingUnlessTold) {
  ::testing::internal::CaptureStdout();
  EXPECT_THAT(Evaluate({"--precision", "float32", "--every", "2"}),
              StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_THAT(::testing::internal::GetCapturedStdout(),
              AllOf(HasSubstr(": 2 films, AUC "), HasSubstr("verdicts flipped 0.000 %")));
  EXPECT_EQ(ReadText(folder_ / "model/manifest.textproto"),
            ReadText("deploy/models/resnet18/1/manifest.textproto"));
}

TEST_F(LabPrecisionTest, SaysWhatIsWrongWithItsOptions) {
  EXPECT_THAT(Evaluate({"--precision", "int8"}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("float32, bfloat16 or float16")));
  EXPECT_THAT(Evaluate({"--store", "--against", "bfloat16"}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("against float32")));
  EXPECT_THAT(Evaluate({"--every", "0"}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("--every")));
  EXPECT_THAT(Evaluate({"--negative", (folder_ / "absent").string()}),
              StatusIs(StatusCode::kNotFound, HasSubstr("absent")));
  EXPECT_THAT(RunLabCommand(kEvaluatePrecision, {"--model", "deploy/models/resnet18/1"}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("--positive and --negative")));
  EXPECT_THAT(RunLabCommand(kEvaluatePrecision, {"--positive", (folder_ / "positive").string()}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("--model")));
  // No processor has a fast float16 yet.
  EXPECT_THAT(Evaluate({"--precision", "float16"}),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("is not what this processor")));
}

}  // namespace
}  // namespace camnode
