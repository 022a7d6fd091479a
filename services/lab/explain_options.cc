#include "services/lab/explain_options.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/base/status_macros.h"

namespace camnode {
namespace {

absl::Status ReadTta(const std::string& text, ExplainerOptions& options) {
  for (const absl::string_view view : absl::StrSplit(text, ',', absl::SkipEmpty())) {
    if (view == "flip") {
      options.flip = true;
    } else if (view == "scale") {
      options.scale = true;
    } else {
      return absl::InvalidArgumentError(
          absl::StrCat("option --tta must be flip, scale or flip,scale, not \"", text, "\""));
    }
  }
  return absl::OkStatus();
}

absl::Status ReadTarget(const std::string& text, ExplainerOptions& options) {
  if (text != "reported" && text != "predicted") {
    return absl::InvalidArgumentError("option --target must be reported or predicted");
  }
  options.target = text == "predicted" ? CamTarget::kPredicted : CamTarget::kReported;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<LabExplainOptions> ReadExplainOptions(const LabArguments& arguments) {
  LabExplainOptions options;
  ExplainerOptions common;
  CAMNODE_ASSIGN_OR_RETURN(common.device, arguments.One("device", "cpu"));
  CAMNODE_ASSIGN_OR_RETURN(const std::string method, arguments.One("method", "gradcam"));
  CAMNODE_ASSIGN_OR_RETURN(common.method, ParseCamMethod(method));
  CAMNODE_ASSIGN_OR_RETURN(const std::string tta, arguments.One("tta", ""));
  CAMNODE_RETURN_IF_ERROR(ReadTta(tta, common));
  CAMNODE_ASSIGN_OR_RETURN(const std::string target, arguments.One("target", "reported"));
  CAMNODE_RETURN_IF_ERROR(ReadTarget(target, common));
  options.signed_maps = arguments.Has("signed");
  options.as_served = method == "gradcam" && arguments.All("layer").empty() && !common.flip &&
                      !common.scale && target == "reported" && !options.signed_maps;

  const size_t models = arguments.All("model").size();
  const std::vector<std::string> layers = arguments.All("layer");
  if (layers.size() > 1 && layers.size() != models) {
    return absl::InvalidArgumentError(absl::StrCat("option --layer is given ", layers.size(),
                                                   " times for ", models,
                                                   " models: once, or once for each"));
  }
  for (size_t i = 0; i < models; ++i) {
    ExplainerOptions own = common;
    if (!layers.empty()) {
      own.layers = absl::StrSplit(layers[layers.size() == 1 ? 0 : i], ',');
    }
    if (options.signed_maps && own.layers.size() > 1) {
      return absl::InvalidArgumentError(
          "option --signed needs a single --layer: fused maps are shares, without signs");
    }
    options.explainers.push_back(own);
  }
  return options;
}

}  // namespace camnode
