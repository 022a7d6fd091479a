#include "core/inference/networks/network.h"

#include <cstddef>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/inference/networks/densenet.h"
#include "core/inference/networks/efficientnet.h"
#include "core/inference/networks/resnet.h"

namespace camnode {
namespace {

struct Architecture {
  const char* name;
  const char* classifier_weight;
  std::shared_ptr<Network> (*make)(int64_t outputs);
};

// One line per architecture, in alphabetical order.
constexpr Architecture kArchitectures[] = {
    {"densenet121", "classifier.weight", MakeDenseNet121},
    {"densenet169", "classifier.weight", MakeDenseNet169},
    {"efficientnet_b0", "classifier.1.weight", MakeEfficientNetB0},
    {"efficientnet_b1", "classifier.1.weight", MakeEfficientNetB1},
    {"efficientnet_b2", "classifier.1.weight", MakeEfficientNetB2},
    {"efficientnet_b3", "classifier.1.weight", MakeEfficientNetB3},
    {"efficientnet_b4", "classifier.1.weight", MakeEfficientNetB4},
    {"resnet18", "fc.weight", MakeResNet18},
    {"resnet34", "fc.weight", MakeResNet34},
    {"resnet50", "fc.weight", MakeResNet50},
};

const Architecture* Find(absl::string_view name) {
  for (const Architecture& architecture : kArchitectures) {
    if (name == architecture.name) return &architecture;
  }
  return nullptr;
}

std::string ShapeText(const torch::Tensor& tensor) {
  return absl::StrCat("[", absl::StrJoin(tensor.sizes(), ", "), "]");
}

// The lists an error carries, each in alphabetical order.
struct Differences {
  std::vector<std::string> missing;
  std::vector<std::string> surplus;
  std::vector<std::string> misshapen;

  absl::Status ToStatus() const {
    std::vector<std::string> parts;
    const auto add = [&parts](absl::string_view what, const std::vector<std::string>& names) {
      if (names.empty()) return;
      parts.push_back(absl::StrCat(names.size(), " ", what, ": ", absl::StrJoin(names, ", ")));
    };
    add("missing", missing);
    add("surplus", surplus);
    add("of another shape or type", misshapen);
    if (parts.empty()) return absl::OkStatus();
    return absl::FailedPreconditionError(
        absl::StrCat("weights do not fit the network: ", absl::StrJoin(parts, "; ")));
  }
};

Differences Compare(const NamedTensors& weights, const NamedTensors& wanted) {
  Differences differences;
  for (const auto& [name, tensor] : wanted) {
    const auto found = weights.find(name);
    if (found == weights.end()) {
      differences.missing.push_back(name);
    } else if (found->second.sizes() != tensor.sizes() ||
               found->second.is_floating_point() != tensor.is_floating_point()) {
      differences.misshapen.push_back(
          absl::StrCat(name, " ", ShapeText(found->second), " instead of ", ShapeText(tensor)));
    }
  }
  for (const auto& [name, tensor] : weights) {
    if (wanted.count(name) == 0) differences.surplus.push_back(name);
  }
  return differences;
}

// Whether `step` is the module `name` or lies within it.
bool Within(absl::string_view step, absl::string_view name) {
  return absl::StartsWith(step, name) && (step.size() == name.size() || step[name.size()] == '.');
}

}  // namespace

torch::Tensor Network::Features(const torch::Tensor& image) const {
  torch::Tensor x = image;
  for (const NetworkStep& step : steps_) x = step.run(x);
  return x;
}

absl::StatusOr<size_t> FindLayer(const Network& network, absl::string_view name) {
  const std::vector<NetworkStep>& steps = network.steps();
  for (size_t count = steps.size(); count > 0 && !name.empty(); --count) {
    if (Within(steps[count - 1].name, name)) return count;
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "unknown layer \"", name, "\"; known: ", absl::StrJoin(LayerNames(network), ", ")));
}

std::vector<std::string> LayerNames(const Network& network) {
  const std::vector<NetworkStep>& steps = network.steps();
  std::vector<std::string> names;
  for (size_t i = 0; i < steps.size(); ++i) {
    // The step, then each container it is the last child of.
    absl::string_view name = steps[i].name;
    names.emplace_back(name);
    for (size_t dot = name.rfind('.'); dot != absl::string_view::npos; dot = name.rfind('.')) {
      name = name.substr(0, dot);
      if (i + 1 < steps.size() && Within(steps[i + 1].name, name)) break;
      names.emplace_back(name);
    }
  }
  return names;
}

std::vector<std::string> KnownArchitectures() {
  std::vector<std::string> names;
  for (const Architecture& architecture : kArchitectures) names.push_back(architecture.name);
  return names;
}

absl::StatusOr<std::shared_ptr<Network>> MakeNetwork(absl::string_view architecture,
                                                     int64_t outputs) {
  const Architecture* known = Find(architecture);
  if (known == nullptr) {
    return absl::FailedPreconditionError(
        absl::StrCat("unknown architecture \"", architecture,
                     "\"; known: ", absl::StrJoin(KnownArchitectures(), ", ")));
  }
  std::shared_ptr<Network> network = known->make(outputs);
  network->eval();
  return network;
}

std::string ClassifierWeightName(absl::string_view architecture) {
  const Architecture* known = Find(architecture);
  return known == nullptr ? "" : known->classifier_weight;
}

NamedTensors StateDict(const Network& network) {
  NamedTensors tensors;
  for (const auto& item : network.named_parameters()) tensors[item.key()] = item.value();
  for (const auto& item : network.named_buffers()) tensors[item.key()] = item.value();
  return tensors;
}

absl::Status LoadStateDict(const NamedTensors& weights, Network& network) {
  NamedTensors own = StateDict(network);
  if (absl::Status status = Compare(weights, own).ToStatus(); !status.ok()) return status;
  const torch::NoGradGuard no_grad;
  for (auto& [name, tensor] : own) {
    tensor.set_data(weights.at(name).to(tensor.device(), tensor.scalar_type()).contiguous());
  }
  return absl::OkStatus();
}

}  // namespace camnode
