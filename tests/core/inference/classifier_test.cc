// The whole way from a film to a score and a map, with real weights, against an
// independent implementation (tests/testdata/parity/README.md).
// Also: model_finding, core/inference/device/device, core/inference/engine/fast_path.

#include "core/inference/classifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <opencv2/core.hpp>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/inference/checkpoint/checkpoint_import.h"
#include "core/inference/device/device_choice.h"
#include "tests/core/inference/parity.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/test_data.h"

namespace camnode {
namespace {

namespace fs = std::filesystem;
namespace v1 = camnode::model::v1;

using Classifiers = std::map<std::string, std::unique_ptr<Classifier>>;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr const char* kNames[] = {"resnet18", "efficientnet_b0", "densenet121"};

std::unique_ptr<Classifier> Load(const ModelFolder& model) {
  SetComputeThreads(1);  // Tests share the cores with each other.
  absl::StatusOr<std::unique_ptr<Classifier>> classifier = Classifier::Load(model, {});
  EXPECT_THAT(classifier, IsOk());
  return classifier.ok() ? *std::move(classifier) : nullptr;
}

ModelFolder CommittedModel(const std::string& name) {
  auto model = LoadModelFolder("deploy/models/" + name + "/1", WeightsCheck::kSkipDigest);
  EXPECT_THAT(model, IsOk());
  return *std::move(model);
}

Classifiers CommittedModels() {
  Classifiers classifiers;
  for (const char* name : kNames) classifiers[name] = Load(CommittedModel(name));
  return classifiers;
}

// The old tool's window, for DICOM films.
void UseFixedWindow(v1::ModelManifest& manifest) {
  v1::Preprocessing& preprocessing = *manifest.mutable_preprocessing();
  preprocessing.set_intensity(v1::INTENSITY_POLICY_FIXED_WINDOW);
  preprocessing.set_window_center(40);
  preprocessing.set_window_width(800);
}

// The reference checkpoints, imported once for all tests here.
const Classifiers& Imported(const std::string& precision) {
  static auto* const imported = new std::map<std::string, Classifiers>;
  if (imported->count(precision) == 0) {
    const fs::path folder = fs::path(::testing::TempDir()) / "classifier_test_models";
    fs::remove_all(folder);
    for (const char* name : kNames) {
      v1::ModelManifest draft = CommittedModel(name).manifest;
      draft.set_weights_precision(precision);
      UseFixedWindow(draft);
      const auto model =
          ImportCheckpoint(TestDataPath(absl::StrCat("reference_models/", name, ".pth")), draft,
                           (folder / name).string());
      EXPECT_THAT(model, IsOk());
      if (model.ok()) (*imported)[precision][name] = Load(*model);
    }
    fs::remove_all(folder);
  }
  return (*imported)[precision];
}

Differences Compare(const Classifiers& classifiers, const std::string& expected_json,
                    const std::function<std::string(const nlohmann::json&)>& film_of) {
  Differences differences;
  for (const nlohmann::json& entry : nlohmann::json::parse(ReadAll(expected_json))) {
    const Radiograph film = ReadFilm(film_of(entry));
    for (const auto& [name, classifier] : classifiers) {
      const auto result = classifier->Classify(film);
      EXPECT_THAT(result, IsOk());
      if (result.ok()) differences.Add(*result, entry["models"][name]);
    }
  }
  std::printf("%d results: logit differs by at most %.2e, map by at most %.2e\n",
              differences.compared, differences.logit, differences.map);
  return differences;
}

// On every machine: the weights that come with camnode.
TEST(ClassifierParityTest, CommittedModelsScoreAndExplainLikeTheReference) {
  const Differences differences = Compare(
      CommittedModels(), "tests/testdata/parity/expected.json", [](const nlohmann::json& entry) {
        return "tests/testdata/parity/" + entry["file"].get<std::string>();
      });
  EXPECT_EQ(differences.compared, 9);
  EXPECT_LE(differences.logit, 1e-3);
  EXPECT_LE(differences.map, 2e-3);
}

TEST(ClassifierParityTest, Float32WeightsGiveTheReferencesNumbersFromItsOwnPixels) {
  CAMNODE_NEEDS_TEST_DATA("reference_models");
  const std::string root = TestDataPath("reference_models/");
  const Differences differences = Compare(
      Imported("float32"), root + "expected.json",
      [&](const nlohmann::json& entry) { return root + entry["resized"].get<std::string>(); });
  EXPECT_EQ(differences.compared, 81);
  EXPECT_LE(differences.logit, 1e-3);
  EXPECT_LE(differences.map, 1e-4);
}

// JPEG and DICOM decoders and the resize may differ by a level here and there.
TEST(ClassifierParityTest, Float32WeightsStayCloseToTheReferenceFromTheFilmsThemselves) {
  CAMNODE_NEEDS_TEST_DATA("reference_models");
  CAMNODE_NEEDS_TEST_DATA("kermany_original");
  CAMNODE_NEEDS_TEST_DATA("dicom_chest");
  const Differences differences = Compare(
      Imported("float32"), TestDataPath("reference_models/expected.json"),
      [](const nlohmann::json& entry) { return TestDataPath(entry["file"].get<std::string>()); });
  EXPECT_EQ(differences.compared, 81);
  EXPECT_LE(differences.logit, 0.02);
  EXPECT_LE(differences.map, 2e-3);
}

TEST(ClassifierParityTest, HalfPrecisionAddsLittleToEachScore) {
  CAMNODE_NEEDS_TEST_DATA("reference_models");
  const Classifiers& whole = Imported("float32");
  const Classifiers& half = Imported("float16");
  double largest = 0.0;
  int number = 0;
  for (const auto& file : fs::directory_iterator(TestDataPath("reference_models/resized"))) {
    if (number++ % 3 != 0) continue;
    const Radiograph film = ReadFilm(file.path().string());
    for (const char* name : kNames) {
      const auto a = whole.at(name)->Classify(film);
      const auto b = half.at(name)->Classify(film);
      ASSERT_THAT(a, IsOk());
      ASSERT_THAT(b, IsOk());
      largest = std::max(largest, std::abs(double{a->finding.logit} - b->finding.logit));
    }
  }
  std::printf("%d films: float16 adds at most %.2e\n", (number + 2) / 3, largest);
  EXPECT_GT(number, 0);
  EXPECT_LE(largest, 0.005);
}

class ClassifierTest : public ::testing::Test {
 protected:
  static Radiograph Film() { return ReadFilm("tests/testdata/parity/person347_bacteria_1595.png"); }
};

TEST_F(ClassifierTest, SaysWhichModelFoundWhatAndWhere) {
  const std::unique_ptr<Classifier> classifier = Load(CommittedModel("resnet18"));
  const auto result = classifier->Classify(Film());
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->model, "resnet18");
  EXPECT_EQ(result->version, "1");
  EXPECT_EQ(result->weights_sha256, classifier->model().manifest.weights_sha256());
  EXPECT_EQ(result->finding.label, "pneumonia");
  const v1::ModelManifest& manifest = classifier->model().manifest;
  const double calibrated =
      1.0 / (1.0 + std::exp(-(manifest.calibration().scale() * result->finding.logit +
                              manifest.calibration().offset())));
  EXPECT_DOUBLE_EQ(result->finding.probability, std::round(calibrated * 1e4) / 1e4);
  EXPECT_EQ(result->finding.threshold, manifest.threshold());
  EXPECT_TRUE(result->finding.positive);
  EXPECT_EQ(result->heatmap.values.size(), cv::Size(7, 7));
  EXPECT_EQ(result->placement.film, cv::Size(224, 224));
  EXPECT_GT(result->duration_ms, 0.0);
}

TEST_F(ClassifierTest, ComparesTheRoundedProbabilityWithTheThreshold) {
  ModelFolder model = CommittedModel("resnet18");
  const double probability = Load(model)->Classify(Film())->finding.probability;
  model.manifest.set_threshold(probability);
  EXPECT_TRUE(Load(model)->Classify(Film())->finding.positive);
  model.manifest.set_threshold(probability + 5e-5);
  EXPECT_FALSE(Load(model)->Classify(Film())->finding.positive);
}

TEST_F(ClassifierTest, GivesTheSameResultForTheSameFilm) {
  const std::unique_ptr<Classifier> classifier = Load(CommittedModel("efficientnet_b0"));
  const auto first = classifier->Classify(Film());
  const auto second = classifier->Classify(Film());
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(first->finding.logit, second->finding.logit);
  EXPECT_EQ(cv::norm(first->heatmap.values, second->heatmap.values, cv::NORM_INF), 0.0);
}

TEST_F(ClassifierTest, ReportsAnEmptyFilmAndGoesOn) {
  const std::unique_ptr<Classifier> classifier = Load(CommittedModel("resnet18"));
  EXPECT_THAT(classifier->Classify(Radiograph()), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(classifier->Classify(Film()), IsOk());
}

TEST_F(ClassifierTest, ClassifiesAFilmOfOnePixel) {
  Radiograph film;
  film.presentation = cv::Mat1b(1, 1, uint8_t{128});
  EXPECT_THAT(Load(CommittedModel("densenet121"))->Classify(film), IsOk());
}

TEST_F(ClassifierTest, RefusesWeightsOfAnotherNetworkWithTheirFile) {
  ModelFolder model = CommittedModel("resnet18");
  model.manifest.set_architecture("densenet121");
  EXPECT_THAT(Classifier::Load(model, {}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("weights.safetensors"), HasSubstr("missing"))));
  model.manifest.set_architecture("unheard_of");
  EXPECT_THAT(Classifier::Load(model, {}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("unheard_of")));
}

TEST_F(ClassifierTest, RefusesAManifestWithMoreLabelsThanTheNetworkHasOutputs) {
  ModelFolder model = CommittedModel("resnet18");
  model.manifest.add_labels("nodule");
  EXPECT_THAT(Classifier::Load(model, {}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("fc.weight")));
}

TEST_F(ClassifierTest, ReportsDamagedWeights) {
  const std::string path = (fs::path(::testing::TempDir()) / "damaged.safetensors").string();
  std::ofstream(path) << "not weights at all";
  ModelFolder model = CommittedModel("resnet18");
  model.weights_path = path;
  EXPECT_THAT(Classifier::Load(model, {}),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("damaged.safetensors")));
  fs::remove(path);
}

