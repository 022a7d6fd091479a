// The ways to make a class activation map, by name.

#ifndef CAMNODE_CORE_INFERENCE_MAPS_CAM_METHOD_H_
#define CAMNODE_CORE_INFERENCE_MAPS_CAM_METHOD_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace camnode {

// The first five weigh a layer's activations by gradients (gradient_maps.h), the last
// by what the network says of the film seen through them (score_cam.h).
enum class CamMethod {
  kGradCam,
  kGradCamPlusPlus,
  kHiResCam,
  kXGradCam,
  kLayerCam,
  kScoreCam,
};

// Lives for ever: "gradcam", "gradcam++", "hirescam", "xgradcam", "layercam", "scorecam"
const char* CamMethodName(CamMethod method);

// Errors: kInvalidArgument (no such method: names the known ones).
absl::StatusOr<CamMethod> ParseCamMethod(absl::string_view name);

}  // namespace camnode

#endif  // CAMNODE_CORE_INFERENCE_MAPS_CAM_METHOD_H_
