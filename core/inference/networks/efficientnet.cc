#include "core/inference/networks/efficientnet.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/inference/engine/fold.h"
#include "core/inference/engine/network_graph.h"

namespace camnode {
namespace {

namespace nn = torch::nn;

// Convolution "0", batch norm "1", and SiLU unless it is a projection.
class ConvNorm final : public nn::Module {
 public:
  ConvNorm(int64_t in, int64_t out, int64_t kernel, int64_t stride, int64_t groups, bool activation)
      : convolution_(register_module("0", nn::Conv2d(nn::Conv2dOptions(in, out, kernel)
                                                         .stride(stride)
                                                         .padding(kernel / 2)
                                                         .groups(groups)
                                                         .bias(false)))),
        norm_(register_module("1", nn::BatchNorm2d(out))),
        activation_(activation) {}

  torch::Tensor Forward(const torch::Tensor& input) {
    torch::Tensor x = norm_(convolution_(input));
    return activation_ ? torch::silu_(x) : x;
  }
  NetworkGraph::Value Describe(NetworkGraph& graph, NetworkGraph::Value input,
                               NetworkGraph::Value added = -1) const {
    return graph.Convolution(
        input, FoldNorm(convolution_, norm_, activation_ ? Activation::kSilu : Activation::kNone),
        added);
  }

 private:
  nn::Conv2d convolution_;
  nn::BatchNorm2d norm_;
  bool activation_;
};

// Scales each channel by a gate computed from all channels' means.
class SqueezeExcitation final : public nn::Module {
 public:
  SqueezeExcitation(int64_t channels, int64_t squeezed)
      : fc1_(register_module("fc1", nn::Conv2d(nn::Conv2dOptions(channels, squeezed, 1)))),
        fc2_(register_module("fc2", nn::Conv2d(nn::Conv2dOptions(squeezed, channels, 1)))) {}

  torch::Tensor Forward(const torch::Tensor& input) {
    torch::Tensor squeezed = fc1_(input.mean({2, 3}, /*keepdim=*/true));
    return input * fc2_(torch::silu_(squeezed)).sigmoid_();
  }
  NetworkGraph::Value Describe(NetworkGraph& graph, NetworkGraph::Value input) const {
    return graph.Gate(input, GateOf(fc1_, fc2_));
  }

 private:
  nn::Conv2d fc1_;
  nn::Conv2d fc2_;
};

struct StageShape {
  int64_t expansion;
  int64_t kernel;
  int64_t stride;  // Of the stage's first block.
  int64_t in;
  int64_t out;
  int blocks;
};

// B0; the others widen and deepen it.
constexpr StageShape kB0Stages[] = {
    {1, 3, 1, 32, 16, 1},  {6, 3, 2, 16, 24, 2},   {6, 5, 2, 24, 40, 2},   {6, 3, 2, 40, 80, 3},
    {6, 5, 1, 80, 112, 3}, {6, 5, 2, 112, 192, 4}, {6, 3, 1, 192, 320, 1},
};
// Channels of the features, for each of the last stage's.
constexpr int64_t kFeatureFactor = 4;

struct Scaling {
  double width;
  double depth;
  double dropout;
};

// To a multiple of 8, the nearest, but never below nine tenths.
int64_t Widened(int64_t channels, double width) {
  const double wanted = static_cast<double>(channels) * width;
  const int64_t rounded = std::max<int64_t>(8, static_cast<int64_t>(wanted + 4) / 8 * 8);
  return static_cast<double>(rounded) < 0.9 * wanted ? rounded + 8 : rounded;
}

std::vector<StageShape> ScaledStages(const Scaling& scaling) {
  std::vector<StageShape> stages(std::begin(kB0Stages), std::end(kB0Stages));
  for (StageShape& stage : stages) {
    stage.in = Widened(stage.in, scaling.width);
    stage.out = Widened(stage.out, scaling.width);
    stage.blocks = static_cast<int>(std::ceil(stage.blocks * scaling.depth));
  }
  return stages;
}

// The inverted residual: widen, depthwise, squeeze-excitation, project.  Its parts
// are children "0", "1", ... of "block"; the widening is absent at expansion 1.
class InvertedResidual final : public nn::Module {
 public:
  InvertedResidual(const StageShape& shape, int64_t in, int64_t stride)
      : adds_input_(stride == 1 && in == shape.out),
        block_(register_module("block", std::make_shared<nn::Module>())) {
    const int64_t wide = in * shape.expansion;
    int child = 0;
    const auto name = [&child] { return absl::StrCat(child++); };
    if (wide != in) {
      expand_ =
          block_->register_module(name(), std::make_shared<ConvNorm>(in, wide, 1, 1, 1, true));
    }
    depthwise_ = block_->register_module(
        name(), std::make_shared<ConvNorm>(wide, wide, shape.kernel, stride, wide, true));
    excitation_ = block_->register_module(
        name(), std::make_shared<SqueezeExcitation>(wide, std::max<int64_t>(1, in / 4)));
    project_ = block_->register_module(name(),
                                       std::make_shared<ConvNorm>(wide, shape.out, 1, 1, 1, false));
  }

