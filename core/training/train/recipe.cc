#include "core/training/train/recipe.h"

#include <algorithm>
#include <cstddef>
#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/status_macros.h"
#include "core/models/model_manifest.h"
#include "core/models/text_proto.h"
#include "core/training/films/dataset.h"
#include "core/training/films/labelled_film.h"

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
  // "stages[0].epochs is 0, not 1 to 10000"
  void UnlessWithin(double value, double low, double high, absl::string_view field) {
    Unless(value >= low && value <= high,
           absl::StrCat(field, " is ", value, ", not ", low, " to ", high));
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
                "classes must be two or more, with names and labels that differ from each other");
  wrongs.Unless(
      labels.count(recipe.manifest().reported_label()) == 1,
      absl::StrCat("manifest.reported_label is \"", recipe.manifest().reported_label(),
                   "\", not the label of one of classes (", absl::StrJoin(labels, ", "), ")"));
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
  wrongs.UnlessWithin(recipe.focal_gamma(), 0.0, 10.0, "focal_gamma");
  wrongs.UnlessWithin(recipe.label_smoothing(), 0.0, 0.9, "label_smoothing");
  wrongs.Unless(recipe.sampling() != v1::SAMPLING_UNSPECIFIED, "sampling is missing");
}

void CheckOptimizer(const v1::Recipe& recipe, Wrongs& wrongs) {
  wrongs.Unless(recipe.optimizer() != v1::OPTIMIZER_UNSPECIFIED, "optimizer is missing");
  wrongs.UnlessWithin(recipe.weight_decay(), 0.0, 10.0, "weight_decay");
  wrongs.UnlessWithin(recipe.momentum(), 0.0, 0.9999, "momentum");
  wrongs.UnlessWithin(recipe.max_gradient_norm(), 0.0, 1e9, "max_gradient_norm");
  wrongs.UnlessWithin(recipe.average_decay(), 0.0, 0.99999, "average_decay");
  wrongs.Unless(recipe.precision() == camnode::model::v1::FLOAT32 ||
                    recipe.precision() == camnode::model::v1::BFLOAT16,
                "precision must be FLOAT32 or BFLOAT16");
}

void CheckStage(const v1::Stage& stage, int number, Wrongs& wrongs) {
  const std::string where = absl::StrCat("stages[", number, "].");
  wrongs.UnlessWithin(stage.epochs(), 1, kMaxEpochs, absl::StrCat(where, "epochs"));
  wrongs.UnlessWithin(stage.image_size(), 32, kMaxSide, absl::StrCat(where, "image_size"));
  wrongs.UnlessWithin(stage.batch_size(), 2, kMaxBatch, absl::StrCat(where, "batch_size"));
  wrongs.UnlessWithin(stage.learning_rate(), 1e-9, kMaxRate, absl::StrCat(where, "learning_rate"));
  wrongs.Unless(stage.schedule() != v1::SCHEDULE_UNSPECIFIED,
                absl::StrCat(where, "schedule is missing"));
  wrongs.UnlessWithin(stage.warm_up(), 0.0, 1.0, absl::StrCat(where, "warm_up"));
  const bool cyclic = stage.schedule() == v1::SCHEDULE_CYCLIC;
  wrongs.Unless(!cyclic || (stage.half_cycle_epochs() > 0.0 &&
                            Between(stage.minimum_learning_rate(), 0.0, stage.learning_rate())),
                absl::StrCat(where,
                             "schedule SCHEDULE_CYCLIC needs half_cycle_epochs above 0 and a "
                             "minimum_learning_rate of at most learning_rate"));
}

void CheckAugmentation(const v1::Augmentation& a, Wrongs& wrongs) {
  wrongs.UnlessWithin(a.rotation_degrees(), 0.0, 180.0, "augmentation.rotation_degrees");
  wrongs.Unless((a.min_scale() == 0.0 && a.max_scale() == 0.0) ||
                    (a.min_scale() >= 0.1 && Between(a.max_scale(), a.min_scale(), 10.0)),
                "min_scale and max_scale must be 0.1 to 10, in this order");
  wrongs.UnlessWithin(a.aspect(), 0.0, 2.0, "augmentation.aspect");
  wrongs.UnlessWithin(a.shift(), 0.0, 1.0, "augmentation.shift");
  wrongs.UnlessWithin(a.log_gamma(), 0.0, 3.0, "augmentation.log_gamma");
  wrongs.UnlessWithin(a.contrast(), 0.0, 1.0, "augmentation.contrast");
  wrongs.UnlessWithin(a.brightness(), 0.0, 1.0, "augmentation.brightness");
  wrongs.UnlessWithin(a.flip(), 0.0, 1.0, "augmentation.flip");
  wrongs.UnlessWithin(a.resampling_probability(), 0.0, 1.0, "augmentation.resampling_probability");
  wrongs.UnlessWithin(a.erasing_probability(), 0.0, 1.0, "augmentation.erasing_probability");
  wrongs.UnlessWithin(a.blur_probability() + a.sharpen_probability(), 0.0, 1.0,
                      "the sum of augmentation.blur_probability and sharpen_probability");
  wrongs.Unless(a.blur_probability() >= 0.0 && a.sharpen_probability() >= 0.0,
                "augmentation.blur_probability and sharpen_probability must not be below 0");
  wrongs.Unless(a.resampling_probability() == 0.0 || Between(a.min_resampling(), 0.05, 1.0),
                "min_resampling must be 0.05 to 1");
  wrongs.UnlessWithin(a.max_blur_pixels(), 0.0, 50.0, "augmentation.max_blur_pixels");
  wrongs.UnlessWithin(a.max_sharpen(), 0.0, 10.0, "augmentation.max_sharpen");
  wrongs.UnlessWithin(a.max_noise_levels(), 0.0, 255.0, "augmentation.max_noise_levels");
  wrongs.UnlessWithin(a.max_erased_area(), 0.0, 1.0, "augmentation.max_erased_area");
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
  for (int i = 0; i < recipe.stages_size(); ++i) CheckStage(recipe.stages(i), i, wrongs);
  CheckAugmentation(recipe.augmentation(), wrongs);
  wrongs.Unless(Between(recipe.folds(), 0, 100) && recipe.folds() != 1,
                "folds must be 0 or 2 to 100");
  wrongs.Unless(recipe.held_out_fold() >= 0 && recipe.held_out_fold() < std::max(1, recipe.folds()),
                absl::StrCat("held_out_fold is ", recipe.held_out_fold(),
                             ", not 0 to folds - 1 = ", std::max(1, recipe.folds()) - 1));
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
    manifest.set_threshold_set_id(kUncalibratedSet);
  }
  if (manifest.weights_precision().empty()) manifest.set_weights_precision("float16");
  return manifest;
}

std::string ClassOfLabel(const v1::Recipe& recipe, absl::string_view label) {
  for (const v1::FilmClass& film_class : recipe.classes()) {
    if (film_class.label() == label) return film_class.name();
  }
  return "";
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
