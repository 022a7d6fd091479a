// Explanations other than the one serving makes: any method, any layers, averaged over
// views of the film, signed.  For camnode-lab; the node uses Classifier.

#ifndef CAMNODE_CORE_INFERENCE_EXPLAINER_H_
#define CAMNODE_CORE_INFERENCE_EXPLAINER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/domain/analysis.h"
#include "core/domain/radiograph.h"
#include "core/inference/maps/cam_method.h"
#include "core/models/model_repository.h"

namespace camnode {

enum class CamTarget {
  kReported,   // The manifest's reported label.
  kPredicted,  // The label with the largest logit, as the old web tool did.
};

struct ExplainerOptions {
  CamMethod method = CamMethod::kGradCam;

  // As PyTorch names modules ("layer3", "features.denseblock3"); none: the end of the
  // trunk.  Of several, the maps are fused (layer_fusion.h).
  std::vector<std::string> layers;

  // Averages logits and raw positive maps over views of the film, as grad-cam's
  // aug_smooth does: mirrored left to right (the map is mirrored back), and the
  // normalised input times 0.9 and 1.1.  Each also as it is: both are six passes.
  bool flip = false;
  bool scale = false;

  CamTarget target = CamTarget::kReported;
  std::string device = "cpu";
};

struct Explanation {
  // As Classifier gives it; the finding is of the mean logits, whatever label is
  // explained.
  ModelResult result;
  cv::Mat1f signed_map;  // Before negative cells were dropped; empty for fused layers.
  std::string label;     // The one explained.
  std::string unit;      // Of the map: "logit"; "activation" (Score-CAM); "share" (fused).
  int views = 1;         // That were averaged.
};

// Used by one thread at a time.  No torch type crosses this header.
class Explainer {
 public:
  // Errors: Classifier::Load's; kInvalidArgument (the network has no such layer: names
  // the known ones; a layer twice).
  static absl::StatusOr<std::unique_ptr<Explainer>> Load(const ModelFolder& model,
                                                         const ExplainerOptions& options);
  ~Explainer();

  // Errors: Classifier::Classify's.
  absl::StatusOr<Explanation> Explain(const Radiograph& film);

 private:
  struct State;
  explicit Explainer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_INFERENCE_EXPLAINER_H_
