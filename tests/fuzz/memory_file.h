// Gives a fuzzer's bytes a path, without a disk.

#ifndef CAMNODE_TESTS_FUZZ_MEMORY_FILE_H_
#define CAMNODE_TESTS_FUZZ_MEMORY_FILE_H_

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace camnode {

// Path of a file that holds these bytes until the next call.
inline std::string MemoryFile(const uint8_t* data, size_t size) {
  static const int descriptor = memfd_create("camnode_fuzz", MFD_CLOEXEC);
  if (descriptor < 0 || ftruncate(descriptor, 0) != 0) std::abort();
  if (pwrite(descriptor, data, size, 0) != static_cast<ssize_t>(size)) std::abort();
  return "/proc/self/fd/" + std::to_string(descriptor);
}

}  // namespace camnode

#endif  // CAMNODE_TESTS_FUZZ_MEMORY_FILE_H_
