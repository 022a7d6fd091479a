#include "core/inference/checkpoint/model_folder_writer.h"

#include <cstdint>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/durable_file.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"
#include "core/inference/checkpoint/safetensors.h"
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

// As stored: see WriteModelFolder.
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

}  // namespace

absl::Status CheckNoModelStandsIn(const std::string& directory) {
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

absl::StatusOr<ModelFolder> WriteModelFolder(const Network& network, v1::ModelManifest manifest,
                                             const std::string& directory) {
  CAMNODE_RETURN_IF_ERROR(CheckNoModelStandsIn(directory));
  CAMNODE_ASSIGN_OR_RETURN(const NamedTensors converted,
                           Convert(network, ClassifierWeightName(manifest.architecture()),
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

}  // namespace camnode
