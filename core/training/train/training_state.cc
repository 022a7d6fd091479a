#include "core/training/train/training_state.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "core/base/durable_file.h"
#include "core/base/status_macros.h"
#include "core/inference/checkpoint/safetensors.h"

namespace camnode {
namespace {

namespace fs = std::filesystem;

constexpr char kPrefix[] = "checkpoint-";
constexpr char kSuffix[] = ".safetensors";

std::string PathOf(const std::string& folder, int epochs_done) {
  return (fs::path(folder) / absl::StrFormat("%s%06d%s", kPrefix, epochs_done, kSuffix)).string();
}

// Epochs of the checkpoints there.
std::vector<int> EpochsIn(const std::string& folder) {
  std::vector<int> epochs;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    absl::string_view number = name;
    int value = 0;
    if (absl::ConsumePrefix(&number, kPrefix) && absl::ConsumeSuffix(&number, kSuffix) &&
        absl::SimpleAtoi(number, &value) && value > 0) {
      epochs.push_back(value);
    }
  }
  return epochs;
}

void RemoveIfThere(const std::string& path) {
  std::error_code error;
  fs::remove(path, error);
}

}  // namespace

absl::Status WriteCheckpoint(const std::string& folder, int epochs_done,
                             const NamedTensors& tensors) {
  CAMNODE_ASSIGN_OR_RETURN(const std::string bytes, FormatSafetensors(tensors));
  const std::string path = PathOf(folder, epochs_done);
  RemoveIfThere(path);
  RemoveIfThere(absl::StrCat(path, ".part"));
  CAMNODE_RETURN_IF_ERROR(WriteFileDurably(path, bytes));
  for (const int epoch : EpochsIn(folder)) {
    if (epoch < epochs_done) RemoveIfThere(PathOf(folder, epoch));
  }
  return absl::OkStatus();
}

absl::StatusOr<Checkpoint> ReadNewestCheckpoint(const std::string& folder) {
  Checkpoint checkpoint;
  for (const int epoch : EpochsIn(folder)) {
    checkpoint.epochs_done = std::max(checkpoint.epochs_done, epoch);
  }
  if (checkpoint.epochs_done == 0) return checkpoint;
  const std::string path = PathOf(folder, checkpoint.epochs_done);
  absl::StatusOr<NamedTensors> tensors = ReadSafetensors(path);
  if (!tensors.ok()) return Annotate(tensors.status(), path);
  checkpoint.tensors = *std::move(tensors);
  return checkpoint;
}

absl::Status RestoreTensors(const NamedTensors& from, const NamedTensors& into) {
  const torch::NoGradGuard no_grad;
  if (from.size() != into.size()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the checkpoint has ", from.size(), " tensors, this training ", into.size()));
  }
  for (const auto& [name, tensor] : into) {
    const auto found = from.find(name);
    if (found == from.end() || found->second.sizes() != tensor.sizes() ||
        found->second.scalar_type() != tensor.scalar_type()) {
      return absl::FailedPreconditionError(
          absl::StrCat("tensor ", name, " of this training is not in the checkpoint"));
    }
    torch::Tensor(tensor).copy_(found->second);
  }
  return absl::OkStatus();
}

}  // namespace camnode
