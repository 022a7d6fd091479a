// camnode-lab import-checkpoint

#include <cstdio>
#include <filesystem>
#include <string>
#include <system_error>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "core/inference/checkpoint/checkpoint_import.h"
#include "core/models/model_repository.h"
#include "services/command_line/arguments.h"
#include "services/command_line/option.h"
#include "services/lab/commands.h"
#include "services/lab/intensity.h"

namespace camnode {
namespace {

namespace v1 = camnode::model::v1;

constexpr double kImagenetMean[] = {0.485, 0.456, 0.406};
constexpr double kImagenetDeviation[] = {0.229, 0.224, 0.225};

void FillOutput(const Arguments& arguments, v1::ModelManifest& manifest) {
  for (const std::string& label : arguments.Texts("label")) manifest.add_labels(label);
  if (manifest.labels_size() == 0) manifest.add_labels("pneumonia");
  manifest.set_reported_label(arguments.TextOr("reported-label", manifest.labels(0)));
  manifest.set_output_activation(arguments.Text("activation") == "softmax"
                                     ? v1::OUTPUT_ACTIVATION_SOFTMAX
                                     : v1::OUTPUT_ACTIVATION_SIGMOID);
}

absl::Status FillPreprocessing(const Arguments& arguments, v1::Preprocessing& preprocessing) {
  preprocessing.set_input_size(arguments.WholeNumber("input-size"));
  preprocessing.set_geometry(v1::GEOMETRY_SQUASH);
  for (const double value : kImagenetMean) preprocessing.add_mean(value);
  for (const double value : kImagenetDeviation) preprocessing.add_standard_deviation(value);
  return SetIntensity(arguments.Text("intensity"), preprocessing);
}

absl::StatusOr<v1::ModelManifest> MakeDraft(const Arguments& arguments) {
  v1::ModelManifest draft;
  draft.set_architecture(arguments.Text("architecture"));
  draft.set_name(arguments.TextOr("name", draft.architecture()));
  draft.set_version(arguments.Text("version"));
  FillOutput(arguments, draft);
  CAMNODE_RETURN_IF_ERROR(FillPreprocessing(arguments, *draft.mutable_preprocessing()));
  draft.set_threshold(arguments.Number("threshold"));
  draft.set_threshold_set_id(
      arguments.TextOr("threshold-set", absl::StrCat(draft.name(), "-", draft.version())));
  draft.set_weights_precision(arguments.Text("precision"));
  draft.set_population(arguments.Text("population"));
  draft.set_intended_use(arguments.Text("intended-use"));
  draft.set_training_data(arguments.Text("training-data"));
  draft.set_known_limits(arguments.Text("known-limits"));
  return draft;
}

constexpr Option kOptions[] = {
    Option::Text("architecture", "NAME",
                 "densenet121 or 169, efficientnet_b0 to b4, resnet18, 34 or 50")
        .Required(),
    Option::Text("output", "DIR", "for camnode: .../models/NAME/VERSION").Required(),
    Option::Text("precision", "P",
                 "float32, or float16: large convolution kernels in half precision, the rest in "
                 "float32")
        .Default("float32"),
    Option::Text("strip-prefix", "PREFIX",
                 "taken off every name in the checkpoint: module. for a network saved inside "
                 "DataParallel, model. inside Lightning"),
    Option::Text("name", "NAME", "default: the architecture"),
    Option::Text("version", "NUMBER", "of the model").Default("1"),
    Option::Text("label", "LABEL", "one for each output, in order; default: pneumonia").Repeated(),
    Option::Text("reported-label", "LABEL", "default: the first"),
    Option::Choice("activation", "sigmoid|softmax",
                   "sigmoid: each output judges its label alone; softmax: exactly one of the "
                   "labels holds")
        .Default("sigmoid"),
    Option::Number("threshold", "P", "on the probability, 0 to 1").Default(0.5),
    Option::Text("threshold-set", "ID", "default: NAME-VERSION"),
    Option::Choice("intensity", "file|fixed_window",
                   "file: as the film's own window shows it; fixed_window: centre 40, width 800")
        .Default("file"),
    Option::WholeNumber("input-size", "PIXELS", "a side of the network's input", 1, 1'000'000)
        .Default(224),
    Option::Text("population", "TEXT",
                 "one line for legends, such as \"trained on children aged 1-5\"")
        .Default("training population not stated"),
    Option::Text("intended-use", "TEXT", "for the model card")
        .Default("Research only, not for diagnosis."),
    Option::Text("training-data", "TEXT", "for the model card").Default("Not stated."),
    Option::Text("known-limits", "TEXT", "for the model card"),
};

// Errors: ImportCheckpoint's.
absl::Status Run(const Arguments& arguments) {
  CAMNODE_ASSIGN_OR_RETURN(const v1::ModelManifest draft, MakeDraft(arguments));
  CheckpointImportOptions options;
  options.strip_prefix = arguments.Text("strip-prefix");
  CAMNODE_ASSIGN_OR_RETURN(
      const ModelFolder model,
      ImportCheckpoint(arguments.operands()[0], draft, arguments.Text("output"), options));
  const v1::ModelManifest& manifest = model.manifest;
  std::error_code error;
  absl::PrintF("%s: %s version %s, %d output(s), %s, %d bytes, threshold %g%s\n", model.directory,
               manifest.name(), manifest.version(), manifest.labels_size(),
               manifest.weights_precision(), std::filesystem::file_size(model.weights_path, error),
               manifest.threshold(), arguments.Has("threshold") ? "" : " (none was given)");
  return absl::OkStatus();
}

}  // namespace

const LabCommand kImportCheckpoint = {{"import-checkpoint",
                                       R"(Turns a PyTorch checkpoint into a model folder.

The file (.pth, .pt or .safetensors) has torchvision's parameter names; the folder gets
manifest.textproto and weights.safetensors.  Nothing in the file is run, and nothing in
DIR is overwritten.)",
                                       {"FILE", 1, 1, "exactly one checkpoint file"},
                                       kOptions},
                                      Run};

}  // namespace camnode
