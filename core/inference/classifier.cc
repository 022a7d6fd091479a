#include "core/inference/classifier.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <exception>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/status_macros.h"
#include "core/base/stopwatch.h"
#include "core/domain/heatmap.h"
#include "core/inference/checkpoint/safetensors.h"
#include "core/inference/device/device.h"
#include "core/inference/engine/fast_path.h"
#include "core/inference/input/preprocessor.h"
#include "core/inference/maps/closed_form_cam.h"
#include "core/inference/maps/gradient_cam.h"
#include "core/inference/model_finding.h"
#include "core/inference/networks/network.h"
#include "core/inference/outlier/outlier_model.h"

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

ComputePrecision WantedPrecision(const v1::ModelManifest& manifest) {
  switch (manifest.precision()) {
    case v1::BFLOAT16:
      return ComputePrecision::kBfloat16;
    case v1::FLOAT16:
      return ComputePrecision::kFloat16;
    default:
      return ComputePrecision::kFloat32;
  }
}

torch::ScalarType ScalarType(ComputePrecision precision) {
  switch (precision) {
    case ComputePrecision::kBfloat16:
      return torch::kBFloat16;
    case ComputePrecision::kFloat16:
      return torch::kFloat16;
    case ComputePrecision::kFloat32:
      break;
  }
  return torch::kFloat32;
}

}  // namespace

struct Classifier::State {
  ModelFolder model;
  ClassifierOptions options;
  int64_t output = 0;  // Of the reported label.
  torch::Device device = torch::kCPU;
  ComputePrecision precision = ComputePrecision::kFloat32;
  std::shared_ptr<Network> network;
  absl::optional<OutlierModel> outliers;
  std::unique_ptr<FastPath> fast;  // Null: through the modules.

  absl::Status LoadWeights();
  absl::Status ChoosePath();

  // One result an input, in order.
  absl::StatusOr<std::vector<FilmPass>> Pass(const std::vector<const ClassifierInput*>& inputs);
  absl::StatusOr<std::vector<FilmPass>> PassThroughModules(
      const std::vector<const ClassifierInput*>& inputs);
  absl::StatusOr<Heatmap> Explain(const torch::Tensor& features);
  absl::StatusOr<ModelResult> MakeResult(const FilmPass& pass, const Placement& placement) const;
};

Classifier::Classifier(std::unique_ptr<State> state) : state_(std::move(state)) {}
Classifier::~Classifier() = default;

const ModelFolder& Classifier::model() const { return state_->model; }
ComputePrecision Classifier::precision() const { return state_->precision; }

absl::StatusOr<std::unique_ptr<Classifier>> Classifier::Load(const ModelFolder& model,
                                                             const ClassifierOptions& options) {
  auto state = std::make_unique<State>();
  state->model = model;
  state->options = options;
  state->output = ReportedOutput(model.manifest);
  try {
    CAMNODE_ASSIGN_OR_RETURN(state->device, OpenDevice(options.device));
    CAMNODE_RETURN_IF_ERROR(state->LoadWeights());
    CAMNODE_RETURN_IF_ERROR(state->ChoosePath());
    if (!model.outlier_path.empty()) {
      CAMNODE_ASSIGN_OR_RETURN(state->outliers, OutlierModel::Read(model.outlier_path));
    }
  } catch (const std::exception& error) {
    return LibTorchError(error);
  }
  return std::unique_ptr<Classifier>(new Classifier(std::move(state)));
}

absl::Status Classifier::State::LoadWeights() {
  CAMNODE_ASSIGN_OR_RETURN(
      network, MakeNetwork(model.manifest.architecture(), model.manifest.labels_size()));
  CAMNODE_ASSIGN_OR_RETURN(const NamedTensors weights, ReadSafetensors(model.weights_path));
  CAMNODE_RETURN_IF_ERROR(Annotate(LoadStateDict(weights, *network), model.weights_path));
  for (torch::Tensor& parameter : network->parameters()) parameter.requires_grad_(false);
  UseChannelsLast(*network);
  return absl::OkStatus();
}

