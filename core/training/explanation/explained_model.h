// What the measurements of explanations need of a model: logits and maps of changed
// films, other maps than the served one, and itself with random weights.
//
// LoadExplainedModel gives a model folder's; tests give networks whose answer is known.

#ifndef CAMNODE_CORE_TRAINING_EXPLANATION_EXPLAINED_MODEL_H_
#define CAMNODE_CORE_TRAINING_EXPLANATION_EXPLAINED_MODEL_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <opencv2/core/mat.hpp>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/domain/analysis.h"
#include "core/domain/radiograph.h"
#include "core/inference/classifier.h"
#include "core/inference/maps/cam_method.h"
#include "core/models/model_repository.h"

namespace camnode {

// Used by one thread at a time.
class ExplainedModel {
 public:
  virtual ~ExplainedModel() = default;

  virtual absl::StatusOr<ClassifierInput> Prepare(const Radiograph& film) const = 0;

  // Findings and served maps, one an input, in order.
  // Errors: the first of Classifier::ClassifyPrepared's.
  virtual absl::StatusOr<std::vector<ModelResult>> Classify(
      const std::vector<ClassifierInput>& inputs) = 0;

  // The reported label's signed map by each of `methods`, in order.
  virtual absl::StatusOr<std::vector<cv::Mat1f>> SignedMaps(
      const ClassifierInput& input, const std::vector<CamMethod>& methods) = 0;

  // The network's parts from the head downwards: "head", "layer4", ...
  virtual std::vector<std::string> Stages() const = 0;

  // Signed Grad-CAM maps by the network whose first `stages` parts have weights drawn by
  // `seed` in place of the trained ones; with 0 stages the network as it is.
  virtual absl::StatusOr<std::vector<cv::Mat1f>> RandomisedMaps(
      const std::vector<ClassifierInput>& inputs, size_t stages, uint64_t seed) = 0;
};

// FLOAT32, in batches of 8, on the CPU, whatever the manifest's precision.
// Errors: Classifier::Load's.
absl::StatusOr<std::unique_ptr<ExplainedModel>> LoadExplainedModel(const ModelFolder& folder);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_EXPLANATION_EXPLAINED_MODEL_H_
