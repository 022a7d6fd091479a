#include "core/models/model_repository.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/sha256.h"
#include "core/models/model_manifest.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

namespace fs = std::filesystem;
namespace v1 = camnode::model::v1;

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr char kWeights[] = "pretend weights";

v1::ModelManifest Manifest(const std::string& name, const std::string& version) {
  v1::ModelManifest m;
  m.set_name(name);
  m.set_version(version);
  m.set_architecture("resnet18");
  m.add_labels("pneumonia");
  m.set_reported_label("pneumonia");
  m.mutable_preprocessing()->set_input_size(224);
  m.mutable_preprocessing()->set_geometry(v1::GEOMETRY_SQUASH);
  m.mutable_preprocessing()->set_intensity(v1::INTENSITY_POLICY_FILE);
  for (int i = 0; i < 3; ++i) m.mutable_preprocessing()->add_mean(0.5);
  for (int i = 0; i < 3; ++i) m.mutable_preprocessing()->add_standard_deviation(0.25);
  m.set_threshold(0.25);
  m.set_threshold_set_id("set-1");
  m.set_weights_file("weights.safetensors");
  m.set_weights_sha256(Sha256Hex(kWeights));
  m.set_weights_precision("float32");
  m.set_population("nobody");
  m.set_intended_use("Tests.");
  m.set_training_data("None.");
  return m;
}

class ModelRepositoryTest : public ::testing::Test {
 protected:
  ModelRepositoryTest() : root_(fs::path(::testing::TempDir()) / "model_repository_test") {
    fs::remove_all(root_);
  }
  ~ModelRepositoryTest() override { fs::remove_all(root_); }

  // Writes `manifest` where its name and version say, or into `folder`.
  std::string Write(const v1::ModelManifest& manifest, std::string folder = "") {
    if (folder.empty()) folder = absl::StrCat(manifest.name(), "/", manifest.version());
    const fs::path path = root_ / folder;
    fs::create_directories(path);
    std::ofstream(path / "manifest.textproto") << FormatManifest(manifest, "Test.");
    std::ofstream(path / "weights.safetensors") << kWeights;
    return path.string();
  }

  fs::path root_;
};

TEST_F(ModelRepositoryTest, LoadsAFolderAndKnowsWhereItsWeightsLie) {
  const std::string folder = Write(Manifest("a", "1"));
  const auto model = LoadModelFolder(folder, WeightsCheck::kVerifyDigest);
  ASSERT_THAT(model, IsOk());
  EXPECT_EQ(model->directory, folder);
  EXPECT_EQ(model->weights_path, folder + "/weights.safetensors");
}

TEST_F(ModelRepositoryTest, NamesWhatIsNotThere) {
  EXPECT_THAT(LoadModelFolder(root_ / "none", WeightsCheck::kVerifyDigest),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("/none")));
  const std::string folder = Write(Manifest("a", "1"));
  fs::remove(folder + "/weights.safetensors");
  EXPECT_THAT(LoadModelFolder(folder, WeightsCheck::kSkipDigest),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("weights.safetensors")));
  fs::remove(folder + "/manifest.textproto");
  EXPECT_THAT(LoadModelFolder(folder, WeightsCheck::kSkipDigest),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("manifest.textproto")));
}

TEST_F(ModelRepositoryTest, SaysFileLineAndColumnOfAManifestThatDoesNotParse) {
  const std::string folder = Write(Manifest("a", "1"));
  std::ofstream(folder + "/manifest.textproto") << "name: \"a\"\n  nonsense\n";
  EXPECT_THAT(
      LoadModelFolder(folder, WeightsCheck::kSkipDigest),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("manifest.textproto: 3:1")));
}

TEST_F(ModelRepositoryTest, RefusesAManifestTooLargeToBeOne) {
  const std::string folder = Write(Manifest("a", "1"));
  std::ofstream(folder + "/manifest.textproto") << std::string(2 << 20, '#');
  EXPECT_THAT(LoadModelFolder(folder, WeightsCheck::kSkipDigest),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("larger than")));
}

TEST_F(ModelRepositoryTest, NamesBothDigestsWhenTheWeightsAreNotThoseOfTheManifest) {
  const std::string folder = Write(Manifest("a", "1"));
  std::ofstream(folder + "/weights.safetensors") << "other weights";
  EXPECT_THAT(
      LoadModelFolder(folder, WeightsCheck::kVerifyDigest),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               AllOf(HasSubstr(Sha256Hex(kWeights)), HasSubstr(Sha256Hex("other weights")))));
  EXPECT_THAT(LoadModelFolder(folder, WeightsCheck::kSkipDigest), IsOk());
}

