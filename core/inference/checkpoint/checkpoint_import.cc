#include "core/inference/checkpoint/checkpoint_import.h"

#include <algorithm>
#include <cstdint>
#include <exception>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "core/base/status_macros.h"
#include "core/inference/checkpoint/checkpoint_reader.h"
#include "core/inference/checkpoint/model_folder_writer.h"
#include "core/inference/device/device.h"
#include "core/inference/networks/network.h"

namespace camnode {
namespace {

namespace v1 = camnode::model::v1;

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

// What every name has before torchvision's, as `classifier` shows: "module." from
// DataParallel, "model." from Lightning, "_orig_mod." from torch.compile.  Empty if
// there is nothing of the kind.
std::string CommonPrefix(const NamedTensors& tensors, const std::string& classifier) {
  for (const auto& named : tensors) {
    absl::string_view prefix = named.first;
    if (!absl::ConsumeSuffix(&prefix, classifier) || !absl::EndsWith(prefix, ".")) continue;
    if (std::all_of(tensors.begin(), tensors.end(), [prefix](const auto& other) {
          return absl::StartsWith(other.first, prefix);
        })) {
      return std::string(prefix);
    }
  }
  const bool data_parallel = std::all_of(tensors.begin(), tensors.end(), [](const auto& named) {
    return absl::StartsWith(named.first, kDataParallelPrefix);
  });
  return data_parallel ? kDataParallelPrefix : "";
}

// A batch norm's variance below 0 makes every score NaN.
absl::Status CheckVariances(const NamedTensors& tensors) {
  for (const auto& [name, tensor] : tensors) {
    if (absl::EndsWith(name, ".running_var") && (tensor < 0).any().item<bool>()) {
      return absl::FailedPreconditionError(absl::StrCat("tensor ", name, " is below 0 somewhere"));
    }
  }
  return absl::OkStatus();
}

// The checkpoint's tensors under torchvision's names.
absl::StatusOr<NamedTensors> ReadNamed(const std::string& checkpoint, const std::string& prefix,
                                       const std::string& classifier) {
  CAMNODE_ASSIGN_OR_RETURN(NamedTensors tensors, ReadCheckpoint(checkpoint));
  const std::string common = CommonPrefix(tensors, classifier);
  if (prefix.empty() && !common.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat(checkpoint, ": every name begins with \"", common, "\"",
                     common == kDataParallelPrefix ? ", as DataParallel writes them" : "",
                     ": import it with --strip-prefix ", common));
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
  CAMNODE_RETURN_IF_ERROR(CheckVariances(checkpoint));
  if (outputs != draft.labels_size()) {
    return absl::FailedPreconditionError(absl::StrCat("the network has ", outputs, " outputs but ",
                                                      draft.labels_size(), " labels are given (",
                                                      absl::StrJoin(draft.labels(), ", "), ")"));
  }
  return network;
}

absl::StatusOr<ModelFolder> Import(const std::string& checkpoint, v1::ModelManifest manifest,
                                   const std::string& directory,
                                   const CheckpointImportOptions& options) {
  CAMNODE_RETURN_IF_ERROR(CheckNoModelStandsIn(directory));
  CAMNODE_ASSIGN_OR_RETURN(
      const NamedTensors tensors,
      ReadNamed(checkpoint, options.strip_prefix, ClassifierWeightName(manifest.architecture())));
  absl::StatusOr<std::shared_ptr<Network>> network = FitNetwork(tensors, manifest);
  if (!network.ok()) return Annotate(network.status(), checkpoint);
  return WriteModelFolder(**network, std::move(manifest), directory);
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
