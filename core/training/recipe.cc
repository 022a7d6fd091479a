#include "core/training/recipe.h"

#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/status_macros.h"
#include "core/models/model_manifest.h"
#include "core/models/text_proto.h"

namespace camnode {
namespace {

namespace v1 = camnode::training::v1;

constexpr int kMaxEpochs = 10'000;
constexpr int kMaxSide = 2048;
constexpr int kMaxBatch = 4096;
constexpr double kMaxRate = 10.0;

// Collects what is wrong, so that all of it is told at once.
class Wrongs {
 public:
  void Unless(bool right, absl::string_view what) {
    if (!right) texts_.emplace_back(what);
  }
  absl::Status ToStatus() const {
    if (texts_.empty()) return absl::OkStatus();
    return absl::FailedPreconditionError(absl::StrCat("recipe: ", absl::StrJoin(texts_, "; ")));
  }

 private:
  std::vector<std::string> texts_;
};

bool Between(double value, double low, double high) { return value >= low && value <= high; }

void CheckClasses(const v1::Recipe& recipe, Wrongs& wrongs) {
  std::set<std::string> names;
  std::set<std::string> labels;
  for (const v1::FilmClass& film_class : recipe.classes()) {
    names.insert(film_class.name());
    labels.insert(film_class.label());
  }
  const auto count = static_cast<size_t>(recipe.classes_size());
  wrongs.Unless(count >= 2 && names.size() == count && labels.size() == count,
                "classes must be two or more, with names and labels that differ");
  wrongs.Unless(labels.count(recipe.manifest().reported_label()) == 1,
                "manifest.reported_label must be the label of one of classes");
  wrongs.Unless(
      recipe.class_weights_size() == 0 || recipe.class_weights_size() == recipe.classes_size(),
      "class_weights must be as many as classes, or none");
  for (const double weight : recipe.class_weights()) {
    wrongs.Unless(Between(weight, 1e-6, 1e6), "class_weights must be above 0");
  }
  wrongs.Unless(recipe.manifest().labels_size() == 0,
                "manifest.labels must be absent: they come from classes");
}

void CheckLoss(const v1::Recipe& recipe, Wrongs& wrongs) {
  const bool softmax =
      recipe.manifest().output_activation() == camnode::model::v1::OUTPUT_ACTIVATION_SOFTMAX;
  const auto loss = recipe.loss();
  wrongs.Unless(loss == v1::LOSS_FOCAL ||
                    loss == (softmax ? v1::LOSS_CROSS_ENTROPY : v1::LOSS_BINARY_CROSS_ENTROPY),
                "loss must be LOSS_BINARY_CROSS_ENTROPY for sigmoid outputs, LOSS_CROSS_ENTROPY "
                "for softmax outputs, or LOSS_FOCAL");
  wrongs.Unless(Between(recipe.focal_gamma(), 0.0, 10.0), "focal_gamma must be 0 to 10");
  wrongs.Unless(Between(recipe.label_smoothing(), 0.0, 0.9), "label_smoothing must be 0 to 0.9");
  wrongs.Unless(recipe.sampling() != v1::SAMPLING_UNSPECIFIED, "sampling is missing");
}

void CheckOptimizer(const v1::Recipe& recipe, Wrongs& wrongs) {
  wrongs.Unless(recipe.optimizer() != v1::OPTIMIZER_UNSPECIFIED, "optimizer is missing");
  wrongs.Unless(Between(recipe.weight_decay(), 0.0, 10.0), "weight_decay must be 0 to 10");
  wrongs.Unless(Between(recipe.momentum(), 0.0, 0.9999), "momentum must be 0 to below 1");
  wrongs.Unless(Between(recipe.max_gradient_norm(), 0.0, 1e9), "max_gradient_norm must not be < 0");
  wrongs.Unless(Between(recipe.average_decay(), 0.0, 0.99999), "average_decay must be 0 to < 1");
  wrongs.Unless(recipe.precision() == camnode::model::v1::FLOAT32 ||
                    recipe.precision() == camnode::model::v1::BFLOAT16,
                "precision must be FLOAT32 or BFLOAT16");
}

void CheckStage(const v1::Stage& stage, Wrongs& wrongs) {
  wrongs.Unless(Between(stage.epochs(), 1, kMaxEpochs), "stages.epochs must be 1 to 10000");
  wrongs.Unless(Between(stage.image_size(), 32, kMaxSide), "stages.image_size must be 32 to 2048");
  wrongs.Unless(Between(stage.batch_size(), 2, kMaxBatch), "stages.batch_size must be 2 to 4096");
  wrongs.Unless(Between(stage.learning_rate(), 1e-9, kMaxRate),
                "stages.learning_rate must be above 0, at most 10");
  wrongs.Unless(stage.schedule() != v1::SCHEDULE_UNSPECIFIED, "stages.schedule is missing");
  wrongs.Unless(Between(stage.warm_up(), 0.0, 1.0), "stages.warm_up must be 0 to 1");
  const bool cyclic = stage.schedule() == v1::SCHEDULE_CYCLIC;
  wrongs.Unless(!cyclic || (stage.half_cycle_epochs() > 0.0 &&
                            Between(stage.minimum_learning_rate(), 0.0, stage.learning_rate())),
                "stages: SCHEDULE_CYCLIC needs half_cycle_epochs above 0 and a "
                "minimum_learning_rate of at most learning_rate");
}

void CheckAugmentation(const v1::Augmentation& a, Wrongs& wrongs) {
  wrongs.Unless(Between(a.rotation_degrees(), 0.0, 180.0), "rotation_degrees must be 0 to 180");
  wrongs.Unless((a.min_scale() == 0.0 && a.max_scale() == 0.0) ||
                    (a.min_scale() >= 0.1 && Between(a.max_scale(), a.min_scale(), 10.0)),
                "min_scale and max_scale must be 0.1 to 10, in this order");
  wrongs.Unless(Between(a.aspect(), 0.0, 2.0), "aspect must be 0 to 2");
  wrongs.Unless(Between(a.shift(), 0.0, 1.0), "shift must be 0 to 1");
  wrongs.Unless(Between(a.log_gamma(), 0.0, 3.0), "log_gamma must be 0 to 3");
  wrongs.Unless(Between(a.contrast(), 0.0, 1.0), "contrast must be 0 to 1");
  wrongs.Unless(Between(a.brightness(), 0.0, 1.0), "brightness must be 0 to 1");
  for (const double probability : {a.flip(), a.resampling_probability(), a.erasing_probability(),
                                   a.blur_probability() + a.sharpen_probability()}) {
    wrongs.Unless(Between(probability, 0.0, 1.0), "probabilities must be 0 to 1");
  }
  wrongs.Unless(a.resampling_probability() == 0.0 || Between(a.min_resampling(), 0.05, 1.0),
                "min_resampling must be 0.05 to 1");
  wrongs.Unless(Between(a.max_blur_pixels(), 0.0, 50.0), "max_blur_pixels must be 0 to 50");
  wrongs.Unless(Between(a.max_sharpen(), 0.0, 10.0), "max_sharpen must be 0 to 10");
  wrongs.Unless(Between(a.max_noise_levels(), 0.0, 255.0), "max_noise_levels must be 0 to 255");
  wrongs.Unless(Between(a.max_erased_area(), 0.0, 1.0), "max_erased_area must be 0 to 1");
}

// Whether the folder it will become says all it must: the rest is filled in here.
absl::Status CheckFutureManifest(const v1::Recipe& recipe) {
  camnode::model::v1::ModelManifest manifest = DraftManifest(recipe);
  manifest.set_weights_file("weights.safetensors");
  manifest.set_weights_sha256(std::string(64, '0'));
  return Annotate(CheckManifest(manifest), "recipe: manifest");
}

}  // namespace

absl::Status CheckRecipe(const v1::Recipe& recipe) {
  Wrongs wrongs;
  CheckClasses(recipe, wrongs);
  CheckLoss(recipe, wrongs);
  CheckOptimizer(recipe, wrongs);
  wrongs.Unless(recipe.stages_size() > 0, "stages is missing");
  for (const v1::Stage& stage : recipe.stages()) CheckStage(stage, wrongs);
  CheckAugmentation(recipe.augmentation(), wrongs);
  wrongs.Unless(Between(recipe.folds(), 0, 100) && recipe.folds() != 1,
                "folds must be 0 or 2 to 100");
  wrongs.Unless(recipe.held_out_fold() >= 0 && recipe.held_out_fold() < std::max(1, recipe.folds()),
                "held_out_fold must be 0 to folds - 1");
  if (absl::Status status = wrongs.ToStatus(); !status.ok()) return status;
  return CheckFutureManifest(recipe);
}

absl::StatusOr<v1::Recipe> ParseRecipe(absl::string_view text) {
  v1::Recipe recipe;
  CAMNODE_RETURN_IF_ERROR(ParseTextProto(text, recipe));
  CAMNODE_RETURN_IF_ERROR(CheckRecipe(recipe));
  return recipe;
}

std::string FormatRecipe(const v1::Recipe& recipe) {
  return FormatTextProto(recipe, "A recipe; see proto/camnode/training/v1/recipe.proto.");
}

camnode::model::v1::ModelManifest DraftManifest(const v1::Recipe& recipe) {
  camnode::model::v1::ModelManifest manifest = recipe.manifest();
  if (manifest.output_activation() == camnode::model::v1::OUTPUT_ACTIVATION_SOFTMAX) {
    for (const v1::FilmClass& film_class : recipe.classes())
      manifest.add_labels(film_class.label());
  } else {
    manifest.add_labels(manifest.reported_label());
  }
  if (manifest.threshold() == 0.0) {
    manifest.set_threshold(0.5);
    manifest.set_threshold_set_id("uncalibrated");
  }
  if (manifest.weights_precision().empty()) manifest.set_weights_precision("float16");
  return manifest;
}

DatasetOptions DatasetOptionsOf(const v1::Recipe& recipe, const std::string& path) {
  DatasetOptions options;
  options.path = path;
  for (const v1::FilmClass& film_class : recipe.classes()) {
    options.classes.push_back(film_class.name());
  }
  options.splits.assign(recipe.splits().begin(), recipe.splits().end());
  if (options.splits.empty()) options.splits.push_back("train");
  options.patient_patterns.assign(recipe.patient_patterns().begin(),
                                  recipe.patient_patterns().end());
  return options;
}

}  // namespace camnode
