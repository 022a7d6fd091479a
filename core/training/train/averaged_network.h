// A network in training, and the running average of its weights.

#ifndef CAMNODE_CORE_TRAINING_TRAIN_AVERAGED_NETWORK_H_
#define CAMNODE_CORE_TRAINING_TRAIN_AVERAGED_NETWORK_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "core/inference/networks/network.h"
#include "torch/torch.h"

namespace camnode {

// Used by one thread at a time; methods throw what LibTorch throws.
class AveragedNetwork {
 public:
  // Weights drawn from `seed`: convolutions by He et al. 2015 (normal, fan out), the
  // classifier uniform within 1 / sqrt(inputs), batch norms 1 and 0.
  // Errors: MakeNetwork's.
  static absl::StatusOr<AveragedNetwork> Make(const std::string& architecture, int64_t outputs,
                                              uint64_t seed, const torch::Device& device);

  // In training mode, channels last.
  Network& trained() { return *trained_; }
  // In evaluation mode.
  Network& averaged() { return *averaged_; }

  // After step `step` of a stage, from 0: averaged = d * averaged + (1 - d) * trained, with
  // d = min(decay, (1 + step) / (10 + step)); counters are copied.
  void Average(double decay, int64_t step);

  // Everything of both, by name; shares memory.
  NamedTensors State() const;

 private:
  AveragedNetwork() = default;
  std::shared_ptr<Network> trained_;
  std::shared_ptr<Network> averaged_;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_TRAIN_AVERAGED_NETWORK_H_
