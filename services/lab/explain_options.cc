#include "services/lab/explain_options.h"

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "core/base/status_macros.h"
#include "core/inference/maps/cam_method.h"

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
          absl::StrCat("--tta wants flip, scale or flip,scale, not '", text, "'"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<LabExplainOptions> ReadExplainOptions(const Arguments& arguments) {
  LabExplainOptions options;
  ExplainerOptions common;
  common.device = arguments.Text("device");
  const std::string method = arguments.Text("method");
  CAMNODE_ASSIGN_OR_RETURN(common.method, ParseCamMethod(method));
  CAMNODE_RETURN_IF_ERROR(ReadTta(arguments.Text("tta"), common));
  const bool predicted = arguments.Text("target") == "predicted";
  common.target = predicted ? CamTarget::kPredicted : CamTarget::kReported;
  options.signed_maps = arguments.Has("signed");
  options.as_served = method == "gradcam" && !arguments.Has("layer") && !common.flip &&
                      !common.scale && !predicted && !options.signed_maps;

  const size_t models = arguments.Texts("model").size();
  const std::vector<std::string> layers = arguments.Texts("layer");
  if (layers.size() > 1 && layers.size() != models) {
    return absl::InvalidArgumentError(absl::StrCat("--layer is given ", layers.size(),
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
          "--signed needs a single --layer: fused maps are shares, without signs");
    }
    options.explainers.push_back(own);
  }
  return options;
}

}  // namespace camnode