  torch::Tensor Forward(const torch::Tensor& input) {
    torch::Tensor x = expand_ ? expand_->Forward(input) : input;
    x = project_->Forward(excitation_->Forward(depthwise_->Forward(x)));
    return adds_input_ ? x.add_(input) : x;
  }

  NetworkGraph::Value Describe(NetworkGraph& graph, NetworkGraph::Value input) const {
    auto x = expand_ ? expand_->Describe(graph, input) : input;
    x = excitation_->Describe(graph, depthwise_->Describe(graph, x));
    return project_->Describe(graph, x, adds_input_ ? input : -1);
  }

 private:
  bool adds_input_;
  std::shared_ptr<nn::Module> block_;
  std::shared_ptr<ConvNorm> expand_;
  std::shared_ptr<ConvNorm> depthwise_;
  std::shared_ptr<SqueezeExcitation> excitation_;
  std::shared_ptr<ConvNorm> project_;
};

class EfficientNet final : public PoolingNetwork {
 public:
  EfficientNet(const std::vector<StageShape>& stages, double dropout, int64_t outputs)
      : features_(register_module("features", std::make_shared<nn::Module>())),
        linear_(kFeatureFactor * stages.back().out, outputs),
        classifier_(register_module("classifier", nn::Sequential(nn::Dropout(dropout), linear_))) {
    int child = 0;
    stem_ = std::make_shared<ConvNorm>(3, stages.front().in, 3, 2, 1, true);
    Append(*features_, absl::StrCat(child++), "features", stem_);
    for (const StageShape& shape : stages) {
      const std::string name = absl::StrCat(child++);
      const auto stage = features_->register_module(name, std::make_shared<nn::Module>());
      for (int b = 0; b < shape.blocks; ++b) {
        blocks_.push_back(std::make_shared<InvertedResidual>(shape, b == 0 ? shape.in : shape.out,
                                                             b == 0 ? shape.stride : 1));
        Append(*stage, absl::StrCat(b), absl::StrCat("features.", name), blocks_.back());
      }
    }
    last_ = std::make_shared<ConvNorm>(stages.back().out, linear_->options.in_features(), 1, 1, 1,
                                       true);
    Append(*features_, absl::StrCat(child), "features", last_);
  }

  nn::LinearImpl* pooled_classifier() override { return linear_.get(); }

  bool Describe(NetworkGraph& graph) const override {
    auto x = stem_->Describe(graph, graph.image());
    for (const std::shared_ptr<InvertedResidual>& block : blocks_) x = block->Describe(graph, x);
    graph.SetHead(last_->Describe(graph, x), HeadOf(linear_, /*mask_map_weights=*/false));
    return true;
  }

 private:
  // Makes `part` a child of `parent`, and a step of the trunk.
  template <typename Part>
  void Append(nn::Module& parent, const std::string& name, absl::string_view parent_name,
              const std::shared_ptr<Part>& part) {
    parent.register_module(name, part);
    AddStep(absl::StrCat(parent_name, ".", name),
            [&part = *part](const torch::Tensor& x) { return part.Forward(x); });
  }

  std::shared_ptr<nn::Module> features_;
  std::shared_ptr<ConvNorm> stem_;
  std::vector<std::shared_ptr<InvertedResidual>> blocks_;
  std::shared_ptr<ConvNorm> last_;
  nn::Linear linear_;
  nn::Sequential classifier_;
};

std::shared_ptr<Network> Make(const Scaling& scaling, int64_t outputs) {
  return std::make_shared<EfficientNet>(ScaledStages(scaling), scaling.dropout, outputs);
}

}  // namespace

std::shared_ptr<Network> MakeEfficientNetB0(int64_t outputs) {
  return Make({1.0, 1.0, 0.2}, outputs);
}

std::shared_ptr<Network> MakeEfficientNetB1(int64_t outputs) {
  return Make({1.0, 1.1, 0.2}, outputs);
}

std::shared_ptr<Network> MakeEfficientNetB2(int64_t outputs) {
  return Make({1.1, 1.2, 0.3}, outputs);
}

std::shared_ptr<Network> MakeEfficientNetB3(int64_t outputs) {
  return Make({1.2, 1.4, 0.3}, outputs);
}

std::shared_ptr<Network> MakeEfficientNetB4(int64_t outputs) {
  return Make({1.4, 1.8, 0.4}, outputs);
}

}  // namespace camnode
