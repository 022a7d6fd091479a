#include "core/inference/classifier.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/inference/closed_form_cam.h"
#include "core/inference/device.h"
#include "core/inference/gradient_cam.h"
#include "core/inference/model_finding.h"
#include "core/inference/networks/network.h"
#include "core/inference/outlier_model.h"
#include "core/inference/preprocessor.h"
#include "core/inference/safetensors.h"

namespace camnode {
namespace {

namespace v1 = camnode::model::v1;

// Convolutions run faster with the channels of a pixel side by side.
void UseChannelsLast(Network& network) {
  const torch::NoGradGuard no_grad;
  for (torch::Tensor& parameter : network.parameters()) {
    if (parameter.dim() == 4) {
      parameter.set_data(parameter.contiguous(torch::MemoryFormat::ChannelsLast));
    }
  }
}

}  // namespace

struct Classifier::State {
  ModelFolder model;
  int64_t output = 0;  // Of the reported label.
  torch::Device device = torch::kCPU;
  std::shared_ptr<Network> network;
  absl::optional<OutlierModel> outliers;

  absl::StatusOr<ModelResult> Run(const Radiograph& film);
  absl::StatusOr<Heatmap> Explain(const torch::Tensor& features);
};

Classifier::Classifier(std::unique_ptr<State> state) : state_(std::move(state)) {}
Classifier::~Classifier() = default;

const ModelFolder& Classifier::model() const { return state_->model; }

absl::StatusOr<std::unique_ptr<Classifier>> Classifier::Load(const ModelFolder& model,
                                                             const ClassifierOptions& options) {
  auto state = std::make_unique<State>();
  state->model = model;
  state->output = ReportedOutput(model.manifest);
  try {
    CAMNODE_ASSIGN_OR_RETURN(state->device, OpenDevice(options.device));
    CAMNODE_ASSIGN_OR_RETURN(
        state->network, MakeNetwork(model.manifest.architecture(), model.manifest.labels_size()));
    CAMNODE_ASSIGN_OR_RETURN(const NamedTensors weights, ReadSafetensors(model.weights_path));
    CAMNODE_RETURN_IF_ERROR(Annotate(LoadStateDict(weights, *state->network), model.weights_path));
    for (torch::Tensor& parameter : state->network->parameters()) parameter.requires_grad_(false);
    UseChannelsLast(*state->network);
    if (!model.outlier_path.empty()) {
      CAMNODE_ASSIGN_OR_RETURN(state->outliers, OutlierModel::Read(model.outlier_path));
    }
    state->network->to(state->device);
  } catch (const std::exception& error) {
    return LibTorchError(error);
  }
  return std::unique_ptr<Classifier>(new Classifier(std::move(state)));
}

absl::StatusOr<ModelResult> Classifier::Classify(const Radiograph& film) {
  try {
    return state_->Run(film);
  } catch (const std::exception& error) {
    return LibTorchError(error);
  }
}

absl::StatusOr<std::vector<float>> Classifier::PooledFeatures(const Radiograph& film) {
  try {
    const c10::InferenceMode inference;
    CAMNODE_ASSIGN_OR_RETURN(NetworkInput input,
                             Preprocess(film, state_->model.manifest.preprocessing()));
    const torch::Tensor image =
        input.image.to(state_->device).contiguous(torch::MemoryFormat::ChannelsLast);
    const torch::Tensor activations =
        state_->network->Activations(state_->network->Features(image));
    const torch::Tensor pooled =
        activations.mean({2, 3})[0].to(torch::kCPU, torch::kFloat32).contiguous();
    return std::vector<float>(pooled.data_ptr<float>(), pooled.data_ptr<float>() + pooled.numel());
  } catch (const std::exception& error) {
    return LibTorchError(error);
  }
}

absl::StatusOr<ModelResult> Classifier::State::Run(const Radiograph& film) {
  const auto start = std::chrono::steady_clock::now();
  const c10::InferenceMode inference;
  CAMNODE_ASSIGN_OR_RETURN(NetworkInput input, Preprocess(film, model.manifest.preprocessing()));
  const torch::Tensor image = input.image.to(device).contiguous(torch::MemoryFormat::ChannelsLast);
  const torch::Tensor features = network->Features(image);
  const torch::Tensor scores =
      network->Head(features.clone()).to(torch::kCPU, torch::kFloat32).contiguous();
  const std::vector<float> logits(scores.data_ptr<float>(),
                                  scores.data_ptr<float>() + scores.numel());
  if (!std::all_of(logits.begin(), logits.end(), [](float x) { return std::isfinite(x); })) {
    return absl::InternalError("the network's score is not finite");
  }

  ModelResult result;
  CAMNODE_ASSIGN_OR_RETURN(result.heatmap, Explain(features));
  if (outliers.has_value()) {
    CAMNODE_ASSIGN_OR_RETURN(result.outlier,
                             outliers->Score(network->Activations(features).mean({2, 3})[0]));
  }
  result.model = model.manifest.name();
  result.version = model.manifest.version();
  result.weights_sha256 = model.manifest.weights_sha256();
  result.finding = MakeFinding(model.manifest, logits);
  result.placement = input.placement;
  result.duration_ms =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  return result;
}

absl::StatusOr<Heatmap> Classifier::State::Explain(const torch::Tensor& features) {
  const torch::Tensor activations = network->Activations(features);
  if (torch::nn::LinearImpl* linear = network->pooled_classifier()) {
    return ClosedFormCam(activations, linear->weight, network->cam_weights(), output);
  }
  return GradientCam(
      features, activations, [this](const torch::Tensor& copy) { return network->Head(copy); },
      output);
}

void SetComputeThreads(int threads) {
  const int cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  at::set_num_threads(threads > 0 ? threads : cores);
}

std::string LibTorchVersion() {
  return absl::StrCat(TORCH_VERSION_MAJOR, ".", TORCH_VERSION_MINOR, ".", TORCH_VERSION_PATCH);
}

}  // namespace camnode
