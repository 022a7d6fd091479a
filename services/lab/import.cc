// camnode-lab import-checkpoint

#include <cstdio>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "core/inference/checkpoint/checkpoint_import.h"
#include "services/lab/arguments.h"
#include "services/lab/commands.h"
#include "services/lab/intensity.h"

namespace camnode {
namespace {

namespace v1 = camnode::model::v1;

constexpr double kImagenetMean[] = {0.485, 0.456, 0.406};
constexpr double kImagenetDeviation[] = {0.229, 0.224, 0.225};

absl::Status FillOutputActivation(const LabArguments& arguments, v1::ModelManifest& manifest) {
  CAMNODE_ASSIGN_OR_RETURN(const std::string activation, arguments.One("activation", "sigmoid"));
  if (activation != "sigmoid" && activation != "softmax") {
    return absl::InvalidArgumentError("option --activation must be sigmoid or softmax");
  }
  manifest.set_output_activation(activation == "softmax" ? v1::OUTPUT_ACTIVATION_SOFTMAX
                                                         : v1::OUTPUT_ACTIVATION_SIGMOID);
  return absl::OkStatus();
}

absl::Status FillLabels(const LabArguments& arguments, v1::ModelManifest& manifest) {
  for (const std::string& label : arguments.All("label")) manifest.add_labels(label);
  if (manifest.labels_size() == 0) manifest.add_labels("pneumonia");
  CAMNODE_ASSIGN_OR_RETURN(*manifest.mutable_reported_label(),
                           arguments.One("reported-label", manifest.labels(0)));
  return FillOutputActivation(arguments, manifest);
}

absl::Status FillPreprocessing(const LabArguments& arguments, v1::Preprocessing& preprocessing) {
  CAMNODE_ASSIGN_OR_RETURN(const double side, arguments.Number("input-size", 224));
  preprocessing.set_input_size(side >= 1 && side <= 1e6 ? static_cast<int>(side) : 0);
  preprocessing.set_geometry(v1::GEOMETRY_SQUASH);
  for (const double value : kImagenetMean) preprocessing.add_mean(value);
  for (const double value : kImagenetDeviation) preprocessing.add_standard_deviation(value);
  CAMNODE_ASSIGN_OR_RETURN(const std::string intensity, arguments.One("intensity", "file"));
  return SetIntensity(intensity, preprocessing);
}

absl::StatusOr<v1::ModelManifest> MakeDraft(const LabArguments& arguments) {
  v1::ModelManifest draft;
  CAMNODE_ASSIGN_OR_RETURN(*draft.mutable_architecture(), arguments.Required("architecture"));
  CAMNODE_ASSIGN_OR_RETURN(*draft.mutable_name(), arguments.One("name", draft.architecture()));
  CAMNODE_ASSIGN_OR_RETURN(*draft.mutable_version(), arguments.One("version", "1"));
  CAMNODE_RETURN_IF_ERROR(FillLabels(arguments, draft));
  CAMNODE_RETURN_IF_ERROR(FillPreprocessing(arguments, *draft.mutable_preprocessing()));
  CAMNODE_ASSIGN_OR_RETURN(const double threshold, arguments.Number("threshold", 0.5));
  draft.set_threshold(threshold);
  CAMNODE_ASSIGN_OR_RETURN(
      *draft.mutable_threshold_set_id(),
      arguments.One("threshold-set", absl::StrCat(draft.name(), "-", draft.version())));
  CAMNODE_ASSIGN_OR_RETURN(*draft.mutable_weights_precision(),
                           arguments.One("precision", "float32"));
  CAMNODE_ASSIGN_OR_RETURN(*draft.mutable_population(),
                           arguments.One("population", "training population not stated"));
  CAMNODE_ASSIGN_OR_RETURN(*draft.mutable_intended_use(),
                           arguments.One("intended-use", "Research only, not for diagnosis."));
  CAMNODE_ASSIGN_OR_RETURN(*draft.mutable_training_data(),
                           arguments.One("training-data", "Not stated."));
  CAMNODE_ASSIGN_OR_RETURN(*draft.mutable_known_limits(), arguments.One("known-limits", ""));
  return draft;
}

}  // namespace

const char kImportCheckpointUsage[] =
    R"(camnode-lab import-checkpoint --architecture ARCHITECTURE --output DIR [options] FILE

Turns a PyTorch checkpoint (.pth, .pt or .safetensors) with torchvision's parameter names into a model folder:
DIR/manifest.textproto and DIR/weights.safetensors.  Nothing in the file is run, and
nothing in DIR is overwritten.

  --architecture NAME    densenet121 or 169, efficientnet_b0 to b4, resnet18, 34 or 50
  --output DIR           for camnode: .../models/NAME/VERSION
  --precision P          float32 (default), or float16: large convolution kernels in
                         half precision, the rest in float32
  --strip-prefix PREFIX  taken off every name in the checkpoint: module. for a network
                         saved inside DataParallel, model. inside Lightning
  --name NAME            default: the architecture
  --version NUMBER       default: 1
  --label LABEL          one for each output, in order; default: pneumonia
  --reported-label LABEL default: the first
  --activation A         sigmoid (default): each output judges its label alone;
                         softmax: exactly one of the labels holds
  --threshold P          on the probability, 0 to 1; default: 0.5
  --threshold-set ID     default: NAME-VERSION
  --intensity POLICY     file (default): as the film's own window shows it;
                         fixed_window: centre 40, width 800
  --input-size PIXELS    default: 224
  --population TEXT      one line for legends, such as "trained on children aged 1-5"
  --intended-use TEXT    --training-data TEXT    --known-limits TEXT
)";

absl::Status RunImportCheckpoint(const std::vector<std::string>& words) {
  CAMNODE_ASSIGN_OR_RETURN(
      const LabArguments arguments,
      LabArguments::Parse(
          words, {"architecture", "output", "precision", "strip-prefix", "name", "version", "label",
                  "reported-label", "activation", "threshold", "threshold-set", "intensity",
                  "input-size", "population", "intended-use", "training-data", "known-limits"}));
  CAMNODE_ASSIGN_OR_RETURN(const std::string directory, arguments.Required("output"));
  if (arguments.files().size() != 1) {
    return absl::InvalidArgumentError("exactly one checkpoint file is needed");
  }
  CAMNODE_ASSIGN_OR_RETURN(const v1::ModelManifest draft, MakeDraft(arguments));
  CheckpointImportOptions options;
  CAMNODE_ASSIGN_OR_RETURN(options.strip_prefix, arguments.One("strip-prefix", ""));
  CAMNODE_ASSIGN_OR_RETURN(const ModelFolder model,
                           ImportCheckpoint(arguments.files()[0], draft, directory, options));
  const v1::ModelManifest& manifest = model.manifest;
  std::error_code error;
  absl::PrintF("%s: %s version %s, %d output(s), %s, %d bytes, threshold %g%s\n", model.directory,
               manifest.name(), manifest.version(), manifest.labels_size(),
               manifest.weights_precision(), std::filesystem::file_size(model.weights_path, error),
               manifest.threshold(), arguments.All("threshold").empty() ? " (none was given)" : "");
  return absl::OkStatus();
}

}  // namespace camnode