TEST_F(ClassifierTest, ReportsADeviceThatIsNotThere) {
  for (const char* device : {"tpu", "cuda:x", "cuda:99"}) {
    ClassifierOptions options;
    options.device = device;
    EXPECT_THAT(Classifier::Load(CommittedModel("resnet18"), options),
                StatusIs(absl::StatusCode::kFailedPrecondition))
        << device;
  }
}

// What a network without a description for the fast path gets.
TEST_F(ClassifierTest, FindsTheSameThroughTheModulesAsByTheFastPath) {
  for (const char* name : kNames) {
    const std::unique_ptr<Classifier> fast = Load(CommittedModel(name));
    ClassifierOptions options;
    options.fast_path = false;
    const auto modules = Classifier::Load(CommittedModel(name), options);
    ASSERT_THAT(modules, IsOk());

    const auto expected = fast->Classify(Film());
    const auto result = (*modules)->Classify(Film());

    ASSERT_THAT(expected, IsOk());
    ASSERT_THAT(result, IsOk());
    EXPECT_NEAR(result->finding.logit, expected->finding.logit, 1e-4) << name;
    EXPECT_LE(cv::norm(result->heatmap.values, expected->heatmap.values, cv::NORM_INF),
              1e-4 * expected->heatmap.peak)
        << name;
    const std::vector<float> fast_features = *fast->PooledFeatures(Film());
    const std::vector<float> features = *(*modules)->PooledFeatures(Film());
    ASSERT_EQ(features.size(), fast_features.size());
    EXPECT_LE(cv::norm(features, fast_features, cv::NORM_INF),
              1e-4 * cv::norm(fast_features, cv::NORM_INF))
        << name;
  }
}

TEST(DeviceChoiceTest, AutoIsTheFirstGpuAndWhereThereIsNoneTheCpuWithTheReason) {
  EXPECT_EQ(ResolveDevice("cpu").device, "cpu");
  EXPECT_EQ(ResolveDevice("cuda:3").device, "cuda:3") << "what is named is not replaced";
  const DeviceChoice choice = ResolveDevice("auto");
  ClassifierOptions first_gpu;
  first_gpu.device = "cuda:0";
  const auto on_gpu = Classifier::Load(CommittedModel("resnet18"), first_gpu);
  EXPECT_EQ(choice.device, on_gpu.ok() ? "cuda:0" : "cpu");
  EXPECT_EQ(choice.reason, on_gpu.status().message());
  ClassifierOptions chosen;
  chosen.device = choice.device;
  EXPECT_THAT(Classifier::Load(CommittedModel("resnet18"), chosen), IsOk());
}

TEST(LibTorchTest, IsTheVersionThatWasPinned) { EXPECT_EQ(LibTorchVersion(), "2.11.0"); }

}  // namespace
}  // namespace camnode
