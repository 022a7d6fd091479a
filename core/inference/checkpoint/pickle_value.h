// What a PyTorch checkpoint's pickle may hold.

#ifndef CAMNODE_CORE_INFERENCE_CHECKPOINT_PICKLE_VALUE_H_
#define CAMNODE_CORE_INFERENCE_CHECKPOINT_PICKLE_VALUE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/variant.h"

namespace camnode {

// Element type of a storage, by PyTorch's names.
enum class StorageType {
  kFloat,
  kHalf,
  kBFloat16,
  kDouble,
  kLong,
  kInt,
  kShort,
  kChar,
  kByte,
  kBool,
};

size_t StorageElementBytes(StorageType type);

// Bytes that lie beside the pickle.
struct StorageReference {
  StorageType type = StorageType::kFloat;
  std::string key;       // At most 64 characters.
  int64_t elements = 0;  // Not negative.
};

// A strided window on a storage, as the file claims it: check before use.
struct TensorReference {
  StorageReference storage;
  int64_t offset = 0;            // In elements.
  std::vector<int64_t> sizes;    // At most 8.
  std::vector<int64_t> strides;  // In elements; as many.
};

class PickleValue;
struct PickleGlobal;

using PickleList = std::vector<const PickleValue*>;  // Lists, tuples and sets.
using PickleDict = std::vector<std::pair<const PickleValue*, const PickleValue*>>;
struct PickleNone {};
// Read over: a numpy scalar, a counter, a whole number beyond 64 bits.
struct PickleOpaque {};

// Values refer to each other inside one PickleTree, and may do so in circles: walk
// to a fixed depth only.
class PickleValue {
 public:
  using Data =
      absl::variant<PickleNone, PickleOpaque, bool, int64_t, double, std::string, PickleList,
                    PickleDict, StorageReference, TensorReference, const PickleGlobal*>;

  explicit PickleValue(Data data) : data_(std::move(data)) {}

  // nullptr if it is of another type.
  template <typename T>
  const T* As() const {
    return absl::get_if<T>(&data_);
  }
  template <typename T>
  T* As() {
    return absl::get_if<T>(&data_);
  }

  // Of a dictionary: the last value under `key`; nullptr without one.
  const PickleValue* Find(absl::string_view key) const;

 private:
  Data data_;
};

// Owns every value of one pickle.
struct PickleTree {
  std::vector<std::unique_ptr<PickleValue>> values;
  const PickleValue* root = nullptr;
  size_t bytes_read = 0;  // Up to and with the pickle's end; more may follow.
};

}  // namespace camnode

#endif  // CAMNODE_CORE_INFERENCE_CHECKPOINT_PICKLE_VALUE_H_
