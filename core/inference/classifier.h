// One model, loaded: from a film to a finding and the map behind it, in one pass.

#ifndef CAMNODE_CORE_INFERENCE_CLASSIFIER_H_
#define CAMNODE_CORE_INFERENCE_CLASSIFIER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/domain/analysis.h"
#include "core/domain/radiograph.h"
#include "core/models/model_repository.h"

namespace camnode {

struct ClassifierOptions {
  std::string device = "cpu";
};

// Used by one thread at a time; several classifiers may run side by side.
// No torch type crosses this header.
class Classifier {
 public:
  // Reads and checks the weights; REQUIRES: model.manifest is checked.
  // Errors: kFailedPrecondition (unknown architecture; missing, surplus or
  // misshapen parameters, all named; device not there), kDataLoss (weights file
  // damaged).
  static absl::StatusOr<std::unique_ptr<Classifier>> Load(const ModelFolder& model,
                                                          const ClassifierOptions& options);
  ~Classifier();

  // Preprocess, features, head, class activation map of the finding.
  // Errors: kInvalidArgument (film empty, or without the modality values the
  // manifest's intensity policy needs), kInternal (LibTorch threw; a value is not
  // finite), kFailedPrecondition (the outlier file belongs to another network).
  absl::StatusOr<ModelResult> Classify(const Radiograph& film);

  // The network's activations, averaged over the grid: what an outlier model is
  // fitted on.  Errors: as Classify.
  absl::StatusOr<std::vector<float>> PooledFeatures(const Radiograph& film);

  const ModelFolder& model() const;

 private:
  struct State;
  explicit Classifier(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Threads for the operators of this process; 0: as many as there are cores.
void SetComputeThreads(int threads);

// "2.11.0"
std::string LibTorchVersion();

}  // namespace camnode

#endif  // CAMNODE_CORE_INFERENCE_CLASSIFIER_H_
