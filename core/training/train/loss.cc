#include "core/training/train/loss.h"

#include <vector>

namespace camnode {
namespace {

namespace v1 = camnode::training::v1;

bool IsSoftmax(const v1::Recipe& recipe) {
  return recipe.manifest().output_activation() == camnode::model::v1::OUTPUT_ACTIVATION_SOFTMAX;
}

// One column a class, also for a sigmoid: [reported, not reported] in log probabilities.
struct LogProbabilities {
  torch::Tensor values;   // [N, columns]
  torch::Tensor targets;  // [N], the column that is true.
};

LogProbabilities LogProbabilitiesOf(const v1::Recipe& recipe, const torch::Tensor& scores,
                                    const torch::Tensor& classes) {
  if (IsSoftmax(recipe)) return {torch::log_softmax(scores, 1), classes};
  return {torch::cat({torch::log_sigmoid(scores), torch::log_sigmoid(-scores)}, 1),
          classes.ne(ReportedClass(recipe)).to(torch::kInt64)};
}

}  // namespace

int64_t OutputCount(const v1::Recipe& recipe) {
  return IsSoftmax(recipe) ? recipe.classes_size() : 1;
}

int ReportedClass(const v1::Recipe& recipe) {
  int index = 0;
  while (index + 1 < recipe.classes_size() &&
         recipe.classes(index).label() != recipe.manifest().reported_label()) {
    ++index;
  }
  return index;
}

// mean over the films of c (1 - p)^gamma (-sum_k t_k log p_k): t = (1 - s) truth + s / K
// under smoothing s, p the true class's probability (focal loss only), c its class weight.
// Divided by the number of films, where PyTorch's `weight` divides by the weights: here a
// batch with more of a heavy class counts more.
torch::Tensor TrainingLoss(const v1::Recipe& recipe, const torch::Tensor& scores,
                           const torch::Tensor& classes) {
  const LogProbabilities log = LogProbabilitiesOf(recipe, scores, classes);
  const int64_t columns = log.values.size(1);
  const double smoothing = recipe.label_smoothing();
  const torch::Tensor truth = torch::one_hot(log.targets, columns).to(torch::kFloat32);
  const torch::Tensor targets =
      truth * (1.0 - smoothing) + smoothing / static_cast<double>(columns);
  torch::Tensor loss = -(targets * log.values).sum(1);
  if (recipe.loss() == v1::LOSS_FOCAL) {
    const torch::Tensor probability = (truth * log.values).sum(1).exp();
    loss = loss * (1.0 - probability).pow(recipe.focal_gamma());
  }
  if (recipe.class_weights_size() > 0) {
    const std::vector<double> weights(recipe.class_weights().begin(), recipe.class_weights().end());
    loss = loss * torch::tensor(weights, scores.options()).index_select(0, classes);
  }
  return loss.mean();
}

// log(p / (1 - p)) of a softmax: z - log(sum over the others e^z).
torch::Tensor ReportedLogits(const v1::Recipe& recipe, const torch::Tensor& scores) {
  if (!IsSoftmax(recipe)) return scores.select(1, 0);
  const int64_t reported = ReportedClass(recipe);
  std::vector<torch::Tensor> others;
  for (int64_t i = 0; i < scores.size(1); ++i) {
    if (i != reported) others.push_back(scores.select(1, i));
  }
  return scores.select(1, reported) - torch::logsumexp(torch::stack(others, 1), 1);
}

double Accuracy(const v1::Recipe& recipe, const torch::Tensor& logits,
                const torch::Tensor& classes) {
  const torch::Tensor right = logits.gt(0).eq(classes.eq(ReportedClass(recipe)));
  return right.to(torch::kFloat32).mean().item<double>();
}

}  // namespace camnode
