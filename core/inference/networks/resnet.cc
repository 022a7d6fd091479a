#include "core/inference/networks/resnet.h"

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/inference/engine/fold.h"
#include "core/inference/engine/network_graph.h"

namespace camnode {
namespace {

namespace nn = torch::nn;

nn::Conv2d Convolution(int64_t in, int64_t out, int64_t kernel, int64_t stride) {
  return nn::Conv2d(
      nn::Conv2dOptions(in, out, kernel).stride(stride).padding(kernel / 2).bias(false));
}

class Block : public nn::Module {
 public:
  virtual torch::Tensor Forward(const torch::Tensor& input) = 0;
  virtual NetworkGraph::Value Describe(NetworkGraph& graph, NetworkGraph::Value input) const = 0;

 protected:
  // The shortcut changes shape where the block does.
  void AddShortcut(int64_t in, int64_t out, int64_t stride) {
    if (stride == 1 && in == out) return;
    downsample_ = register_module(
        "downsample", nn::Sequential(Convolution(in, out, 1, stride), nn::BatchNorm2d(out)));
  }
  torch::Tensor Shortcut(const torch::Tensor& input) {
    return downsample_.is_empty() ? input : downsample_->forward(input);
  }
  NetworkGraph::Value DescribeShortcut(NetworkGraph& graph, NetworkGraph::Value input) const {
    if (downsample_.is_empty()) return input;
    const auto convolution = std::dynamic_pointer_cast<nn::Conv2dImpl>(downsample_->ptr(0));
    const auto norm = std::dynamic_pointer_cast<nn::BatchNorm2dImpl>(downsample_->ptr(1));
    return graph.Convolution(
        input, FoldNorm(nn::Conv2d(convolution), nn::BatchNorm2d(norm), Activation::kNone));
  }

 private:
  nn::Sequential downsample_{nullptr};
};

// Two 3x3 convolutions: ResNet-18 and 34.
class BasicBlock final : public Block {
 public:
  static constexpr int64_t kExpansion = 1;

  BasicBlock(int64_t in, int64_t width, int64_t stride)
      : conv1_(register_module("conv1", Convolution(in, width, 3, stride))),
        bn1_(register_module("bn1", nn::BatchNorm2d(width))),
        conv2_(register_module("conv2", Convolution(width, width, 3, 1))),
        bn2_(register_module("bn2", nn::BatchNorm2d(width))) {
    AddShortcut(in, width, stride);
  }

  torch::Tensor Forward(const torch::Tensor& input) override {
    torch::Tensor x = bn1_(conv1_(input)).relu_();
    x = bn2_(conv2_(x));
    return x.add_(Shortcut(input)).relu_();
  }

  NetworkGraph::Value Describe(NetworkGraph& graph, NetworkGraph::Value input) const override {
    const auto x = graph.Convolution(input, FoldNorm(conv1_, bn1_, Activation::kRelu));
    const auto shortcut = DescribeShortcut(graph, input);
    return graph.Convolution(x, FoldNorm(conv2_, bn2_, Activation::kRelu), shortcut);
  }

 private:
  nn::Conv2d conv1_;
  nn::BatchNorm2d bn1_;
  nn::Conv2d conv2_;
  nn::BatchNorm2d bn2_;
};

// 1x1, 3x3, 1x1 to four times the width, stride in the middle: ResNet-50.
class Bottleneck final : public Block {
 public:
  static constexpr int64_t kExpansion = 4;

  Bottleneck(int64_t in, int64_t width, int64_t stride)
      : conv1_(register_module("conv1", Convolution(in, width, 1, 1))),
        bn1_(register_module("bn1", nn::BatchNorm2d(width))),
        conv2_(register_module("conv2", Convolution(width, width, 3, stride))),
        bn2_(register_module("bn2", nn::BatchNorm2d(width))),
        conv3_(register_module("conv3", Convolution(width, width * kExpansion, 1, 1))),
        bn3_(register_module("bn3", nn::BatchNorm2d(width * kExpansion))) {
    AddShortcut(in, width * kExpansion, stride);
  }

