// A network of a thousand weights, the same as Tiny in tests/testdata/make_cam_golden.py.

#ifndef CAMNODE_TESTS_CORE_INFERENCE_TINY_NETWORK_H_
#define CAMNODE_TESTS_CORE_INFERENCE_TINY_NETWORK_H_

#include <cstdint>

#include "core/inference/networks/network.h"

namespace camnode {

// Two convolutions and a linear layer over all cells: no pooling, two outputs.  For
// images of 16 x 16.
class TinyNetwork final : public Network {
 public:
  TinyNetwork()
      : first_(register_module("first", Convolution(3, 4))),
        second_(register_module("second", Convolution(4, 6))),
        last_(register_module("last", torch::nn::Linear(6 * 4 * 4, 2))) {
    AddStep("first", [this](const torch::Tensor& x) { return first_(x); });
    AddStep("second", [this](const torch::Tensor& x) { return second_(x.relu()); });
    int64_t number = 0;
    for (torch::Tensor& tensor : parameters()) {
      const torch::Tensor index = torch::arange(tensor.numel(), torch::kInt64);
      const torch::Tensor values = (index * 37 + number++ * 11).remainder(101) - 50;
      tensor.set_data((values.to(torch::kFloat32) / 100).view(tensor.sizes()));
    }
    eval();
  }

  torch::Tensor Head(const torch::Tensor& features) override {
    return last_(features.relu().flatten(1));
  }

 private:
  static torch::nn::Conv2d Convolution(int64_t in, int64_t out) {
    return torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, 3).stride(2).padding(1));
  }

  torch::nn::Conv2d first_;
  torch::nn::Conv2d second_;
  torch::nn::Linear last_;
};

inline torch::Tensor TinyImage() {
  const torch::Tensor index = torch::arange(3 * 16 * 16, torch::kInt64);
  return ((index * 29).remainder(97).to(torch::kFloat32) / 97 - 0.5).view({1, 3, 16, 16});
}

}  // namespace camnode

#endif  // CAMNODE_TESTS_CORE_INFERENCE_TINY_NETWORK_H_
