#include "core/inference/maps/cam_method.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace camnode {
namespace {

struct NamedMethod {
  CamMethod method;
  const char* name;
};

constexpr NamedMethod kMethods[] = {
    {CamMethod::kGradCam, "gradcam"},   {CamMethod::kGradCamPlusPlus, "gradcam++"},
    {CamMethod::kHiResCam, "hirescam"}, {CamMethod::kXGradCam, "xgradcam"},
    {CamMethod::kLayerCam, "layercam"}, {CamMethod::kScoreCam, "scorecam"},
};

}  // namespace

const char* CamMethodName(CamMethod method) {
  for (const NamedMethod& known : kMethods) {
    if (known.method == method) return known.name;
  }
  return "";
}

absl::StatusOr<CamMethod> ParseCamMethod(absl::string_view name) {
  for (const NamedMethod& known : kMethods) {
    if (known.name == name) return known.method;
  }
  const auto add_name = [](std::string* out, const NamedMethod& known) { *out += known.name; };
  return absl::InvalidArgumentError(absl::StrCat(
      "unknown method \"", name, "\"; known: ", absl::StrJoin(kMethods, ", ", add_name)));
}

}  // namespace camnode
