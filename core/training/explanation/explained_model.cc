#include "core/training/explanation/explained_model.h"

#include <algorithm>
#include <cstddef>
#include <exception>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/status_macros.h"
#include "core/inference/checkpoint/safetensors.h"
#include "core/inference/device/device.h"
#include "core/inference/device/precision.h"
#include "core/inference/maps/gradient_maps.h"
#include "core/inference/maps/score_cam.h"
#include "core/inference/networks/network.h"
#include "torch/torch.h"

namespace camnode {
namespace {

constexpr int64_t kBatch = 8;

// A part of the network whose weights become random together.
struct Part {
  std::string name;
  std::vector<std::string> tensors;
};

// "features.denseblock4.denselayer1.norm1.weight" -> "denseblock4"
std::string PartOf(absl::string_view tensor) {
  if (absl::StartsWith(tensor, "features.")) tensor.remove_prefix(9);
  return std::string(tensor.substr(0, tensor.find('.')));
}

void JoinLast(std::vector<Part>& parts) {
  Part last = std::move(parts.back());
  parts.pop_back();
  std::vector<std::string>& tensors = parts.back().tensors;
  tensors.insert(tensors.end(), last.tensors.begin(), last.tensors.end());
}

// From the head downwards.  Networks register their modules in the order of the pass.  A
// norm that is a part of its own goes with the part before it.
std::vector<Part> PartsOf(const Network& network) {
  std::vector<Part> parts;
  bool weighs = true;  // Whether the last part has more than norms.
  for (const auto& item : network.named_parameters()) {
    const std::string name = PartOf(item.key());
    if (parts.empty() || parts.back().name != name) {
      if (!weighs) JoinLast(parts);
      parts.push_back({name, {}});
      weighs = false;
    }
    parts.back().tensors.push_back(item.key());
    weighs = weighs || item.value().dim() > 1;
  }
  std::reverse(parts.begin(), parts.end());
  parts.front().name = "head";
  return parts;
}

torch::Tensor ToTensor(const ClassifierInput& input) {
  return torch::from_blob(const_cast<float*>(input.image.data()), {1, 3, input.side, input.side},
                          torch::kFloat32)
      .clone();
}

cv::Mat1f ToMat(const torch::Tensor& map) {
  const torch::Tensor host = map.to(torch::kFloat32).contiguous();
  TORCH_CHECK(host.isfinite().all().item<bool>(), "a class activation map is not finite");
  return cv::Mat1f(static_cast<int>(host.size(0)), static_cast<int>(host.size(1)),
                   host.data_ptr<float>())
      .clone();
}

// Draws of weights leave the process's generator as it was.
class SeededGenerator {
 public:
  explicit SeededGenerator(uint64_t seed)
      : generator_(at::detail::getDefaultCPUGenerator()), before_(generator_.get_state()) {
    generator_.set_current_seed(seed);
  }
  ~SeededGenerator() { generator_.set_state(before_); }
  SeededGenerator(const SeededGenerator&) = delete;
  SeededGenerator& operator=(const SeededGenerator&) = delete;

 private:
  at::Generator generator_;
  torch::Tensor before_;
};

class FolderModel final : public ExplainedModel {
 public:
  explicit FolderModel(ModelFolder folder) : folder_(std::move(folder)) {}

  absl::Status Load() {
    // Changed films are no films: how unlike training's they are is of no interest.
    folder_.outlier_path.clear();
    ClassifierOptions options;
    options.precision = ComputePrecision::kFloat32;
    options.batch = kBatch;
    CAMNODE_ASSIGN_OR_RETURN(classifier_, Classifier::Load(folder_, options));
    try {
      CAMNODE_ASSIGN_OR_RETURN(network_, NewNetwork());
      CAMNODE_ASSIGN_OR_RETURN(const NamedTensors weights, ReadSafetensors(folder_.weights_path));
      CAMNODE_RETURN_IF_ERROR(LoadStateDict(weights, *network_));
    } catch (const std::exception& error) {
      return LibTorchError(error);
    }
    parts_ = PartsOf(*network_);
    return absl::OkStatus();
  }

  absl::StatusOr<ClassifierInput> Prepare(const Radiograph& film) const override {
    return classifier_->Prepare(film);
  }

  absl::StatusOr<std::vector<ModelResult>> Classify(
      const std::vector<ClassifierInput>& inputs) override {
    std::vector<ModelResult> results;
    for (size_t first = 0; first < inputs.size(); first += kBatch) {
      std::vector<const ClassifierInput*> batch;
      for (size_t i = first; i < std::min(first + kBatch, inputs.size()); ++i) {
        batch.push_back(&inputs[i]);
      }
      for (absl::StatusOr<ModelResult>& result : classifier_->ClassifyPrepared(batch)) {
        if (!result.ok()) return result.status();
        results.push_back(*std::move(result));
      }
    }
    return results;
  }

