// From LibTorch's modules to the numbers of a NetworkGraph.  Modules may be on any
// device and of any floating type; they are borrowed and left as they are.  Throws what
// LibTorch throws.

#ifndef CAMNODE_CORE_INFERENCE_ENGINE_FOLD_H_
#define CAMNODE_CORE_INFERENCE_ENGINE_FOLD_H_

#include "core/inference/engine/network_graph.h"
#include "torch/torch.h"

namespace camnode {

// norm(convolution(x)) as one convolution: with g = gamma / sqrt(variance + epsilon),
// weights * g and beta + (bias - mean) * g, worked out in double.
ConvolutionSpec FoldNorm(const torch::nn::Conv2d& convolution, const torch::nn::BatchNorm2d& norm,
                         Activation activation);

ConvolutionSpec PlainConvolution(const torch::nn::Conv2d& convolution, Activation activation);

// norm(x) as scale * x + shift, then a ReLU if `relu`.
ScaleShiftSpec ScaleShiftOf(const torch::nn::BatchNorm2d& norm, bool relu);

// fc1, SiLU, fc2, sigmoid.
GateSpec GateOf(const torch::nn::Conv2d& fc1, const torch::nn::Conv2d& fc2);

LinearHead HeadOf(const torch::nn::Linear& linear, bool mask_map_weights);

}  // namespace camnode

#endif  // CAMNODE_CORE_INFERENCE_ENGINE_FOLD_H_
