// A network as the fast path sees it: convolutions with their batch norms folded in,
// and the few other steps that the known architectures are made of.  Plain numbers, no
// LibTorch: networks/*.cc write it down, compiled_network.h makes it run.

#ifndef CAMNODE_CORE_INFERENCE_ENGINE_NETWORK_GRAPH_H_
#define CAMNODE_CORE_INFERENCE_ENGINE_NETWORK_GRAPH_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace camnode {

enum class Activation { kNone, kRelu, kSilu };

// One image's values: `channels` planes of `height` x `width`.
struct ValueShape {
  int64_t channels = 0;
  int64_t height = 0;
  int64_t width = 0;

  int64_t cells() const { return height * width; }
  bool operator==(const ValueShape& other) const {
    return channels == other.channels && height == other.height && width == other.width;
  }
};

// A square convolution followed by an activation.
struct ConvolutionSpec {
  int64_t out_channels = 0;
  int64_t kernel = 1;
  int64_t stride = 1;
  int64_t padding = 0;
  int64_t groups = 1;  // 1, or as many as there are channels (depthwise).
  Activation activation = Activation::kNone;
  std::vector<float> weights;  // [out, in / groups, kernel, kernel]
  std::vector<float> bias;     // [out]
};

// relu(scale * x + shift) by channel: a batch norm before a convolution.
struct ScaleShiftSpec {
  bool relu = true;
  bool halve = false;  // Then the mean of each 2 x 2 cells, as avg_pool2d(2, 2).
  std::vector<float> scale;
  std::vector<float> shift;
};

// x * sigmoid(w2 silu(w1 mean(x) + b1) + b2) by channel.
struct GateSpec {
  std::vector<float> reduce_weights;  // [squeezed, channels]
  std::vector<float> reduce_bias;
  std::vector<float> expand_weights;  // [channels, squeezed]
  std::vector<float> expand_bias;
};

// Global average pooling and one linear layer.
struct LinearHead {
  std::vector<float> weights;  // [outputs, channels]
  std::vector<float> bias;     // [outputs]
  // The map's weights times the share of cells above zero: CamWeights::kMaskedByActivation.
  bool mask_map_weights = false;
};

// Steps in the order in which they run.  Values are numbered by the step that makes
// them; number 0 is the image.  Built by one thread, then immutable.
// REQUIRES of every step: inputs that earlier steps made, numbers as many as the shapes
// ask for.
class NetworkGraph {
 public:
  using Value = int;

  enum class Kind { kImage, kConvolution, kMaxPool, kScaleShift, kGate };

  struct Step {
    Kind kind = Kind::kImage;
    std::vector<Value> inputs;
    // kConvolution: this value is added before the activation.  -1: none.  REQUIRES:
    // nothing reads it later; the result takes its place in memory.
    Value added = -1;
    ValueShape shape;  // Of the result.
    ConvolutionSpec convolution;
    ScaleShiftSpec scale_shift;
    GateSpec gate;
  };

  explicit NetworkGraph(const ValueShape& image);

  Value image() const { return 0; }
  Value Convolution(Value input, ConvolutionSpec spec, Value added = -1);
  // 3 x 3, stride 2, padding 1.
  Value MaxPool(Value input);
  // Of the channels of `parts`, one after the other.
  Value ScaleShift(const std::vector<Value>& parts, ScaleShiftSpec spec);
  // In place: `input` is not to be read again.
  Value Gate(Value input, GateSpec spec);
  void SetHead(Value features, LinearHead head);

  const std::vector<Step>& steps() const { return steps_; }
  const ValueShape& shape(Value value) const { return steps_[static_cast<size_t>(value)].shape; }
  Value features() const { return features_; }
  const LinearHead& head() const { return head_; }
  int64_t outputs() const { return static_cast<int64_t>(head_.bias.size()); }

 private:
  Value Append(Step step);

  std::vector<Step> steps_;
  Value features_ = -1;
  LinearHead head_;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_INFERENCE_ENGINE_NETWORK_GRAPH_H_
