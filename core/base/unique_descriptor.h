// A file descriptor that is closed by whoever holds it last.

#ifndef CAMNODE_CORE_BASE_UNIQUE_DESCRIPTOR_H_
#define CAMNODE_CORE_BASE_UNIQUE_DESCRIPTOR_H_

#include <unistd.h>

#include <utility>

namespace camnode {

// Owns a file descriptor, or none (-1).
class UniqueDescriptor {
 public:
  UniqueDescriptor() = default;
  explicit UniqueDescriptor(int descriptor) : descriptor_(descriptor) {}
  UniqueDescriptor(UniqueDescriptor&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)) {}
  UniqueDescriptor& operator=(UniqueDescriptor&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~UniqueDescriptor() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  int get() const { return descriptor_; }
  // Gives it to the caller to close.
  int Release() { return std::exchange(descriptor_, -1); }
  bool valid() const { return descriptor_ >= 0; }

 private:
  int descriptor_ = -1;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_BASE_UNIQUE_DESCRIPTOR_H_
