// Also: model_set_file.

#include "core/models/agreement_null.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <ios>

#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

namespace fs = std::filesystem;
namespace v1 = camnode::model::v1;

using ::testing::AllOf;
using ::testing::HasSubstr;

ModelFolder Folder(const std::string& name, char digit) {
  ModelFolder model;
  model.manifest.set_name(name);
  model.manifest.set_weights_sha256(std::string(64, digit));
  model.manifest.set_architecture("resnet18");
  model.manifest.add_labels("pneumonia");
  model.manifest.set_reported_label("pneumonia");
  return model;
}

std::vector<ModelFolder> TwoModels() { return {Folder("a", '1'), Folder("b", '2')}; }

AgreementNull SomeNull() {
  AgreementNull null;
  null.set_models_digest(MapsDigest(TwoModels()));
  v1::AgreementDistribution& distribution = *null.add_distributions();
  distribution.add_models(0);
  distribution.add_models(1);
  for (int i = 0; i < kAgreementQuantiles; ++i) {
    distribution.add_overlap(i / 100.0);
    distribution.add_distance(i / 1000.0);
    distribution.add_correlation(-1.0 + i / 50.0);
  }
  return null;
}

class AgreementNullTest : public ::testing::Test {
 protected:
  AgreementNullTest() : folder_(fs::path(::testing::TempDir()) / "agreement_null_test") {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~AgreementNullTest() override { fs::remove_all(folder_); }

  fs::path folder_;
};

TEST_F(AgreementNullTest, IsFoundAgainByTheModelsItWasMadeFor) {
  ASSERT_THAT(SaveAgreementNull(folder_.string(), SomeNull()), IsOk());
  const auto null = LoadAgreementNull(folder_.string(), TwoModels());
  ASSERT_THAT(null, IsOk());
  EXPECT_EQ(null->SerializeAsString(), SomeNull().SerializeAsString());
  EXPECT_NE(FindDistribution(*null, {0, 1}), nullptr);
  EXPECT_EQ(FindDistribution(*null, {0}), nullptr);
  EXPECT_EQ(FindDistribution(*null, {0, 1, 2}), nullptr);
}

TEST_F(AgreementNullTest, IsNotFoundForOtherModelsOrAnotherOrder) {
  ASSERT_THAT(SaveAgreementNull(folder_.string(), SomeNull()), IsOk());
  std::vector<ModelFolder> retrained = TwoModels();
  retrained[1].manifest.set_weights_sha256(std::string(64, '3'));
  std::vector<ModelFolder> letterboxed = TwoModels();
  letterboxed[0].manifest.mutable_preprocessing()->set_geometry(v1::GEOMETRY_LETTERBOX);
  const std::vector<ModelFolder> swapped = {Folder("b", '2'), Folder("a", '1')};
  for (const auto& models : {retrained, letterboxed, swapped, {TwoModels()[0]}}) {
    EXPECT_THAT(LoadAgreementNull(folder_.string(), models), StatusIs(absl::StatusCode::kNotFound));
  }
}

TEST_F(AgreementNullTest, SurvivesAnotherThreshold) {
  std::vector<ModelFolder> models = TwoModels();
  models[0].manifest.set_threshold(0.9);
  models[0].manifest.mutable_calibration()->set_scale(2.0);
  EXPECT_EQ(MapsDigest(models), MapsDigest(TwoModels()));
}

TEST_F(AgreementNullTest, RefusesWhatIsDamagedAndNamesTheFile) {
  ASSERT_THAT(SaveAgreementNull(folder_.string(), SomeNull()), IsOk());
  const std::string path = AgreementNullPath(folder_.string(), MapsDigest(TwoModels()));

  AgreementNull short_of_one = SomeNull();
  short_of_one.mutable_distributions(0)->mutable_distance()->RemoveLast();
  AgreementNull falling = SomeNull();
  falling.mutable_distributions(0)->set_correlation(50, -2.0);
  for (const AgreementNull& damaged : {short_of_one, falling}) {
    ASSERT_THAT(SaveAgreementNull(folder_.string(), damaged), IsOk());
    EXPECT_THAT(LoadAgreementNull(folder_.string(), TwoModels()),
                StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(path)));
  }
  for (const char* text : {"models_digest: \"other\"", "nonsense {", "surplus: 1"}) {
    std::ofstream(path, std::ios::trunc) << text;
    EXPECT_THAT(LoadAgreementNull(folder_.string(), TwoModels()),
                StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(path)));
  }
}

TEST_F(AgreementNullTest, SaysInWhichLineAndColumnAFileIsWrong) {
  ASSERT_THAT(SaveAgreementNull(folder_.string(), SomeNull()), IsOk());
  const std::string path = AgreementNullPath(folder_.string(), MapsDigest(TwoModels()));
  std::ofstream(path, std::ios::trunc) << "# A comment.\nmodel_digest: \"x\"";
  EXPECT_THAT(LoadAgreementNull(folder_.string(), TwoModels()),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr(path + ": 2:"), HasSubstr("Its fields are models_digest"))));
}

// What a killed program left neither stops the next one nor is read.
TEST_F(AgreementNullTest, IsReplacedAsAWholeWhateverLiesBesideIt) {
  ASSERT_THAT(SaveAgreementNull(folder_.string(), SomeNull()), IsOk());
  const std::string path = AgreementNullPath(folder_.string(), MapsDigest(TwoModels()));
  fs::create_directory(path + ".part");

  AgreementNull other = SomeNull();
  other.mutable_distributions(0)->set_overlap(0, -1.0);
  ASSERT_THAT(SaveAgreementNull(folder_.string(), other), IsOk());

  EXPECT_EQ(LoadAgreementNull(folder_.string(), TwoModels())->SerializeAsString(),
            other.SerializeAsString());
}

TEST(PercentileAmongTest, InterpolatesAndTakesTheMiddleOfEqualValues) {
  google::protobuf::RepeatedField<double> quantiles;
  // 0 forty-one times, then 0.01, 0.02, ... 0.60.
  for (int i = 0; i < kAgreementQuantiles; ++i) quantiles.Add(i <= 40 ? 0.0 : (i - 40) / 100.0);
  EXPECT_EQ(PercentileAmong(quantiles, -1.0), 0.0);
  EXPECT_EQ(PercentileAmong(quantiles, 0.0), 20.0);
  EXPECT_NEAR(PercentileAmong(quantiles, 0.105), 50.5, 1e-9);
  EXPECT_EQ(PercentileAmong(quantiles, 0.5), 90.0);
  EXPECT_EQ(PercentileAmong(quantiles, 0.5 + 1e-9), 90.0);
  EXPECT_EQ(PercentileAmong(quantiles, 0.6), 100.0);
  EXPECT_EQ(PercentileAmong(quantiles, 7.0), 100.0);
}

}  // namespace
}  // namespace camnode
