#include "core/training/train/averaged_network.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"

namespace camnode {
namespace {

void DrawWeights(Network& network, uint64_t seed) {
  const torch::NoGradGuard no_grad;
  torch::manual_seed(seed);
  for (const auto& module : network.modules(/*include_self=*/false)) {
    if (auto* convolution = module->as<torch::nn::Conv2dImpl>()) {
      torch::nn::init::kaiming_normal_(convolution->weight, 0.0, torch::kFanOut, torch::kReLU);
      if (convolution->bias.defined()) convolution->bias.zero_();
    } else if (auto* linear = module->as<torch::nn::LinearImpl>()) {
      const double bound = 1.0 / std::sqrt(static_cast<double>(linear->options.in_features()));
      linear->weight.uniform_(-bound, bound);
      linear->bias.zero_();
    } else if (auto* norm = module->as<torch::nn::BatchNorm2dImpl>()) {
      norm->weight.fill_(1.0);
      norm->bias.zero_();
    }
  }
}

void LayOutChannelsLast(Network& network) {
  for (torch::Tensor& parameter : network.parameters()) {
    if (parameter.dim() == 4) {
      parameter.set_data(parameter.detach().contiguous(torch::MemoryFormat::ChannelsLast));
    }
  }
}

}  // namespace

absl::StatusOr<AveragedNetwork> AveragedNetwork::Make(const std::string& architecture,
                                                      int64_t outputs, uint64_t seed,
                                                      const torch::Device& device) {
  AveragedNetwork both;
  CAMNODE_ASSIGN_OR_RETURN(both.trained_, MakeNetwork(architecture, outputs));
  CAMNODE_ASSIGN_OR_RETURN(both.averaged_, MakeNetwork(architecture, outputs));
  DrawWeights(*both.trained_, seed);
  CAMNODE_RETURN_IF_ERROR(LoadStateDict(StateDict(*both.trained_), *both.averaged_));
  for (const std::shared_ptr<Network>& network : {both.trained_, both.averaged_}) {
    network->to(device);
    LayOutChannelsLast(*network);
  }
  both.trained_->train();
  return both;
}

void AveragedNetwork::Average(double decay, int64_t step) {
  const torch::NoGradGuard no_grad;
  const auto steps = static_cast<double>(step);
  const double share = 1.0 - std::min(decay, (1.0 + steps) / (10.0 + steps));
  std::vector<torch::Tensor> averages;
  std::vector<torch::Tensor> values;
  const NamedTensors trained = StateDict(*trained_);
  for (auto& [name, average] : StateDict(*averaged_)) {
    if (average.is_floating_point()) {
      averages.push_back(average);
      values.push_back(trained.at(name));
    } else {
      torch::Tensor(average).copy_(trained.at(name));
    }
  }
  at::_foreach_lerp_(averages, values, decay > 0.0 ? share : 1.0);
}

NamedTensors AveragedNetwork::State() const {
  NamedTensors state;
  for (const auto& [name, tensor] : StateDict(*trained_)) {
    state[absl::StrCat("trained.", name)] = tensor;
  }
  for (const auto& [name, tensor] : StateDict(*averaged_)) {
    state[absl::StrCat("averaged.", name)] = tensor;
  }
  return state;
}

}  // namespace camnode