TEST_F(ModelRepositoryTest, TakesTheHighestVersionUnlessOneIsNamed) {
  Write(Manifest("a", "2"));
  Write(Manifest("a", "10"));
  Write(Manifest("b", "1"));
  fs::create_directories(root_ / "a" / "99");  // No manifest: not a version.
  fs::create_directories(root_ / "a" / "draft");

  const auto models = LoadModelSet(root_, {"b", "a"}, WeightsCheck::kVerifyDigest);
  ASSERT_THAT(models, IsOk());
  EXPECT_EQ((*models)[0].manifest.name(), "b");
  EXPECT_EQ((*models)[1].manifest.version(), "10");

  const auto older = LoadModelSet(root_, {"a/2"}, WeightsCheck::kVerifyDigest);
  ASSERT_THAT(older, IsOk());
  EXPECT_EQ((*older)[0].manifest.version(), "2");
}

TEST_F(ModelRepositoryTest, ReadsAModelOfSeveralSetsOnce) {
  Write(Manifest("a", "1"));
  Write(Manifest("a", "2"));
  Write(Manifest("b", "1"));

  const auto shared =
      LoadSharedModels(root_, {{"a", "b"}, {"b/1", "a/1"}}, WeightsCheck::kVerifyDigest);

  ASSERT_THAT(shared, IsOk());
  EXPECT_EQ(shared->folders.size(), 3) << "both versions of a, and one b";
  ASSERT_EQ(shared->sets.size(), 2);
  EXPECT_EQ(shared->sets[0][1], shared->sets[1][0]) << "b and b/1 are one folder";
  EXPECT_EQ(shared->FoldersOf(0)[0].manifest.version(), "2");
  EXPECT_EQ(shared->FoldersOf(1)[1].manifest.version(), "1");
  EXPECT_EQ(ModelSetDigest(shared->FoldersOf(1)),
            ModelSetDigest(*LoadModelSet(root_, {"b", "a/1"}, WeightsCheck::kSkipDigest)));
}

TEST_F(ModelRepositoryTest, ChecksTheWeightsOfEverySet) {
  Write(Manifest("a", "1"));
  std::ofstream(Write(Manifest("b", "1")) + "/weights.safetensors") << "other weights";

  EXPECT_THAT(
      LoadSharedModels(root_, {{"a"}, {"a", "b"}}, WeightsCheck::kVerifyDigest),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("b/1/weights.safetensors")));
  EXPECT_THAT(LoadSharedModels(root_, {{"a"}, {"a", "b"}}, WeightsCheck::kSkipDigest), IsOk());
}

TEST_F(ModelRepositoryTest, RefusesNamesThatLeaveItsFolder) {
  Write(Manifest("a", "1"));
  for (const char* name : {"../a", "a/../a", "/etc", "a/1/..", "", ".", "a/", "a/one", "A"}) {
    EXPECT_THAT(LoadModelSet(root_ / "a", {name}, WeightsCheck::kSkipDigest),
                StatusIs(absl::StatusCode::kFailedPrecondition))
        << name;
  }
}

TEST_F(ModelRepositoryTest, RefusesAModelThatIsNotThereNamedTwiceOrInTheWrongFolder) {
  Write(Manifest("a", "1"));
  EXPECT_THAT(LoadModelSet(root_, {"missing"}, WeightsCheck::kSkipDigest),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("missing")));
  EXPECT_THAT(LoadModelSet(root_, {"a", "a/1"}, WeightsCheck::kSkipDigest),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("twice")));
  Write(Manifest("a", "1"), "renamed/1");
  EXPECT_THAT(LoadModelSet(root_, {"renamed"}, WeightsCheck::kSkipDigest),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("a/1")));
}

ModelFolder Folder(const v1::ModelManifest& manifest) { return {"somewhere", "", manifest}; }

