#include "core/inference/engine/fold.h"

#include <cstddef>
#include <vector>

namespace camnode {
namespace {

std::vector<float> Values(const torch::Tensor& tensor) {
  const torch::Tensor plain = tensor.detach().to(torch::kCPU, torch::kFloat32).contiguous();
  return {plain.data_ptr<float>(), plain.data_ptr<float>() + plain.numel()};
}

// A batch norm as scale x + shift: scale = gamma / sqrt(variance + epsilon), shift =
// beta - mean scale.  In double, so that folding rounds once.
struct Affine {
  torch::Tensor scale;
  torch::Tensor shift;
};

Affine AffineOf(const torch::nn::BatchNorm2d& norm) {
  const auto wide = [](const torch::Tensor& t) {
    return t.detach().to(torch::kCPU, torch::kFloat64);
  };
  const torch::Tensor scale =
      wide(norm->weight) / (wide(norm->running_var) + norm->options.eps()).sqrt();
  return {scale, wide(norm->bias) - wide(norm->running_mean) * scale};
}

// Kernel, stride and padding are square here: the first number stands for both.
ConvolutionSpec Shape(const torch::nn::Conv2d& convolution, Activation activation) {
  const auto& options = convolution->options;
  ConvolutionSpec spec;
  spec.out_channels = options.out_channels();
  spec.kernel = (*options.kernel_size())[0];
  spec.stride = (*options.stride())[0];
  spec.padding = std::get<torch::ExpandingArray<2>>(options.padding())->at(0);
  spec.groups = options.groups();
  spec.activation = activation;
  return spec;
}

}  // namespace

ConvolutionSpec PlainConvolution(const torch::nn::Conv2d& convolution, Activation activation) {
  ConvolutionSpec spec = Shape(convolution, activation);
  spec.weights = Values(convolution->weight);
  spec.bias = convolution->bias.defined()
                  ? Values(convolution->bias)
                  : std::vector<float>(static_cast<size_t>(spec.out_channels), 0.0f);
  return spec;
}

ConvolutionSpec FoldNorm(const torch::nn::Conv2d& convolution, const torch::nn::BatchNorm2d& norm,
                         Activation activation) {
  const torch::NoGradGuard no_grad;
  const Affine affine = AffineOf(norm);
  ConvolutionSpec spec = Shape(convolution, activation);
  const torch::Tensor weight = convolution->weight.detach().to(torch::kCPU, torch::kFloat64);
  spec.weights = Values(weight * affine.scale.view({-1, 1, 1, 1}));
  torch::Tensor bias = affine.shift;
  if (convolution->bias.defined()) {
    bias = bias + convolution->bias.detach().to(torch::kCPU, torch::kFloat64) * affine.scale;
  }
  spec.bias = Values(bias);
  return spec;
}

ScaleShiftSpec ScaleShiftOf(const torch::nn::BatchNorm2d& norm, bool relu) {
  const torch::NoGradGuard no_grad;
  const Affine affine = AffineOf(norm);
  ScaleShiftSpec spec;
  spec.relu = relu;
  spec.scale = Values(affine.scale);
  spec.shift = Values(affine.shift);
  return spec;
}

GateSpec GateOf(const torch::nn::Conv2d& fc1, const torch::nn::Conv2d& fc2) {
  GateSpec spec;
  spec.reduce_weights = Values(fc1->weight);
  spec.reduce_bias = Values(fc1->bias);
  spec.expand_weights = Values(fc2->weight);
  spec.expand_bias = Values(fc2->bias);
  return spec;
}

LinearHead HeadOf(const torch::nn::Linear& linear, bool mask_map_weights) {
  LinearHead head;
  head.weights = Values(linear->weight);
  head.bias = Values(linear->bias);
  head.mask_map_weights = mask_map_weights;
  return head;
}

}  // namespace camnode
