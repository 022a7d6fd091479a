// Memory for values and scratch space, aligned for the widest registers.

#ifndef CAMNODE_CORE_INFERENCE_ENGINE_ALIGNED_BUFFER_H_
#define CAMNODE_CORE_INFERENCE_ENGINE_ALIGNED_BUFFER_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>

namespace camnode {

// Zeros at first.  Move-only.
class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  explicit AlignedBuffer(size_t bytes)
      : bytes_(bytes),
        data_(static_cast<uint8_t*>(::operator new[](bytes + 1, std::align_val_t{kAlignment}))) {
    std::memset(data_.get(), 0, bytes + 1);
  }

  uint8_t* data() const { return data_.get(); }
  size_t size() const { return bytes_; }

 private:
  static constexpr size_t kAlignment = 4096;  // A page: the same for every run.
  struct Free {
    void operator()(uint8_t* data) const {
      ::operator delete[](data, std::align_val_t{kAlignment});
    }
  };
  size_t bytes_ = 0;
  std::unique_ptr<uint8_t[], Free> data_;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_INFERENCE_ENGINE_ALIGNED_BUFFER_H_
