// The three optimizers, as LibTorch's fused operators: one call a step.

#ifndef CAMNODE_CORE_TRAINING_TRAIN_OPTIMIZER_H_
#define CAMNODE_CORE_TRAINING_TRAIN_OPTIMIZER_H_

#include <string>
#include <vector>

#include "core/inference/networks/network.h"
#include "proto/camnode/training/v1/recipe.pb.h"
#include "torch/torch.h"

namespace camnode {

// Used by one thread at a time; methods throw what LibTorch throws.
//
// Kernels of convolutions and the classifier's decay; batch norms and biases, which
// have one dimension, do not.  Adam's decay is part of the gradient, AdamW's is not
// (Loshchilov and Hutter, Decoupled Weight Decay Regularization, ICLR 2019).  The
// moments' decays are 0.9 and 0.999, epsilon 1e-8.
class TrainingOptimizer {
 public:
  // Changes the parameters of `network`, whose tensors it shares.
  TrainingOptimizer(const camnode::training::v1::Recipe& recipe, const Network& network);

  // One step with the gradients there, which are then dropped.
  void Step(double learning_rate);

  // Everything but the parameters that the next step depends on; shares memory.
  NamedTensors State() const;

 private:
  // Parameters that decay alike.
  struct Group {
    double weight_decay = 0.0;
    std::vector<std::string> names;
    std::vector<torch::Tensor> parameters;
    std::vector<torch::Tensor> first;   // Moments; for SGD the velocity.
    std::vector<torch::Tensor> second;  // Empty for SGD.
    std::vector<torch::Tensor> steps;   // Steps made, one float each.
  };
  void Apply(Group& group, const std::vector<torch::Tensor>& gradients, double learning_rate);
  std::vector<torch::Tensor> TakeGradients(Group& group) const;

  camnode::training::v1::Optimizer kind_;
  double momentum_;
  double max_gradient_norm_;
  std::vector<Group> groups_;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_TRAIN_OPTIMIZER_H_
