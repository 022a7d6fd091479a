// Also: text_proto.

#include "core/models/model_manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <utility>
#include <vector>

#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

namespace v1 = camnode::model::v1;

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kComplete[] = R"(# A comment.
name: "resnet18"
version: "1"
architecture: "resnet18"
labels: ["pneumonia", "nodule"]
reported_label: "pneumonia"
preprocessing {
  input_size: 224
  geometry: GEOMETRY_SQUASH
  intensity: INTENSITY_POLICY_FILE
  mean: [0.485, 0.456, 0.406]
  standard_deviation: [0.229, 0.224, 0.225]
}
threshold: 0.25
threshold_set_id: "youden-1"
weights_file: "weights.safetensors"
weights_sha256: "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
weights_precision: "float16"
population: "trained on children aged 1-5"
intended_use: "Research."
training_data: "Public films."
)";

v1::ModelManifest Complete() { return *ParseManifest(kComplete); }

TEST(ModelManifestTest, ReadsEveryField) {
  const auto manifest = ParseManifest(kComplete);
  ASSERT_THAT(manifest, IsOk());
  EXPECT_EQ(manifest->architecture(), "resnet18");
  EXPECT_EQ(manifest->labels_size(), 2);
  EXPECT_EQ(manifest->preprocessing().mean(2), 0.406);
  EXPECT_EQ(manifest->threshold(), 0.25);
  EXPECT_FALSE(manifest->has_calibration());
}

TEST(ModelManifestTest, SaysLineAndColumnOfWhatDoesNotParse) {
  EXPECT_THAT(ParseManifest("name: \"a\"\nverzion: \"1\"\n"),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(StartsWith("2:"), HasSubstr("verzion"))));
  EXPECT_THAT(ParseManifest("name: \"a\"\n\n   threshold: \"high\""),
              StatusIs(absl::StatusCode::kFailedPrecondition, StartsWith("3:15")));
  EXPECT_THAT(ParseManifest("name: \"a\"\nname: \"b\"\n"),
              StatusIs(absl::StatusCode::kFailedPrecondition, StartsWith("2:")));
}

TEST(ModelManifestTest, NamesEveryMissingFieldAtOnce) {
  EXPECT_THAT(
      ParseManifest(""),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               AllOf(HasSubstr("name:"), HasSubstr("version:"), HasSubstr("architecture:"),
                     HasSubstr("labels:"), HasSubstr("reported_label:"), HasSubstr("input_size:"),
                     HasSubstr("threshold:"), HasSubstr("weights_file:"),
                     HasSubstr("weights_sha256:"), HasSubstr("population:"))));
}

TEST(ModelManifestTest, RefusesEachFieldThatIsOutOfRange) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  using Change = std::function<void(v1::ModelManifest&)>;
  const std::vector<std::pair<std::string, Change>> changes = {
      {"name", [](auto& m) { m.set_name("../up"); }},
      {"name", [](auto& m) { m.set_name("Capital"); }},
      {"name", [](auto& m) { m.set_name(std::string(65, 'a')); }},
      {"version", [](auto& m) { m.set_version("01"); }},
      {"version", [](auto& m) { m.set_version("1.0"); }},
      {"labels", [](auto& m) { m.add_labels("nodule"); }},
      {"labels", [](auto& m) { m.add_labels("two\nlines"); }},
      {"reported_label", [](auto& m) { m.set_reported_label("absent"); }},
      {"preprocessing.input_size", [](auto& m) { m.mutable_preprocessing()->set_input_size(31); }},
      {"preprocessing.input_size",
       [](auto& m) { m.mutable_preprocessing()->set_input_size(2049); }},
      {"preprocessing.intensity",
       [](auto& m) { m.mutable_preprocessing()->set_intensity(v1::INTENSITY_POLICY_UNSPECIFIED); }},
      {"preprocessing.window_width",
       [](auto& m) {
         m.mutable_preprocessing()->set_intensity(v1::INTENSITY_POLICY_FIXED_WINDOW);
       }},
      {"preprocessing.geometry",
       [](auto& m) { m.mutable_preprocessing()->set_geometry(v1::GEOMETRY_UNSPECIFIED); }},
      {"preprocessing.percentile_normalization",
       [](auto& m) { m.mutable_preprocessing()->mutable_percentile_normalization(); }},
      {"age_range", [](auto& m) { m.mutable_age_range()->set_min_years(6); }},
      {"outlier_file", [](auto& m) { m.set_outlier_sha256(std::string(64, '0')); }},
      {"outlier_sha256", [](auto& m) { m.set_outlier_file("outliers.safetensors"); }},
      {"preprocessing.mean", [](auto& m) { m.mutable_preprocessing()->add_mean(0.5); }},
      {"preprocessing.mean", [](auto& m) { m.mutable_preprocessing()->set_mean(0, 124.0); }},
      {"preprocessing.standard_deviation",
       [](auto& m) { m.mutable_preprocessing()->set_standard_deviation(1, 0.0); }},
      {"threshold", [](auto& m) { m.set_threshold(1.0); }},
      {"threshold", [](auto& m) { m.set_threshold(kNan); }},
      {"threshold_set_id", [](auto& m) { m.clear_threshold_set_id(); }},
      {"calibration.scale", [](auto& m) { m.mutable_calibration()->set_scale(0.0); }},
      {"calibration.offset",
       [](auto& m) {
         m.mutable_calibration()->set_scale(1.0);
         m.mutable_calibration()->set_offset(kNan);
       }},
      {"weights_file", [](auto& m) { m.set_weights_file("../weights.safetensors"); }},
      {"weights_file", [](auto& m) { m.set_weights_file("/etc/passwd"); }},
      {"weights_file", [](auto& m) { m.set_weights_file(".."); }},
      {"weights_file", [](auto& m) { m.set_weights_file(std::string("a\0b", 3)); }},
      {"weights_sha256", [](auto& m) { m.set_weights_sha256("ABC"); }},
      {"weights_precision", [](auto& m) { m.set_weights_precision("int8"); }},
      {"population", [](auto& m) { m.set_population("back\\slash"); }},
      {"population", [](auto& m) { m.set_population(std::string(65, 'a')); }},
      {"intended_use", [](auto& m) { m.clear_intended_use(); }},
  };
  ASSERT_THAT(CheckManifest(Complete()), IsOk());
  for (const auto& [field, change] : changes) {
    v1::ModelManifest manifest = Complete();
    change(manifest);
    EXPECT_THAT(CheckManifest(manifest),
                StatusIs(absl::StatusCode::kFailedPrecondition, StartsWith(field + ":")));
  }
}

TEST(ModelManifestTest, WritesTextThatReadsBackTheSame) {
  v1::ModelManifest manifest = Complete();
  manifest.mutable_calibration()->set_scale(0.75);
  manifest.set_known_limits("Said \"nothing\"\nof adults.");
  const std::string text = FormatManifest(manifest, "One.\n\nTwo.");
  EXPECT_THAT(text, StartsWith("# One.\n#\n# Two.\n\nname: "));
  const auto read = ParseManifest(text);
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->SerializeAsString(), manifest.SerializeAsString());
  EXPECT_EQ(FormatManifest(*read, "One.\n\nTwo."), text);
}

}  // namespace
}  // namespace camnode
