#include "core/inference/checkpoint/pickle_globals.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"

namespace camnode {
namespace {

constexpr size_t kMaxDimensions = 8;
constexpr size_t kMaxKeyBytes = 64;

using Result = absl::StatusOr<PickleValue::Data>;

absl::Status Damaged(absl::string_view what) { return absl::DataLossError(what); }

// A tuple of whole numbers, few enough to be a tensor's shape.
absl::StatusOr<std::vector<int64_t>> ParseDimensions(const PickleValue* value) {
  const auto* items = value->As<PickleList>();
  if (items == nullptr || items->size() > kMaxDimensions) {
    return Damaged("a tensor without usable shape");
  }
  std::vector<int64_t> numbers;
  for (const PickleValue* item : *items) {
    const auto* number = item->As<int64_t>();
    if (number == nullptr || *number < 0) return Damaged("a tensor without usable shape");
    numbers.push_back(*number);
  }
  return numbers;
}

// OrderedDict(): its items follow as instructions of their own.
Result MakeDict(const PickleList& arguments) {
  if (!arguments.empty()) return Damaged("an OrderedDict made from arguments");
  return PickleDict{};
}

// _rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks[, metadata])
Result RebuildTensor(const PickleList& arguments) {
  if (arguments.size() < 4) return Damaged("a tensor with too few parts");
  const auto* storage = arguments[0]->As<StorageReference>();
  const auto* offset = arguments[1]->As<int64_t>();
  if (storage == nullptr || offset == nullptr || *offset < 0) {
    return Damaged("a tensor without storage");
  }
  TensorReference tensor;
  tensor.storage = *storage;
  tensor.offset = *offset;
  CAMNODE_ASSIGN_OR_RETURN(tensor.sizes, ParseDimensions(arguments[2]));
  CAMNODE_ASSIGN_OR_RETURN(tensor.strides, ParseDimensions(arguments[3]));
  if (tensor.sizes.size() != tensor.strides.size()) {
    return Damaged("a tensor without usable shape");
  }
  return tensor;
}

// _rebuild_parameter(tensor, requires_grad, hooks)
Result RebuildParameter(const PickleList& arguments) {
  const TensorReference* tensor = arguments.empty() ? nullptr : arguments[0]->As<TensorReference>();
  if (tensor == nullptr) return Damaged("a parameter without tensor");
  return *tensor;
}

// Containers and numbers beside the tensors: nothing here needs their values.
Result ReadOver(const PickleList&) { return PickleOpaque{}; }

constexpr StorageType kNoStorage = StorageType::kByte;

constexpr PickleGlobal kAllowedGlobals[] = {
    {"collections", "OrderedDict", MakeDict, kNoStorage},
    {"torch._utils", "_rebuild_tensor_v2", RebuildTensor, kNoStorage},
    {"torch._utils", "_rebuild_parameter", RebuildParameter, kNoStorage},
    {"torch", "FloatStorage", nullptr, StorageType::kFloat},
    {"torch", "HalfStorage", nullptr, StorageType::kHalf},
    {"torch", "BFloat16Storage", nullptr, StorageType::kBFloat16},
    {"torch", "DoubleStorage", nullptr, StorageType::kDouble},
    {"torch", "LongStorage", nullptr, StorageType::kLong},
    {"torch", "IntStorage", nullptr, StorageType::kInt},
    {"torch", "ShortStorage", nullptr, StorageType::kShort},
    {"torch", "CharStorage", nullptr, StorageType::kChar},
    {"torch", "ByteStorage", nullptr, StorageType::kByte},
    {"torch", "BoolStorage", nullptr, StorageType::kBool},
    {"numpy", "dtype", ReadOver, kNoStorage},
    {"numpy.core.multiarray", "scalar", ReadOver, kNoStorage},
    {"numpy._core.multiarray", "scalar", ReadOver, kNoStorage},
    // How Python 3 writes numpy's bytes at protocol 2: encode(text, 'latin1').
    {"_codecs", "encode", ReadOver, kNoStorage},
    // A learning rate schedule counts its milestones.
    {"collections", "Counter", ReadOver, kNoStorage},
    {"torch", "Size", ReadOver, kNoStorage},
    // By Python 2's names at protocol 2, by Python 3's from 3 on.
    {"__builtin__", "set", ReadOver, kNoStorage},
    {"__builtin__", "frozenset", ReadOver, kNoStorage},
    {"__builtin__", "complex", ReadOver, kNoStorage},
    {"__builtin__", "bytearray", ReadOver, kNoStorage},
    {"builtins", "set", ReadOver, kNoStorage},
    {"builtins", "frozenset", ReadOver, kNoStorage},
    {"builtins", "complex", ReadOver, kNoStorage},
    {"builtins", "bytearray", ReadOver, kNoStorage},
};

}  // namespace

absl::StatusOr<const PickleGlobal*> FindPickleGlobal(absl::string_view module,
                                                     absl::string_view name) {
  for (const PickleGlobal& global : kAllowedGlobals) {
    if (module == global.module && name == global.name) return &global;
  }
  return absl::PermissionDeniedError(
      absl::StrCat("refused: the file wants to use ", absl::CHexEscape(module.substr(0, 64)), ".",
                   absl::CHexEscape(name.substr(0, 64)),
                   ", and a checkpoint may hold only tensors, dictionaries, lists, numbers and "
                   "text; save its state_dict alone"));
}

absl::StatusOr<StorageReference> ParseStorageReference(const PickleList& id) {
  if (id.size() < 5 || id.size() > 6) return Damaged("a storage without description");
  const auto* word = id[0]->As<std::string>();
  const auto* type = id[1]->As<const PickleGlobal*>();
  const auto* key = id[2]->As<std::string>();
  const auto* elements = id[4]->As<int64_t>();
  if (word == nullptr || *word != "storage" || type == nullptr || (*type)->call != nullptr ||
      key == nullptr || key->size() > kMaxKeyBytes || elements == nullptr || *elements < 0) {
    return Damaged("a storage without description");
  }
  if (id.size() == 6 && id[5]->As<PickleNone>() == nullptr) {
    return Damaged("a view of a storage, as PyTorch before 0.4 wrote them");
  }
  return StorageReference{(*type)->storage_type, *key, *elements};
}

size_t StorageElementBytes(StorageType type) {
  switch (type) {
    case StorageType::kDouble:
    case StorageType::kLong:
      return 8;
    case StorageType::kFloat:
    case StorageType::kInt:
      return 4;
    case StorageType::kHalf:
    case StorageType::kBFloat16:
    case StorageType::kShort:
      return 2;
    case StorageType::kChar:
    case StorageType::kByte:
    case StorageType::kBool:
      return 1;
  }
  return 1;
}

const PickleValue* PickleValue::Find(absl::string_view key) const {
  const auto* dict = As<PickleDict>();
  if (dict == nullptr) return nullptr;
  for (auto entry = dict->rbegin(); entry != dict->rend(); ++entry) {
    const auto* text = entry->first->As<std::string>();
    if (text != nullptr && *text == key) return entry->second;
  }
  return nullptr;
}

}  // namespace camnode
