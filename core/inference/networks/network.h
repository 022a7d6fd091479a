// The networks camnode knows, as native modules with torchvision's parameter names.
//
// A network is cut in two: Features, where nearly all the time goes, and Head,
// which turns them into scores.  The class activation map is made at the cut, in
// the same pass, without hooks.

#ifndef CAMNODE_CORE_INFERENCE_NETWORKS_NETWORK_H_
#define CAMNODE_CORE_INFERENCE_NETWORKS_NETWORK_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "torch/torch.h"

namespace camnode {

class NetworkGraph;

// Parameters and buffers by the name torchvision's state_dict gives them.
using NamedTensors = std::map<std::string, torch::Tensor>;

// A stretch of the trunk, named as PyTorch names the module whose output it gives:
// "layer3.1", "features.denseblock3".
struct NetworkStep {
  std::string name;
  // Leaves its argument as it found it, so that it can be differentiated and run again.
  std::function<torch::Tensor(const torch::Tensor&)> run;
};

// How a head that pools and weighs is told apart by class activation maps; see
// maps/closed_form_cam.h.
enum class CamWeights {
  kPlain,               // ResNet, EfficientNet
  kMaskedByActivation,  // DenseNet
};

// Used by one thread at a time.  Methods throw what LibTorch throws.
class Network : public torch::nn::Module {
 public:
  // Features, cut where a map may be made: each step takes what the one before it
  // gave, the first the image.  See FindLayer for the names a reader may use.
  const std::vector<NetworkStep>& steps() const { return steps_; }

  // Runs every step: [N, 3, S, S] -> [N, C, H, W], S / 32 cells a side, rounded up.
  torch::Tensor Features(const torch::Tensor& image) const;

  // Features -> the maps that class activation maps weigh.  DenseNet's head starts
  // with a ReLU in place, so the PyTorch tools see the features after it; the
  // others leave them as they are.
  virtual torch::Tensor Activations(const torch::Tensor& features) { return features; }

  // Features -> scores [N, K]; may work in place.
  virtual torch::Tensor Head(const torch::Tensor& features) = 0;

  // The linear layer, if Head is nothing but Activations, global average pooling,
  // dropout and that layer: then the map has a closed form (closed_form_cam.h).
  // nullptr otherwise: the map needs a backward pass (gradient_cam.h).
  virtual torch::nn::LinearImpl* pooled_classifier() { return nullptr; }
  virtual CamWeights cam_weights() const { return CamWeights::kPlain; }

  // The same network for the fast path (engine/compiled_network.h): appends its steps
  // to `graph` and sets the head.  False, and nothing appended: it has none, and runs
  // through the modules here.
  virtual bool Describe(NetworkGraph& /*graph*/) const { return false; }

 protected:
  void AddStep(std::string name, std::function<torch::Tensor(const torch::Tensor&)> run) {
    steps_.push_back({std::move(name), std::move(run)});
  }

 private:
  std::vector<NetworkStep> steps_;
};

// The usual head: activations, global average pooling, one linear layer.
class PoolingNetwork : public Network {
 public:
  torch::Tensor Head(const torch::Tensor& features) final {
    return pooled_classifier()->forward(Activations(features).mean({2, 3}));
  }
};

// How many of the network's steps end with the output of PyTorch's module `name`.  A
// container ("layer3", "features") gives what its last child gives.  Modules within
// a step are not known: PyTorch computes on their outputs in place.
// Errors: kInvalidArgument (no such layer: names the known ones).
absl::StatusOr<size_t> FindLayer(const Network& network, absl::string_view name);

// Every name FindLayer takes, in the order of the pass.
std::vector<std::string> LayerNames(const Network& network);

// "densenet121", "efficientnet_b0", ... in alphabetical order.
std::vector<std::string> KnownArchitectures();

// A freshly made network in evaluation mode with `outputs` scores, weights as
// LibTorch's constructors draw them.
// Errors: kFailedPrecondition (unknown architecture: names the known ones).
absl::StatusOr<std::shared_ptr<Network>> MakeNetwork(absl::string_view architecture,
                                                     int64_t outputs);

// Name of the final layer's weights, whose first dimension is the number of
// outputs: "fc.weight".  REQUIRES: a known architecture.
std::string ClassifierWeightName(absl::string_view architecture);

// What torchvision calls state_dict: parameters and buffers, sharing memory with
// the network.
NamedTensors StateDict(const Network& network);

// Replaces the network's parameters and buffers by `weights`, widened to the
// network's types.  Strict: every name must be there, none else, each in its shape.
// Errors: kFailedPrecondition naming every missing, surplus and misshapen tensor.
absl::Status LoadStateDict(const NamedTensors& weights, Network& network);

}  // namespace camnode

#endif  // CAMNODE_CORE_INFERENCE_NETWORKS_NETWORK_H_
