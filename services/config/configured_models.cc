#include "services/config/configured_models.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/models/precision_gate.h"

namespace camnode {
namespace {

namespace v1 = camnode::model::v1;

// "resnet18" means every version, "resnet18/1" that one.
bool Means(const std::string& name, const ModelFolder& model) {
  return name == model.manifest.name() ||
         name == absl::StrCat(model.manifest.name(), "/", model.manifest.version());
}

absl::Status SetPrecision(const ModelPrecisionConfig& wanted, SharedModels& models) {
  v1::Precision precision = v1::PRECISION_UNSPECIFIED;
  // ParseConfig lets no other name through.
  v1::Precision_Parse(absl::AsciiStrToUpper(wanted.precision), &precision);
  bool found = false;
  for (ModelFolder& model : models.folders) {
    if (!Means(wanted.model, model)) continue;
    found = true;
    model.manifest.set_precision(precision);
    CAMNODE_RETURN_IF_ERROR(Annotate(CheckPrecision(model.manifest), model.directory));
  }
  if (found) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("no workflow has the model ", wanted.model));
}

}  // namespace

absl::StatusOr<SharedModels> LoadConfiguredModels(const Config& config, WeightsCheck check) {
  absl::StatusOr<SharedModels> models =
      LoadSharedModels(config.model_directory, ModelNames(config), check);
  if (!models.ok()) return Annotate(models.status(), "workflow.models");
  for (const ModelPrecisionConfig& wanted : config.precisions) {
    CAMNODE_RETURN_IF_ERROR(Annotate(SetPrecision(wanted, *models), "precisions"));
  }
  return models;
}

}  // namespace camnode