absl::Status Classifier::State::ChoosePath() {
  precision = options.precision.value_or(WantedPrecision(model.manifest));
  if (!device.is_cpu()) {
    network->to(device, ScalarType(precision));
    return absl::OkStatus();
  }
  if (!HasFastPrecision(precision)) {
    if (options.precision.has_value()) {
      return absl::FailedPreconditionError(absl::StrCat(PrecisionName(precision),
                                                        " is not what this processor (",
                                                        InstructionSet(), ") computes with"));
    }
    precision = ComputePrecision::kFloat32;
  }
  const int64_t side = model.manifest.preprocessing().input_size();
  NetworkGraph graph({3, side, side});
  if (!options.fast_path || !network->Describe(graph)) {
    network->to(ScalarType(precision));
    return absl::OkStatus();
  }
  CAMNODE_ASSIGN_OR_RETURN(fast, FastPath::Make(graph, precision, at::get_num_threads()));
  return absl::OkStatus();
}

absl::StatusOr<ClassifierInput> Classifier::Prepare(const Radiograph& film) const {
  try {
    const c10::InferenceMode inference;
    CAMNODE_ASSIGN_OR_RETURN(NetworkInput input,
                             Preprocess(film, state_->model.manifest.preprocessing()));
    const torch::Tensor image = input.image.to(torch::kFloat32).contiguous();
    ClassifierInput prepared;
    prepared.image.assign(image.data_ptr<float>(), image.data_ptr<float>() + image.numel());
    prepared.side = image.size(2);
    prepared.placement = input.placement;
    return prepared;
  } catch (const std::exception& error) {
    return LibTorchError(error);
  }
}

bool Classifier::SharesInputWith(const Classifier& other) const {
  // No maps inside, so the wire format of one content is one text.
  return state_->model.manifest.preprocessing().SerializeAsString() ==
         other.state_->model.manifest.preprocessing().SerializeAsString();
}

absl::StatusOr<ModelResult> Classifier::Classify(const Radiograph& film) {
  const Stopwatch stopwatch;
  CAMNODE_ASSIGN_OR_RETURN(const ClassifierInput input, Prepare(film));
  CAMNODE_ASSIGN_OR_RETURN(ModelResult result, std::move(ClassifyPrepared({&input}).front()));
  result.duration_ms = absl::ToDoubleMilliseconds(stopwatch.Elapsed());
  return result;
}

std::vector<absl::StatusOr<ModelResult>> Classifier::ClassifyPrepared(
    const std::vector<const ClassifierInput*>& inputs) {
  const Stopwatch stopwatch;
  std::vector<absl::StatusOr<ModelResult>> results;
  try {
    const c10::InferenceMode inference;
    const absl::StatusOr<std::vector<FilmPass>> passes = state_->Pass(inputs);
    for (size_t i = 0; passes.ok() && i < inputs.size(); ++i) {
      results.push_back(state_->MakeResult((*passes)[i], inputs[i]->placement));
    }
    if (!passes.ok()) results.assign(inputs.size(), passes.status());
  } catch (const std::exception& error) {
    results.assign(inputs.size(), LibTorchError(error));
  }
  const double each =
      absl::ToDoubleMilliseconds(stopwatch.Elapsed()) / static_cast<double>(inputs.size());
  for (absl::StatusOr<ModelResult>& result : results) {
    if (result.ok()) result->duration_ms = each;
  }
  return results;
}

absl::StatusOr<std::vector<float>> Classifier::PooledFeatures(const Radiograph& film) {
  CAMNODE_ASSIGN_OR_RETURN(const ClassifierInput input, Prepare(film));
  try {
    const c10::InferenceMode inference;
    CAMNODE_ASSIGN_OR_RETURN(std::vector<FilmPass> passes, state_->Pass({&input}));
    return std::move(passes.front().pooled);
  } catch (const std::exception& error) {
    return LibTorchError(error);
  }
}

absl::StatusOr<std::vector<FilmPass>> Classifier::State::Pass(
    const std::vector<const ClassifierInput*>& inputs) {
  if (fast == nullptr) return PassThroughModules(inputs);
  std::vector<const float*> images;
  for (const ClassifierInput* input : inputs) images.push_back(input->image.data());
  if (options.batch > 0) return fast->RunInBatchesOf(options.batch, images, output);
  return fast->Run(images, output);
}

