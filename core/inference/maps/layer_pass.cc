#include "core/inference/maps/layer_pass.h"

#include <algorithm>
#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace camnode {
namespace {

// outputs[n]: what the first n steps gave, for the counts in `layers`; the rest empty.
std::vector<torch::Tensor> RunTrunk(Network& network, const torch::Tensor& image,
                                    const std::vector<size_t>& layers) {
  const std::vector<NetworkStep>& steps = network.steps();
  const size_t earliest = *std::min_element(layers.begin(), layers.end());
  std::vector<torch::Tensor> outputs(steps.size() + 1);
  torch::Tensor x = image;
  for (size_t i = 0; i < steps.size(); ++i) {
    {
      const torch::AutoGradMode record(i >= earliest);
      x = steps[i].run(x);
    }
    if (i + 1 == earliest) x = x.detach().requires_grad_(true);
    if (i + 1 == steps.size() || std::count(layers.begin(), layers.end(), i + 1) > 0) {
      outputs[i + 1] = x;
    }
  }
  return outputs;
}

// d(score) / d(layer) of each.
absl::StatusOr<std::vector<torch::Tensor>> Differentiate(const torch::Tensor& score,
                                                         const std::vector<torch::Tensor>& layers) {
  if (!score.requires_grad()) {
    return absl::FailedPreconditionError("the score does not depend on the layer");
  }
  std::vector<torch::Tensor> gradients =
      torch::autograd::grad({score}, layers, /*grad_outputs=*/{}, /*retain_graph=*/false,
                            /*create_graph=*/false, /*allow_unused=*/true);
  for (const torch::Tensor& gradient : gradients) {
    if (!gradient.defined()) {
      return absl::FailedPreconditionError("the score does not depend on the layer");
    }
    if (!gradient.isfinite().all().item<bool>()) {
      return absl::InternalError("a gradient is not finite");
    }
  }
  return gradients;
}

}  // namespace

absl::StatusOr<LayerPass> RunLayers(Network& network, const torch::Tensor& image,
                                    const std::vector<size_t>& layers, int64_t output) {
  const size_t end = network.steps().size();
  if (layers.empty() || *std::max_element(layers.begin(), layers.end()) > end ||
      *std::min_element(layers.begin(), layers.end()) == 0) {
    return absl::InvalidArgumentError("no such layer");
  }
  // Autograd records nothing in an InferenceMode scope and refuses tensors made in one.
  const c10::InferenceMode normal_mode(false);
  const std::vector<torch::Tensor> outputs = RunTrunk(network, image.clone(), layers);

  LayerPass pass;
  torch::Tensor scores;
  {
    const torch::AutoGradMode record(true);
    scores = network.Head(outputs[end].clone());
  }
  if (scores.dim() != 2 || scores.size(0) != 1 || output < kLargestScore ||
      output >= scores.size(1)) {
    return absl::InvalidArgumentError(absl::StrCat("no score number ", output));
  }
  pass.scores = scores.detach();
  pass.output = output == kLargestScore ? pass.scores.argmax(1).item<int64_t>() : output;

  std::vector<torch::Tensor> leaves;
  for (const size_t layer : layers) leaves.push_back(outputs[layer]);
  absl::StatusOr<std::vector<torch::Tensor>> gradients =
      Differentiate(scores[0][pass.output], leaves);
  if (!gradients.ok()) return gradients.status();
  for (size_t i = 0; i < layers.size(); ++i) {
    const torch::Tensor values = leaves[i].detach();
    pass.layers.push_back(
        {layers[i] == end ? network.Activations(values) : values, (*gradients)[i]});
  }
  return pass;
}

}  // namespace camnode