  torch::Tensor Forward(const torch::Tensor& input) override {
    torch::Tensor x = bn1_(conv1_(input)).relu_();
    x = bn2_(conv2_(x)).relu_();
    x = bn3_(conv3_(x));
    return x.add_(Shortcut(input)).relu_();
  }

  NetworkGraph::Value Describe(NetworkGraph& graph, NetworkGraph::Value input) const override {
    auto x = graph.Convolution(input, FoldNorm(conv1_, bn1_, Activation::kRelu));
    x = graph.Convolution(x, FoldNorm(conv2_, bn2_, Activation::kRelu));
    const auto shortcut = DescribeShortcut(graph, input);
    return graph.Convolution(x, FoldNorm(conv3_, bn3_, Activation::kRelu), shortcut);
  }

 private:
  nn::Conv2d conv1_;
  nn::BatchNorm2d bn1_;
  nn::Conv2d conv2_;
  nn::BatchNorm2d bn2_;
  nn::Conv2d conv3_;
  nn::BatchNorm2d bn3_;
};

template <typename BlockType>
class ResNet final : public PoolingNetwork {
 public:
  ResNet(const std::array<int, 4>& blocks, int64_t outputs)
      : conv1_(register_module(
            "conv1", nn::Conv2d(nn::Conv2dOptions(3, 64, 7).stride(2).padding(3).bias(false)))),
        bn1_(register_module("bn1", nn::BatchNorm2d(64))) {
    AddStep("conv1", [this](const torch::Tensor& x) { return conv1_(x); });
    AddStep("relu", [this](const torch::Tensor& x) { return bn1_(x).relu_(); });
    AddStep("maxpool", [](const torch::Tensor& x) {
      return torch::max_pool2d(x, /*kernel_size=*/3, /*stride=*/2, /*padding=*/1);
    });
    int64_t in = 64;
    int64_t width = 64;
    for (size_t s = 0; s < blocks.size(); ++s, width *= 2) {
      const std::string name = absl::StrCat("layer", s + 1);
      const auto stage = register_module(name, std::make_shared<nn::Module>());
      for (int b = 0; b < blocks[s]; ++b) {
        const int64_t stride = b == 0 && s > 0 ? 2 : 1;
        const auto block =
            stage->register_module(absl::StrCat(b), std::make_shared<BlockType>(in, width, stride));
        blocks_.push_back(block);
        AddStep(absl::StrCat(name, ".", b),
                [&block = *block](const torch::Tensor& x) { return block.Forward(x); });
        in = width * BlockType::kExpansion;
      }
    }
    fc_ = register_module("fc", nn::Linear(in, outputs));
  }

  nn::LinearImpl* pooled_classifier() override { return fc_.get(); }

  bool Describe(NetworkGraph& graph) const override {
    auto x = graph.Convolution(graph.image(), FoldNorm(conv1_, bn1_, Activation::kRelu));
    x = graph.MaxPool(x);
    for (const std::shared_ptr<Block>& block : blocks_) x = block->Describe(graph, x);
    graph.SetHead(x, HeadOf(fc_, /*mask_map_weights=*/false));
    return true;
  }

 private:
  nn::Conv2d conv1_;
  nn::BatchNorm2d bn1_;
  std::vector<std::shared_ptr<Block>> blocks_;
  nn::Linear fc_{nullptr};
};

}  // namespace

std::shared_ptr<Network> MakeResNet18(int64_t outputs) {
  return std::make_shared<ResNet<BasicBlock>>(std::array<int, 4>{2, 2, 2, 2}, outputs);
}

std::shared_ptr<Network> MakeResNet34(int64_t outputs) {
  return std::make_shared<ResNet<BasicBlock>>(std::array<int, 4>{3, 4, 6, 3}, outputs);
}

std::shared_ptr<Network> MakeResNet50(int64_t outputs) {
  return std::make_shared<ResNet<Bottleneck>>(std::array<int, 4>{3, 4, 6, 3}, outputs);
}

}  // namespace camnode