  absl::StatusOr<std::vector<cv::Mat1f>> SignedMaps(
      const ClassifierInput& input, const std::vector<CamMethod>& methods) override {
    try {
      const torch::Tensor image = ToTensor(input);
      torch::Tensor features;
      {
        const torch::NoGradGuard no_grad;
        features = network_->Features(image);
      }
      const torch::Tensor gradients = HeadGradients(*network_, features);
      const torch::NoGradGuard no_grad;
      const torch::Tensor activations = network_->Activations(features);
      std::vector<cv::Mat1f> maps;
      for (const CamMethod method : methods) {
        maps.push_back(ToMat(method == CamMethod::kScoreCam
                                 ? ScoreCam(*network_, image, activations, Output())
                                 : GradientMap(method, activations, gradients)));
      }
      return maps;
    } catch (const std::exception& error) {
      return LibTorchError(error);
    }
  }

  std::vector<std::string> Stages() const override {
    std::vector<std::string> names;
    for (const Part& part : parts_) names.push_back(part.name);
    return names;
  }

  absl::StatusOr<std::vector<cv::Mat1f>> RandomisedMaps(const std::vector<ClassifierInput>& inputs,
                                                        size_t stages, uint64_t seed) override {
    try {
      CAMNODE_ASSIGN_OR_RETURN(const std::shared_ptr<Network> network, Randomised(stages, seed));
      std::vector<torch::Tensor> images;
      for (const ClassifierInput& input : inputs) images.push_back(ToTensor(input));
      torch::Tensor features;
      {
        const torch::NoGradGuard no_grad;
        features =
            network->Features(torch::cat(images).contiguous(torch::MemoryFormat::ChannelsLast));
      }
      std::vector<cv::Mat1f> maps;
      for (int64_t film = 0; film < features.size(0); ++film) {
        const torch::Tensor own = features.narrow(0, film, 1);
        const torch::Tensor gradients = HeadGradients(*network, own);
        const torch::NoGradGuard no_grad;
        maps.push_back(
            ToMat(GradientMap(CamMethod::kGradCam, network->Activations(own.clone()), gradients)));
      }
      return maps;
    } catch (const std::exception& error) {
      return LibTorchError(error);
    }
  }

 private:
  int64_t Output() const { return ReportedOutput(folder_.manifest); }

  absl::StatusOr<std::shared_ptr<Network>> NewNetwork() const {
    CAMNODE_ASSIGN_OR_RETURN(
        std::shared_ptr<Network> network,
        MakeNetwork(folder_.manifest.architecture(), folder_.manifest.labels_size()));
    for (torch::Tensor& parameter : network->parameters()) parameter.requires_grad_(false);
    return network;
  }

  // Of the reported score with respect to `features` [1, C, H, W].
  torch::Tensor HeadGradients(Network& network, const torch::Tensor& features) const {
    const torch::AutoGradMode record(true);
    const torch::Tensor leaf = features.detach().clone().requires_grad_(true);
    const torch::Tensor scores = network.Head(leaf.clone());
    return torch::autograd::grad({scores[0][Output()]}, {leaf})[0];
  }

  absl::StatusOr<std::shared_ptr<Network>> Randomised(size_t stages, uint64_t seed) const {
    CAMNODE_ASSIGN_OR_RETURN(const std::shared_ptr<Network> result, NewNetwork());
    std::shared_ptr<Network> fresh;
    {
      const SeededGenerator generator(seed);
      CAMNODE_ASSIGN_OR_RETURN(fresh, NewNetwork());
    }
    NamedTensors weights = StateDict(*network_);
    const NamedTensors random = StateDict(*fresh);
    std::vector<std::string> replaced;
    for (size_t stage = 0; stage < std::min(stages, parts_.size()); ++stage) {
      for (const std::string& name : parts_[stage].tensors) {
        weights[name] = random.at(name);
        replaced.push_back(name);
      }
    }
    CAMNODE_RETURN_IF_ERROR(LoadStateDict(weights, *result));
    // A norm whose surroundings became random takes the statistics of the films at hand, as
    // a trained one has its own: otherwise activations fade or explode layer by layer.
    for (const auto& item : result->named_modules()) {
      auto* norm = item.value()->as<torch::nn::BatchNorm2dImpl>();
      if (norm == nullptr) continue;
      const std::string weight = absl::StrCat(item.key(), ".weight");
      if (std::count(replaced.begin(), replaced.end(), weight) == 0) continue;
      // Its own copies: those of the trained network are shared.
      norm->running_mean.set_data(norm->running_mean.clone());
      norm->running_var.set_data(norm->running_var.clone());
      norm->num_batches_tracked.set_data(norm->num_batches_tracked.clone());
      norm->train();
    }
    return result;
  }

  ModelFolder folder_;
  std::unique_ptr<Classifier> classifier_;
  std::shared_ptr<Network> network_;
  std::vector<Part> parts_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ExplainedModel>> LoadExplainedModel(const ModelFolder& folder) {
  auto model = std::make_unique<FolderModel>(folder);
  CAMNODE_RETURN_IF_ERROR(model->Load());
  return std::unique_ptr<ExplainedModel>(std::move(model));
}

}  // namespace camnode
