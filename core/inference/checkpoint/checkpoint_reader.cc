#include "core/inference/checkpoint/checkpoint_reader.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <exception>
#include <map>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "absl/base/internal/endian.h"
#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/files.h"
#include "core/base/status_macros.h"
#include "core/inference/checkpoint/checkpoint_storages.h"
#include "core/inference/checkpoint/pickle_value.h"
#include "core/inference/checkpoint/safetensors.h"
#include "core/inference/device/device.h"

namespace camnode {
namespace {

constexpr int64_t kMaxFileBytes = int64_t{4} << 30;

absl::Status NoStateDict(absl::string_view what) {
  return absl::FailedPreconditionError(absl::StrCat("no state dict: ", what));
}

// The dictionary of tensors: under one of the two usual keys, or the root itself.
absl::StatusOr<const PickleDict*> FindStateDict(const PickleValue& root) {
  for (const char* key : {"state_dict", "model_state_dict"}) {
    const PickleValue* value = root.Find(key);
    if (value != nullptr && value->As<PickleDict>() != nullptr) return value->As<PickleDict>();
  }
  const auto* dict = root.As<PickleDict>();
  if (dict == nullptr || dict->empty()) {
    return NoStateDict("the file holds no dictionary of tensors");
  }
  return dict;
}

// Name and description of each tensor; what is no tensor is named in the error.
absl::StatusOr<std::map<std::string, const TensorReference*>> ListTensors(const PickleDict& dict) {
  std::map<std::string, const TensorReference*> tensors;
  std::vector<std::string> others;
  for (const auto& [key, value] : dict) {
    const auto* text = key->As<std::string>();
    if (text == nullptr) return NoStateDict("a key that is no text");
    // Names end up in errors, and those on terminals.
    const std::string name = absl::Utf8SafeCHexEscape(*text);
    const auto* tensor = value->As<TensorReference>();
    if (tensor == nullptr) {
      others.push_back(name);
    } else {
      tensors[name] = tensor;
    }
  }
  if (!others.empty()) {
    others.resize(std::min<size_t>(others.size(), 20));
    return NoStateDict(
        absl::StrCat("neither the whole file nor its state_dict or "
                     "model_state_dict is one; these are no tensors: ",
                     absl::StrJoin(others, ", ")));
  }
  return tensors;
}

absl::StatusOr<torch::ScalarType> SupportedType(StorageType type) {
  switch (type) {
    case StorageType::kFloat:
      return torch::kFloat32;
    case StorageType::kHalf:
      return torch::kFloat16;
    case StorageType::kBFloat16:
      return torch::kBFloat16;
    case StorageType::kLong:
      return torch::kInt64;
    default:
      return absl::FailedPreconditionError("is not of float32, float16, bfloat16 or int64");
  }
}

// Number of elements; the window must lie within the storage.  It may show an element
// many times, as an expanded tensor does: the budget of bytes bounds that.
absl::StatusOr<int64_t> CheckWindow(const TensorReference& tensor) {
  int64_t count = 1;   // Unless empty.
  bool empty = false;  // LibTorch multiplies the sides of an empty tensor too.
  int64_t last = tensor.offset;
  for (size_t d = 0; d < tensor.sizes.size(); ++d) {
    const int64_t side = std::max<int64_t>(tensor.sizes[d], 1);
    empty |= tensor.sizes[d] == 0;
    int64_t reach = 0;
    if (__builtin_mul_overflow(count, side, &count) ||
        __builtin_mul_overflow(side - 1, tensor.strides[d], &reach) ||
        __builtin_add_overflow(last, reach, &last)) {
      return absl::DataLossError("is too large");
    }
  }
  if (empty) return 0;
  if (last >= tensor.storage.elements) return absl::DataLossError("reaches beyond its storage");
  return count;
}

// Makes tensors, each storage read once.
class TensorMaker {
 public:
  TensorMaker(CheckpointStorages& storages, uint64_t budget_bytes)
      : storages_(storages), budget_bytes_(budget_bytes) {}

