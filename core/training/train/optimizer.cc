#include "core/training/train/optimizer.h"

#include <cmath>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"

namespace camnode {
namespace {

namespace v1 = camnode::training::v1;

constexpr double kFirstDecay = 0.9;
constexpr double kSecondDecay = 0.999;
constexpr double kEpsilon = 1e-8;

}  // namespace

TrainingOptimizer::TrainingOptimizer(const v1::Recipe& recipe, const Network& network)
    : kind_(recipe.optimizer()),
      momentum_(recipe.momentum()),
      max_gradient_norm_(recipe.max_gradient_norm()) {
  Group decaying;
  decaying.weight_decay = recipe.weight_decay();
  Group plain;
  for (const auto& item : network.named_parameters()) {
    Group& group = item.value().dim() > 1 ? decaying : plain;
    group.names.push_back(item.key());
    group.parameters.push_back(item.value());
    group.first.push_back(torch::zeros_like(item.value()));
    if (kind_ != v1::OPTIMIZER_SGD) group.second.push_back(torch::zeros_like(item.value()));
    group.steps.push_back(torch::zeros({}, item.value().options().dtype(torch::kFloat32)));
  }
  groups_ = {std::move(decaying), std::move(plain)};
}

std::vector<torch::Tensor> TrainingOptimizer::TakeGradients(Group& group) const {
  std::vector<torch::Tensor> gradients;
  for (torch::Tensor& parameter : group.parameters) {
    gradients.push_back(parameter.grad().defined() ? parameter.grad()
                                                   : torch::zeros_like(parameter));
    parameter.mutable_grad().reset();
  }
  return gradients;
}

void TrainingOptimizer::Apply(Group& group, const std::vector<torch::Tensor>& gradients,
                              double learning_rate) {
  if (kind_ == v1::OPTIMIZER_SGD) {
    // Without momentum it takes no list of velocities.
    const at::TensorList velocities =
        momentum_ > 0.0 ? at::TensorList(group.first) : at::TensorList();
    at::_fused_sgd_(group.parameters, gradients, velocities, group.weight_decay, momentum_,
                    learning_rate, /*dampening=*/0.0, /*nesterov=*/false, /*maximize=*/false,
                    /*is_first_step=*/false);
    return;
  }
  const auto update = [&](const auto& operation) {
    operation(group.parameters, gradients, group.first, group.second, at::TensorList(), group.steps,
              learning_rate, kFirstDecay, kSecondDecay, group.weight_decay, kEpsilon,
              /*amsgrad=*/false, /*maximize=*/false);
  };
  for (torch::Tensor& steps : group.steps) steps.add_(1.0f);
  if (kind_ == v1::OPTIMIZER_ADAMW) {
    update([](auto&&... arguments) { at::_fused_adamw_(arguments...); });
  } else {
    update([](auto&&... arguments) { at::_fused_adam_(arguments...); });
  }
}

// Clipped as clip_grad_norm_ does: all gradients by max / (norm + 1e-6) where the norm
// over all parameters is above max.
void TrainingOptimizer::Step(double learning_rate) {
  const torch::NoGradGuard no_grad;
  std::vector<std::vector<torch::Tensor>> gradients;
  for (Group& group : groups_) gradients.push_back(TakeGradients(group));
  if (max_gradient_norm_ > 0.0) {
    torch::Tensor squares = torch::zeros({});
    for (const auto& part : gradients) {
      for (const torch::Tensor& gradient : part) squares = squares + gradient.square().sum().cpu();
    }
    const double norm = std::sqrt(squares.item<double>());
    if (norm > max_gradient_norm_) {
      for (auto& part : gradients) {
        for (torch::Tensor& gradient : part) gradient.mul_(max_gradient_norm_ / (norm + 1e-6));
      }
    }
  }
  for (size_t i = 0; i < groups_.size(); ++i) Apply(groups_[i], gradients[i], learning_rate);
}

NamedTensors TrainingOptimizer::State() const {
  NamedTensors state;
  for (const Group& group : groups_) {
    for (size_t i = 0; i < group.names.size(); ++i) {
      state[absl::StrCat("first.", group.names[i])] = group.first[i];
      if (!group.second.empty()) state[absl::StrCat("second.", group.names[i])] = group.second[i];
      state[absl::StrCat("steps.", group.names[i])] = group.steps[i];
    }
  }
  return state;
}

}  // namespace camnode
