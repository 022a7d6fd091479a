#include "core/inference/engine/network_graph.h"

#include <cassert>
#include <utility>

namespace camnode {

NetworkGraph::NetworkGraph(const ValueShape& image) {
  Step step;
  step.shape = image;
  Append(std::move(step));
}

NetworkGraph::Value NetworkGraph::Append(Step step) {
  steps_.push_back(std::move(step));
  return static_cast<Value>(steps_.size()) - 1;
}

NetworkGraph::Value NetworkGraph::Convolution(Value input, ConvolutionSpec spec, Value added) {
  const ValueShape& in = shape(input);
  const auto extent = [&spec](int64_t side) {
    return (side + 2 * spec.padding - spec.kernel) / spec.stride + 1;
  };
  Step step;
  step.kind = Kind::kConvolution;
  step.inputs = {input};
  step.added = added;
  step.shape = {spec.out_channels, extent(in.height), extent(in.width)};
  assert(spec.groups == 1 || spec.groups == in.channels);
  assert(static_cast<int64_t>(spec.weights.size()) ==
         spec.out_channels * (in.channels / spec.groups) * spec.kernel * spec.kernel);
  assert(added < 0 || shape(added) == step.shape);
  step.convolution = std::move(spec);
  return Append(std::move(step));
}

NetworkGraph::Value NetworkGraph::MaxPool(Value input) {
  const ValueShape& in = shape(input);
  Step step;
  step.kind = Kind::kMaxPool;
  step.inputs = {input};
  step.shape = {in.channels, (in.height - 1) / 2 + 1, (in.width - 1) / 2 + 1};
  return Append(std::move(step));
}

NetworkGraph::Value NetworkGraph::ScaleShift(const std::vector<Value>& parts, ScaleShiftSpec spec) {
  Step step;
  step.kind = Kind::kScaleShift;
  step.inputs = parts;
  step.shape = shape(parts.front());
  step.shape.channels = 0;
  for (const Value part : parts) step.shape.channels += shape(part).channels;
  assert(static_cast<int64_t>(spec.scale.size()) == step.shape.channels);
  if (spec.halve) {
    step.shape.height /= 2;
    step.shape.width /= 2;
  }
  step.scale_shift = std::move(spec);
  return Append(std::move(step));
}

NetworkGraph::Value NetworkGraph::Gate(Value input, GateSpec spec) {
  Step step;
  step.kind = Kind::kGate;
  step.inputs = {input};
  step.shape = shape(input);
  step.gate = std::move(spec);
  return Append(std::move(step));
}

void NetworkGraph::SetHead(Value features, LinearHead head) {
  features_ = features;
  head_ = std::move(head);
  assert(static_cast<int64_t>(head_.weights.size()) == outputs() * shape(features).channels);
}

}  // namespace camnode
