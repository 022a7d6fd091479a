// One model, loaded: from a film to a finding and the map behind it, in one pass.

#ifndef CAMNODE_CORE_INFERENCE_CLASSIFIER_H_
#define CAMNODE_CORE_INFERENCE_CLASSIFIER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "core/domain/analysis.h"
#include "core/domain/placement.h"
#include "core/domain/radiograph.h"
#include "core/inference/device/precision.h"
#include "core/models/model_repository.h"

namespace camnode {

struct ClassifierOptions {
  std::string device = "cpu";  // As OpenDevice names them: device.h.
  // Instead of the manifest's, unchecked: for measuring what a precision changes.
  absl::optional<ComputePrecision> precision;
  // False: through LibTorch's modules, one call an operator.  The fast path's fall-back
  // and what it is tested against.
  bool fast_path = true;
  // 0: films in batches as pays; 1 or 8: every film in a batch of this size.
  int64_t batch = 0;
};

// A film as a network's input: made once for models that share their preprocessing.
struct ClassifierInput {
  // [3, S, S]: shares of 1 less the manifest's mean, over its deviation.
  std::vector<float> image;
  int64_t side = 0;  // S, in pixels.
  Placement placement;
};

// Used by one thread at a time; several classifiers may run side by side.
// No torch type crosses this header.
class Classifier {
 public:
  // Reads and checks the weights; REQUIRES: model.manifest is checked.
  // Errors: kNotFound (no weights file), kFailedPrecondition (unknown architecture;
  // missing, surplus or misshapen parameters, all named; device not there),
  // kDataLoss (weights or outlier file damaged), kInternal (LibTorch threw).
  static absl::StatusOr<std::unique_ptr<Classifier>> Load(const ModelFolder& model,
                                                          const ClassifierOptions& options);
  ~Classifier();

  // Preprocess, features, head, class activation map of the finding.
  // Errors: Prepare's, and kInternal (LibTorch or oneDNN failed; a value is not
  // finite), kFailedPrecondition (the outlier file belongs to another network).
  absl::StatusOr<ModelResult> Classify(const Radiograph& film);

  // Classify in two halves.  Prepare is const and thread-safe: it may run for the next
  // film while another is computed.
  // Errors: kInvalidArgument (film empty, or without the modality values the
  // manifest's intensity policy needs), kInternal (LibTorch threw).
  absl::StatusOr<ClassifierInput> Prepare(const Radiograph& film) const;
  // One result an input, in order; a film that fails takes no other with it.  Inputs
  // are borrowed for the call.  Errors of each: as Classify.
  std::vector<absl::StatusOr<ModelResult>> ClassifyPrepared(
      const std::vector<const ClassifierInput*>& inputs);
  // True if both make the same input of a film.
  bool SharesInputWith(const Classifier& other) const;

  // The network's activations, averaged over the grid: what an outlier model is
  // fitted on.  Errors: as Classify.
  absl::StatusOr<std::vector<float>> PooledFeatures(const Radiograph& film);

  const ModelFolder& model() const;

  // What it computes in: the manifest's precision, or float32 where the processor does
  // not have that.
  ComputePrecision precision() const;

 private:
  struct State;
  explicit Classifier(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Threads for the operators of this process; 0: as many as there are cores.  A
// classifier computes with the number that was set when it was loaded.  Called by one
// thread, while nothing is being computed.
void SetComputeThreads(int threads);

// "2.11.0"
std::string LibTorchVersion();

}  // namespace camnode

#endif  // CAMNODE_CORE_INFERENCE_CLASSIFIER_H_
