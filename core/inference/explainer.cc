#include "core/inference/explainer.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/status_macros.h"
#include "core/base/stopwatch.h"
#include "core/domain/heatmap.h"
#include "core/inference/checkpoint/safetensors.h"
#include "core/inference/device/device.h"
#include "core/inference/input/preprocessor.h"
#include "core/inference/maps/closed_form_cam.h"
#include "core/inference/maps/gradient_maps.h"
#include "core/inference/maps/layer_fusion.h"
#include "core/inference/maps/layer_pass.h"
#include "core/inference/maps/score_cam.h"
#include "core/inference/model_finding.h"
#include "core/inference/networks/network.h"

namespace camnode {
namespace {

namespace v1 = camnode::model::v1;

// One way to look at a film.
struct View {
  bool mirrored = false;
  double factor = 1.0;
};

// The film as it is comes first.
std::vector<View> ViewsOf(const ExplainerOptions& options) {
  std::vector<View> views;
  for (const double factor : {1.0, 0.9, 1.1}) {
    if (factor != 1.0 && !options.scale) continue;
    views.push_back({false, factor});
    if (options.flip) views.push_back({true, factor});
  }
  return views;
}

torch::Tensor Mirrored(const torch::Tensor& x) { return x.flip({x.dim() - 1}); }

absl::StatusOr<std::vector<size_t>> FindLayers(const Network& network,
                                               const std::vector<std::string>& names) {
  std::vector<size_t> layers;
  for (const std::string& name : names) {
    CAMNODE_ASSIGN_OR_RETURN(const size_t layer, FindLayer(network, name));
    if (std::count(layers.begin(), layers.end(), layer) > 0) {
      return absl::InvalidArgumentError(absl::StrCat("layer \"", name, "\" is given twice"));
    }
    layers.push_back(layer);
  }
  if (layers.empty()) layers.push_back(network.steps().size());
  return layers;
}

std::string UnitOf(const ExplainerOptions& options) {
  if (options.layers.size() > 1) return "share";
  return options.method == CamMethod::kScoreCam ? "activation" : "logit";
}

}  // namespace

struct Explainer::State {
  ModelFolder model;
  ExplainerOptions options;
  torch::Device device = torch::kCPU;
  std::shared_ptr<Network> network;
  std::vector<size_t> layers;

  // What one view said: the map [H, W], mirrored back; positive only if it is fused.
  struct Seen {
    torch::Tensor scores;
    torch::Tensor map;
    int64_t output = 0;
  };

