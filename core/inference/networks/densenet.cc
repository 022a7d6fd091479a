#include "core/inference/networks/densenet.h"

#include <array>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/inference/engine/fold.h"
#include "core/inference/engine/network_graph.h"

namespace camnode {
namespace {

namespace nn = torch::nn;

constexpr int64_t kGrowth = 32;     // Channels each layer adds.
constexpr int64_t kBottleneck = 4;  // Width of the 1x1 convolution, in growths.
constexpr int64_t kStemChannels = 64;

nn::Conv2d Pointwise(int64_t in, int64_t out) {
  return nn::Conv2d(nn::Conv2dOptions(in, out, 1).bias(false));
}

// Norm, ReLU, 1x1; norm, ReLU, 3x3: what one layer adds to its input.
class DenseLayer final : public nn::Module {
 public:
  explicit DenseLayer(int64_t in)
      : norm1_(register_module("norm1", nn::BatchNorm2d(in))),
        conv1_(register_module("conv1", Pointwise(in, kBottleneck * kGrowth))),
        norm2_(register_module("norm2", nn::BatchNorm2d(kBottleneck * kGrowth))),
        conv2_(register_module(
            "conv2",
            nn::Conv2d(
                nn::Conv2dOptions(kBottleneck * kGrowth, kGrowth, 3).padding(1).bias(false)))) {}

  torch::Tensor Forward(const torch::Tensor& input) {
    const torch::Tensor x = conv1_(norm1_(input).relu_());
    return conv2_(norm2_(x).relu_());
  }

  // Of the values made so far; norm2 comes after a convolution and is folded into it.
  NetworkGraph::Value Describe(NetworkGraph& graph,
                               const std::vector<NetworkGraph::Value>& parts) const {
    auto x = graph.ScaleShift(parts, ScaleShiftOf(norm1_, /*relu=*/true));
    x = graph.Convolution(x, FoldNorm(conv1_, norm2_, Activation::kRelu));
    return graph.Convolution(x, PlainConvolution(conv2_, Activation::kNone));
  }

 private:
  nn::BatchNorm2d norm1_;
  nn::Conv2d conv1_;
  nn::BatchNorm2d norm2_;
  nn::Conv2d conv2_;
};

class DenseBlock final : public nn::Module {
 public:
  DenseBlock(int64_t in, int layers) {
    for (int i = 0; i < layers; ++i) {
      layers_.push_back(register_module(absl::StrCat("denselayer", i + 1),
                                        std::make_shared<DenseLayer>(in + i * kGrowth)));
    }
  }

  torch::Tensor Forward(torch::Tensor x) {
    for (const std::shared_ptr<DenseLayer>& layer : layers_) {
      x = torch::cat({x, layer->Forward(x)}, 1);
    }
    return x;
  }

  // Nothing is ever joined in memory: each layer reads the parts where they were made.
  std::vector<NetworkGraph::Value> Describe(NetworkGraph& graph, NetworkGraph::Value input) const {
    std::vector<NetworkGraph::Value> parts = {input};
    for (const std::shared_ptr<DenseLayer>& layer : layers_) {
      parts.push_back(layer->Describe(graph, parts));
    }
    return parts;
  }

 private:
  std::vector<std::shared_ptr<DenseLayer>> layers_;
};

// Between blocks: half the channels, half the side.
class Transition final : public nn::Module {
 public:
  explicit Transition(int64_t in)
      : norm_(register_module("norm", nn::BatchNorm2d(in))),
        conv_(register_module("conv", Pointwise(in, in / 2))) {}

  torch::Tensor Forward(const torch::Tensor& input) {
    return torch::avg_pool2d(conv_(norm_(input).relu_()), 2, 2);
  }

  // Mean and 1x1 convolution change places: the same sums, a quarter of the products.
  NetworkGraph::Value Describe(NetworkGraph& graph,
                               const std::vector<NetworkGraph::Value>& parts) const {
    ScaleShiftSpec spec = ScaleShiftOf(norm_, /*relu=*/true);
    spec.halve = true;
    return graph.Convolution(graph.ScaleShift(parts, std::move(spec)),
                             PlainConvolution(conv_, Activation::kNone));
  }

