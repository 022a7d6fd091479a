#include "core/inference/checkpoint_import.h"

#include <algorithm>
#include <filesystem>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "core/base/durable_file.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"
#include "core/inference/checkpoint_reader.h"
#include "core/inference/device.h"
#include "core/inference/networks/network.h"
#include "core/inference/safetensors.h"
#include "core/models/model_manifest.h"

namespace camnode {
namespace {

namespace fs = std::filesystem;
namespace v1 = camnode::model::v1;

constexpr char kWeightsFile[] = "weights.safetensors";
constexpr char kManifestFile[] = "manifest.textproto";

// First and depthwise convolutions have few weights, and rounding those moves the
// score most: EfficientNet-B0's by up to 0.0064, with them in float32 by 0.0008.
constexpr int64_t kMaxKeptElements = 10'000;

constexpr char kDataParallelPrefix[] = "module.";

absl::StatusOr<NamedTensors> StripPrefix(NamedTensors tensors, const std::string& prefix) {
  std::vector<std::string> without;
  NamedTensors stripped;
  for (auto& [name, tensor] : tensors) {
    absl::string_view rest = name;
    if (!absl::ConsumePrefix(&rest, prefix)) without.push_back(name);
    stripped.emplace(rest, std::move(tensor));
  }
  if (without.empty()) return stripped;
  return absl::FailedPreconditionError(absl::StrCat(without.size(), " names do not begin with \"",
                                                    prefix, "\": ", absl::StrJoin(without, ", ")));
}

bool LooksDataParallel(const NamedTensors& tensors) {
  return std::all_of(tensors.begin(), tensors.end(), [](const auto& named) {
    return absl::StartsWith(named.first, kDataParallelPrefix);
  });
}

// The checkpoint's tensors under torchvision's names.
absl::StatusOr<NamedTensors> ReadNamed(const std::string& checkpoint, const std::string& prefix) {
  CAMNODE_ASSIGN_OR_RETURN(NamedTensors tensors, ReadCheckpoint(checkpoint));
  if (prefix.empty() && LooksDataParallel(tensors)) {
    return absl::FailedPreconditionError(absl::StrCat(
        checkpoint, ": every name begins with \"", kDataParallelPrefix,
        "\", as DataParallel writes them: import it with --strip-prefix ", kDataParallelPrefix));
  }
  absl::StatusOr<NamedTensors> stripped = StripPrefix(std::move(tensors), prefix);
  if (!stripped.ok()) return Annotate(stripped.status(), checkpoint);
  return stripped;
}

// The network the checkpoint was made for, with its weights in it.
absl::StatusOr<std::shared_ptr<Network>> FitNetwork(const NamedTensors& checkpoint,
                                                    const v1::ModelManifest& draft) {
  // An unknown architecture, or a checkpoint without classifier, is for these two
  // calls to report, with one output.
  const auto classifier = checkpoint.find(ClassifierWeightName(draft.architecture()));
  const bool known = classifier != checkpoint.end() && classifier->second.dim() == 2;
  const int64_t outputs = known ? classifier->second.size(0) : 1;
  CAMNODE_ASSIGN_OR_RETURN(std::shared_ptr<Network> network,
                           MakeNetwork(draft.architecture(), outputs));
  CAMNODE_RETURN_IF_ERROR(LoadStateDict(checkpoint, *network));
  if (outputs != draft.labels_size()) {
    return absl::FailedPreconditionError(absl::StrCat("the network has ", outputs, " outputs but ",
                                                      draft.labels_size(), " labels are given (",
                                                      absl::StrJoin(draft.labels(), ", "), ")"));
  }
  return network;
}

absl::StatusOr<NamedTensors> Convert(const Network& network, const std::string& classifier,
                                     bool half) {
  NamedTensors tensors;
  for (const auto& [name, tensor] : StateDict(network)) {
    const bool halve = half && tensor.is_floating_point() && tensor.dim() > 1 &&
                       tensor.numel() > kMaxKeptElements && name != classifier;
    const torch::Tensor stored = halve ? tensor.to(torch::kFloat16) : tensor;
    if (!stored.isfinite().all().item<bool>()) {
      return absl::FailedPreconditionError(
          absl::StrCat("tensor ", name, " has values that are not finite",
                       halve ? " in float16: import it as float32" : ""));
    }
    tensors[name] = stored;
  }
  return tensors;
}

// The file's bytes, or an error; never over another file.
absl::Status WriteFile(const std::string& path, absl::string_view bytes) {
  CAMNODE_RETURN_IF_ERROR(WriteFileDurably(path, bytes));
  // A model is no secret, and the service may run as another user.
  std::error_code error;
  fs::permissions(path, fs::perms::group_read | fs::perms::others_read, fs::perm_options::add,
                  error);
  return absl::OkStatus();
}

absl::Status CheckNothingStandsIn(const std::string& directory) {
  for (const char* name : {kManifestFile, kWeightsFile}) {
    const std::string path = (fs::path(directory) / name).string();
    std::error_code error;
    if (fs::exists(path, error)) {
      return absl::AlreadyExistsError(
          absl::StrCat(path, " exists: choose another folder, such as the next version's"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<ModelFolder> Import(const std::string& checkpoint, v1::ModelManifest manifest,
                                   const std::string& directory,
                                   const CheckpointImportOptions& options) {
  CAMNODE_RETURN_IF_ERROR(CheckNothingStandsIn(directory));
  CAMNODE_ASSIGN_OR_RETURN(const NamedTensors tensors, ReadNamed(checkpoint, options.strip_prefix));
  absl::StatusOr<std::shared_ptr<Network>> network = FitNetwork(tensors, manifest);
  if (!network.ok()) return Annotate(network.status(), checkpoint);
  CAMNODE_ASSIGN_OR_RETURN(const NamedTensors converted,
                           Convert(**network, ClassifierWeightName(manifest.architecture()),
                                   manifest.weights_precision() == "float16"));
  CAMNODE_ASSIGN_OR_RETURN(const std::string bytes, FormatSafetensors(converted));

  manifest.set_weights_file(kWeightsFile);
  // Other weights have other features.
  manifest.clear_outlier_file();
  manifest.clear_outlier_sha256();
  manifest.set_weights_sha256(Sha256Hex(bytes));
  CAMNODE_RETURN_IF_ERROR(CheckManifest(manifest));
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) {
    return absl::UnavailableError(
        absl::StrCat("cannot make folder ", directory, ": ", error.message()));
  }
  const fs::path folder(directory);
  CAMNODE_RETURN_IF_ERROR(WriteFile((folder / kWeightsFile).string(), bytes));
  CAMNODE_RETURN_IF_ERROR(WriteFile((folder / kManifestFile).string(),
                                    FormatManifest(manifest,
                                                   "What the weights beside this file are; see "
                                                   "proto/camnode/model/v1/manifest.proto.")));
  return LoadModelFolder(directory, WeightsCheck::kVerifyDigest);
}

}  // namespace

absl::StatusOr<ModelFolder> ImportCheckpoint(const std::string& checkpoint,
                                             const v1::ModelManifest& draft,
                                             const std::string& directory,
                                             const CheckpointImportOptions& options) {
  try {
    return Import(checkpoint, draft, directory, options);
  } catch (const std::exception& error) {
    return LibTorchError(error);
  }
}

}  // namespace camnode