  absl::StatusOr<Seen> Look(const torch::Tensor& image, const View& view, int64_t output);
  absl::StatusOr<torch::Tensor> MapOf(const LayerPass& pass, const torch::Tensor& image);
  absl::StatusOr<Explanation> Run(const Radiograph& film);
};

Explainer::Explainer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Explainer::~Explainer() = default;

absl::StatusOr<std::unique_ptr<Explainer>> Explainer::Load(const ModelFolder& model,
                                                           const ExplainerOptions& options) {
  auto state = std::make_unique<State>();
  state->model = model;
  state->options = options;
  try {
    CAMNODE_ASSIGN_OR_RETURN(state->device, OpenDevice(options.device));
    CAMNODE_ASSIGN_OR_RETURN(
        state->network, MakeNetwork(model.manifest.architecture(), model.manifest.labels_size()));
    CAMNODE_ASSIGN_OR_RETURN(state->layers, FindLayers(*state->network, options.layers));
    CAMNODE_ASSIGN_OR_RETURN(const NamedTensors weights, ReadSafetensors(model.weights_path));
    CAMNODE_RETURN_IF_ERROR(Annotate(LoadStateDict(weights, *state->network), model.weights_path));
    for (torch::Tensor& parameter : state->network->parameters()) parameter.requires_grad_(false);
    state->network->to(state->device);
  } catch (const std::exception& error) {
    return LibTorchError(error);
  }
  return std::unique_ptr<Explainer>(new Explainer(std::move(state)));
}

absl::StatusOr<Explanation> Explainer::Explain(const Radiograph& film) {
  try {
    return state_->Run(film);
  } catch (const std::exception& error) {
    return LibTorchError(error);
  }
}

absl::StatusOr<torch::Tensor> Explainer::State::MapOf(const LayerPass& pass,
                                                      const torch::Tensor& image) {
  std::vector<cv::Mat1f> positive;
  torch::Tensor map;
  for (const LayerRecord& layer : pass.layers) {
    map = options.method == CamMethod::kScoreCam
              ? ScoreCam(*network, image, layer.activations, pass.output)
              : GradientMap(options.method, layer.activations, layer.gradients);
    if (pass.layers.size() == 1) return map;
    CAMNODE_ASSIGN_OR_RETURN(const Heatmap heatmap, ToHeatmap(map.relu()));
    positive.push_back(heatmap.values);
  }
  cv::Mat1f fused = FuseLayers(positive);
  return torch::from_blob(fused.data, {fused.rows, fused.cols}, torch::kFloat32).clone();
}

absl::StatusOr<Explainer::State::Seen> Explainer::State::Look(const torch::Tensor& image,
                                                              const View& view, int64_t output) {
  const torch::Tensor seen = (view.mirrored ? Mirrored(image) : image) * view.factor;
  CAMNODE_ASSIGN_OR_RETURN(const LayerPass pass, RunLayers(*network, seen, layers, output));
  CAMNODE_ASSIGN_OR_RETURN(const torch::Tensor map, MapOf(pass, seen));
  return Seen{pass.scores, view.mirrored ? Mirrored(map) : map, pass.output};
}

absl::StatusOr<Explanation> Explainer::State::Run(const Radiograph& film) {
  const Stopwatch stopwatch;
  const v1::ModelManifest& manifest = model.manifest;
  CAMNODE_ASSIGN_OR_RETURN(NetworkInput input, Preprocess(film, manifest.preprocessing()));
  const torch::Tensor image = input.image.to(device);

  const std::vector<View> views = ViewsOf(options);
  int64_t output =
      options.target == CamTarget::kPredicted ? kLargestScore : ReportedOutput(manifest);
  torch::Tensor scores;
  torch::Tensor positive;
  torch::Tensor with_sign;
  for (const View& view : views) {
    CAMNODE_ASSIGN_OR_RETURN(const Seen seen, Look(image, view, output));
    output = seen.output;  // Every view explains what the film as it is says.
    scores = scores.defined() ? scores + seen.scores : seen.scores;
    positive = positive.defined() ? positive + seen.map.relu() : seen.map.relu();
    with_sign = with_sign.defined() ? with_sign + seen.map : seen.map;
  }
  const auto count = static_cast<double>(views.size());
  scores = (scores / count).to(torch::kCPU, torch::kFloat32).contiguous();
  const std::vector<float> logits(scores.data_ptr<float>(),
                                  scores.data_ptr<float>() + scores.numel());
  if (!scores.isfinite().all().item<bool>()) {
    return absl::InternalError("the network's score is not finite");
  }

  Explanation explanation;
  ModelResult& result = explanation.result;
  CAMNODE_ASSIGN_OR_RETURN(result.heatmap, ToHeatmap(positive / count));
  if (layers.size() == 1) {
    CAMNODE_ASSIGN_OR_RETURN(const Heatmap heatmap, ToHeatmap(with_sign / count));
    explanation.signed_map = heatmap.values;
  }
  result.model = manifest.name();
  result.version = manifest.version();
  result.weights_sha256 = manifest.weights_sha256();
  result.finding = MakeFinding(manifest, logits);
  result.placement = input.placement;
  explanation.label = manifest.labels(static_cast<int>(output));
  explanation.unit = UnitOf(options);
  explanation.views = static_cast<int>(views.size());
  result.duration_ms = absl::ToDoubleMilliseconds(stopwatch.Elapsed());
  return explanation;
}

}  // namespace camnode