absl::StatusOr<std::vector<FilmPass>> Classifier::State::PassThroughModules(
    const std::vector<const ClassifierInput*>& inputs) {
  const int64_t side = inputs.front()->side;
  // Pinned, so that a GPU fetches it by itself.
  torch::Tensor images = torch::empty({static_cast<int64_t>(inputs.size()), 3, side, side},
                                      torch::TensorOptions().pinned_memory(device.is_cuda()));
  for (size_t i = 0; i < inputs.size(); ++i) {
    std::copy(inputs[i]->image.begin(), inputs[i]->image.end(),
              images[static_cast<int64_t>(i)].data_ptr<float>());
  }
  const torch::Tensor features =
      network->Features(images.to(device, ScalarType(precision), /*non_blocking=*/true)
                            .contiguous(torch::MemoryFormat::ChannelsLast));
  const torch::Tensor pooled =
      network->Activations(features).to(torch::kFloat32).mean({2, 3}).to(torch::kCPU).contiguous();
  const torch::Tensor logits =
      network->Head(features.clone()).to(torch::kCPU, torch::kFloat32).contiguous();
  const auto row = [](const torch::Tensor& matrix, int64_t i) {
    const float* begin = matrix.data_ptr<float>() + i * matrix.size(1);
    return std::vector<float>(begin, begin + matrix.size(1));
  };
  std::vector<FilmPass> passes;
  for (int64_t i = 0; i < images.size(0); ++i) {
    CAMNODE_ASSIGN_OR_RETURN(const Heatmap heatmap, Explain(features.slice(0, i, i + 1)));
    passes.push_back({row(logits, i), row(pooled, i),
                      std::vector<float>(heatmap.values.begin(), heatmap.values.end()),
                      heatmap.values.rows, heatmap.values.cols});
  }
  return passes;
}

absl::StatusOr<Heatmap> Classifier::State::Explain(const torch::Tensor& features) {
  const torch::Tensor activations = network->Activations(features);
  if (torch::nn::LinearImpl* linear = network->pooled_classifier()) {
    return ClosedFormCam(activations.to(torch::kFloat32), linear->weight.to(torch::kFloat32),
                         network->cam_weights(), output);
  }
  return GradientCam(
      features, activations, [this](const torch::Tensor& copy) { return network->Head(copy); },
      output);
}

absl::StatusOr<ModelResult> Classifier::State::MakeResult(const FilmPass& pass,
                                                          const Placement& placement) const {
  const auto finite = [](float value) { return std::isfinite(value); };
  if (!std::all_of(pass.logits.begin(), pass.logits.end(), finite)) {
    return absl::InternalError("the network's score is not finite");
  }
  if (!std::all_of(pass.map.begin(), pass.map.end(), finite)) {
    return absl::InternalError("the class activation map is not finite");
  }
  ModelResult result;
  result.heatmap.values =
      cv::Mat1f(static_cast<int>(pass.grid_height), static_cast<int>(pass.grid_width), 0.0f);
  std::copy(pass.map.begin(), pass.map.end(), result.heatmap.values.begin());
  result.heatmap.peak = *std::max_element(pass.map.begin(), pass.map.end());
  if (outliers.has_value()) {
    CAMNODE_ASSIGN_OR_RETURN(result.outlier, outliers->Score(torch::tensor(pass.pooled)));
  }
  result.model = model.manifest.name();
  result.version = model.manifest.version();
  result.weights_sha256 = model.manifest.weights_sha256();
  result.finding = MakeFinding(model.manifest, pass.logits);
  result.placement = placement;
  return result;
}

void SetComputeThreads(int threads) {
  const int cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  at::set_num_threads(threads > 0 ? threads : cores);
}

std::string LibTorchVersion() {
  return absl::StrCat(TORCH_VERSION_MAJOR, ".", TORCH_VERSION_MINOR, ".", TORCH_VERSION_PATCH);
}

}  // namespace camnode