TEST(ModelSetDigestTest, ChangesWithAllThatDecidesAResultAndWithTheOrder) {
  const v1::ModelManifest a = Manifest("a", "1");
  const v1::ModelManifest b = Manifest("b", "1");
  const std::string digest = ModelSetDigest({Folder(a), Folder(b)});
  EXPECT_EQ(digest.size(), 64);
  EXPECT_NE(ModelSetDigest({Folder(b), Folder(a)}), digest);
  EXPECT_NE(ModelSetDigest({Folder(a)}), digest);

  const std::vector<std::function<void(v1::ModelManifest&)>> changes = {
      [](auto& m) { m.set_version("2"); },
      [](auto& m) { m.set_weights_sha256(std::string(64, '0')); },
      [](auto& m) { m.set_threshold(0.2500001); },
      [](auto& m) { m.mutable_preprocessing()->set_input_size(256); },
      [](auto& m) { m.mutable_preprocessing()->set_mean(1, 0.4); },
      [](auto& m) { m.mutable_calibration()->set_scale(2.0); },
      [](auto& m) { m.mutable_preprocessing()->mutable_percentile_normalization()->set_high(99); },
      [](auto& m) { m.mutable_age_range()->set_max_years(5); },
      [](auto& m) { m.set_outlier_sha256(std::string(64, '0')); },
      [](auto& m) { m.set_output_activation(v1::OUTPUT_ACTIVATION_SOFTMAX); },
  };
  for (const auto& change : changes) {
    v1::ModelManifest changed = a;
    change(changed);
    EXPECT_NE(ModelSetDigest({Folder(changed), Folder(b)}), digest);
  }
}

TEST(ModelSetDigestTest, DoesNotChangeWithProseOrPlace) {
  v1::ModelManifest reworded = Manifest("a", "1");
  reworded.set_known_limits("Many.");
  EXPECT_EQ(ModelSetDigest({{"elsewhere", "", reworded}}),
            ModelSetDigest({Folder(Manifest("a", "1"))}));
}

TEST(ThresholdSetIdTest, IsTheOneIdOrAllOfThem) {
  v1::ModelManifest other = Manifest("b", "1");
  const ModelFolder a = Folder(Manifest("a", "1"));
  EXPECT_EQ(ThresholdSetId({a, Folder(other)}), "set-1");
  other.set_threshold_set_id("set-2");
  EXPECT_EQ(ThresholdSetId({a, Folder(other), a}), "set-1+set-2+set-1");
}

TEST(ModelSetDigestTest, IsTheSameWhetherSigmoidIsSaidOrMeant) {
  v1::ModelManifest said = Manifest("a", "1");
  said.set_output_activation(v1::OUTPUT_ACTIVATION_SIGMOID);
  EXPECT_EQ(ModelSetDigest({Folder(said)}), ModelSetDigest({Folder(Manifest("a", "1"))}));
}

TEST(LogOddsTest, GiveTheSoftmaxOfOutputsThatExcludeEachOther) {
  v1::ModelManifest manifest = Manifest("a", "1");
  manifest.clear_labels();
  for (const char* label : {"normal", "pneumonia", "tuberculosis"}) manifest.add_labels(label);
  manifest.set_reported_label("pneumonia");
  ASSERT_EQ(ReportedOutput(manifest), 1);
  EXPECT_EQ(LogOdds(manifest, {1.0f, 2.0f, 3.0f}), 2.0);

  manifest.set_output_activation(v1::OUTPUT_ACTIVATION_SOFTMAX);
  const double odds = LogOdds(manifest, {1.0f, 2.0f, 3.0f});
  EXPECT_NEAR(odds, 2.0 - std::log(std::exp(1.0) + std::exp(3.0)), 1e-12);
  // e^2 / (e + e^2 + e^3) = 0.24473.
  EXPECT_EQ(CalibratedProbability(manifest, odds), 0.2447);
  // The exponentials of these do not fit a double.
  EXPECT_EQ(LogOdds(manifest, {2000.0f, 2001.0f, 0.0f}), 1.0);
  EXPECT_EQ(LogOdds(manifest, {-2000.0f, -2001.0f, -9000.0f}), -1.0);
}

TEST(CalibratedProbabilityTest, IsTheSigmoidOfTheLogitRoundedToTenThousandths) {
  v1::ModelManifest manifest = Manifest("a", "1");
  EXPECT_EQ(CalibratedProbability(manifest, 0.0f), 0.5);
  EXPECT_EQ(CalibratedProbability(manifest, 1.0f), 0.7311);  // 0.731058...
  EXPECT_EQ(CalibratedProbability(manifest, -1.0f), 0.2689);
  EXPECT_EQ(CalibratedProbability(manifest, 1000.0f), 1.0);
  EXPECT_EQ(CalibratedProbability(manifest, -1000.0f), 0.0);

  manifest.mutable_calibration()->set_scale(2.0);
  manifest.mutable_calibration()->set_offset(-1.0);
  EXPECT_EQ(CalibratedProbability(manifest, 1.0f), 0.7311);
}

}  // namespace
}  // namespace camnode