  absl::StatusOr<torch::Tensor> Make(const TensorReference& reference) {
    CAMNODE_ASSIGN_OR_RETURN(const torch::ScalarType type, SupportedType(reference.storage.type));
    CAMNODE_ASSIGN_OR_RETURN(const int64_t count, CheckWindow(reference));
    const uint64_t element_bytes = c10::elementSize(type);
    if (static_cast<uint64_t>(count) > budget_bytes_ / element_bytes) {
      return absl::DataLossError("and those before it need twice the bytes of the file");
    }
    budget_bytes_ -= static_cast<uint64_t>(count) * element_bytes;
    if (count == 0) return torch::empty(reference.sizes, type);
    CAMNODE_ASSIGN_OR_RETURN(const torch::Tensor storage, Storage(reference.storage, type));
    return storage.as_strided(reference.sizes, reference.strides, reference.offset)
        .clone(torch::MemoryFormat::Contiguous);
  }

 private:
  absl::StatusOr<torch::Tensor> Storage(const StorageReference& reference, torch::ScalarType type) {
    const auto known = made_.find(reference.key);
    if (known != made_.end()) {
      if (known->second.scalar_type() != type || known->second.numel() != reference.elements) {
        return absl::DataLossError("contradicts another tensor about their storage");
      }
      return known->second;
    }
    CAMNODE_ASSIGN_OR_RETURN(const absl::string_view bytes, storages_.Open(reference));
    torch::Tensor storage = torch::empty({reference.elements}, type);
    std::memcpy(storage.data_ptr(), bytes.data(), bytes.size());
    made_.emplace(reference.key, storage);
    return storage;
  }

  CheckpointStorages& storages_;
  uint64_t budget_bytes_;
  std::map<std::string, torch::Tensor> made_;
};

absl::StatusOr<NamedTensors> Parse(absl::string_view bytes) {
  if (LooksLikeSafetensors(bytes)) return ParseSafetensors(bytes);
  CAMNODE_ASSIGN_OR_RETURN(const OpenedCheckpoint checkpoint, OpenCheckpoint(bytes));
  CAMNODE_ASSIGN_OR_RETURN(const PickleDict* dict, FindStateDict(*checkpoint.pickle.root));
  CAMNODE_ASSIGN_OR_RETURN(const auto references, ListTensors(*dict));
  TensorMaker maker(*checkpoint.storages, 2 * uint64_t{bytes.size()});
  NamedTensors tensors;
  for (const auto& [name, reference] : references) {
    absl::StatusOr<torch::Tensor> tensor = maker.Make(*reference);
    if (!tensor.ok()) {
      return absl::Status(tensor.status().code(),
                          absl::StrCat("tensor ", name, " ", tensor.status().message()));
    }
    tensors.emplace(name, *std::move(tensor));
  }
  return tensors;
}

}  // namespace

absl::StatusOr<NamedTensors> ParseCheckpoint(absl::string_view bytes) {
  try {
    return Parse(bytes);
  } catch (const c10::Error& error) {
    // The zip reader throws on damaged archives.
    return absl::DataLossError(
        absl::StrCat("damaged checkpoint: ", error.what_without_backtrace()));
  } catch (const std::logic_error&) {
    // So it does at a version that is no number.
    return absl::DataLossError("damaged checkpoint: the archive's version is no number");
  } catch (const std::exception& error) {
    return LibTorchError(error);
  }
}

absl::StatusOr<NamedTensors> ReadCheckpoint(const std::string& path) {
  CAMNODE_ASSIGN_OR_RETURN(const std::string bytes,
                           ReadFile(path, kMaxFileBytes, absl::StatusCode::kDataLoss));
  absl::StatusOr<NamedTensors> tensors = ParseCheckpoint(bytes);
  if (!tensors.ok()) return Annotate(tensors.status(), path);
  return tensors;
}

}  // namespace camnode