 private:
  nn::BatchNorm2d norm_;
  nn::Conv2d conv_;
};

class DenseNet final : public PoolingNetwork {
 public:
  DenseNet(const std::array<int, 4>& layers, int64_t outputs)
      : features_(register_module("features", std::make_shared<nn::Module>())),
        conv0_(features_->register_module(
            "conv0",
            nn::Conv2d(nn::Conv2dOptions(3, kStemChannels, 7).stride(2).padding(3).bias(false)))),
        norm0_(features_->register_module("norm0", nn::BatchNorm2d(kStemChannels))) {
    AddStep("features.conv0", [this](const torch::Tensor& x) { return conv0_(x); });
    AddStep("features.relu0", [this](const torch::Tensor& x) { return norm0_(x).relu_(); });
    AddStep("features.pool0", [](const torch::Tensor& x) {
      return torch::max_pool2d(x, /*kernel_size=*/3, /*stride=*/2, /*padding=*/1);
    });
    int64_t channels = kStemChannels;
    for (size_t b = 0; b < layers.size(); ++b) {
      blocks_.push_back(std::make_shared<DenseBlock>(channels, layers[b]));
      Append(absl::StrCat("denseblock", b + 1), blocks_.back());
      channels += layers[b] * kGrowth;
      if (b + 1 == layers.size()) break;
      transitions_.push_back(std::make_shared<Transition>(channels));
      Append(absl::StrCat("transition", b + 1), transitions_.back());
      channels /= 2;
    }
    norm5_ = features_->register_module("norm5", nn::BatchNorm2d(channels));
    AddStep("features.norm5", [this](const torch::Tensor& x) { return norm5_(x); });
    classifier_ = register_module("classifier", nn::Linear(channels, outputs));
  }

  torch::Tensor Activations(const torch::Tensor& features) override { return features.relu(); }
  nn::LinearImpl* pooled_classifier() override { return classifier_.get(); }
  CamWeights cam_weights() const override { return CamWeights::kMaskedByActivation; }

  bool Describe(NetworkGraph& graph) const override {
    auto x = graph.Convolution(graph.image(), FoldNorm(conv0_, norm0_, Activation::kRelu));
    x = graph.MaxPool(x);
    std::vector<NetworkGraph::Value> parts = blocks_[0]->Describe(graph, x);
    for (size_t b = 0; b < transitions_.size(); ++b) {
      parts = blocks_[b + 1]->Describe(graph, transitions_[b]->Describe(graph, parts));
    }
    // After the head's ReLU: what pooling and the map look at.
    const auto activations = graph.ScaleShift(parts, ScaleShiftOf(norm5_, /*relu=*/true));
    graph.SetHead(activations, HeadOf(classifier_, /*mask_map_weights=*/true));
    return true;
  }

 private:
  template <typename Part>
  void Append(const std::string& name, const std::shared_ptr<Part>& part) {
    features_->register_module(name, part);
    AddStep(absl::StrCat("features.", name),
            [&part = *part](const torch::Tensor& x) { return part.Forward(x); });
  }

  std::shared_ptr<nn::Module> features_;
  nn::Conv2d conv0_;
  nn::BatchNorm2d norm0_;
  std::vector<std::shared_ptr<DenseBlock>> blocks_;
  std::vector<std::shared_ptr<Transition>> transitions_;
  nn::BatchNorm2d norm5_{nullptr};
  nn::Linear classifier_{nullptr};
};

}  // namespace

std::shared_ptr<Network> MakeDenseNet121(int64_t outputs) {
  return std::make_shared<DenseNet>(std::array<int, 4>{6, 12, 24, 16}, outputs);
}

std::shared_ptr<Network> MakeDenseNet169(int64_t outputs) {
  return std::make_shared<DenseNet>(std::array<int, 4>{6, 12, 32, 32}, outputs);
}

}  // namespace camnode
