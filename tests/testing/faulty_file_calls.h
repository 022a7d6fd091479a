// A disk that a test breaks at the call it wants.

#ifndef CAMNODE_TESTS_TESTING_FAULTY_FILE_CALLS_H_
#define CAMNODE_TESTS_TESTING_FAULTY_FILE_CALLS_H_

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/durable_file.h"

namespace camnode {

// The machine's file system, but one that writes down what it was asked ("open
// NAME", "write", "fsync", "rename FROM TO", "unlink NAME"; last parts of paths)
// and fails when told to.
class FaultyFileCalls final : public FileSystemCalls {
 public:
  // The next call of this kind fails with `error`.
  void FailOnce(const std::string& kind, int error) {
    failing_kind_ = kind;
    error_ = error;
  }
  void set_max_write_bytes(size_t bytes) { max_write_bytes_ = bytes; }
  const std::vector<std::string>& log() const { return log_; }
  void ClearLog() { log_.clear(); }

  int Open(const char* path, int flags, mode_t mode) override {
    return Fails("open", Name(path)) ? -1 : FileSystemCalls::Open(path, flags, mode);
  }
  ssize_t Write(int descriptor, const void* bytes, size_t size) override {
    if (Fails("write", "")) return -1;
    return FileSystemCalls::Write(descriptor, bytes, std::min(size, max_write_bytes_));
  }
  int Fsync(int descriptor) override {
    return Fails("fsync", "") ? -1 : FileSystemCalls::Fsync(descriptor);
  }
  void StartWriting(int descriptor, int64_t offset, int64_t size) override {
    log_.push_back("start-writing " + std::to_string(offset) + " " + std::to_string(size));
    FileSystemCalls::StartWriting(descriptor, offset, size);
  }
  int RenameNoReplace(const char* from, const char* to) override {
    if (Fails("rename", Name(from) + " " + Name(to))) return -1;
    return FileSystemCalls::RenameNoReplace(from, to);
  }
  int Rename(const char* from, const char* to) override {
    if (Fails("rename", Name(from) + " " + Name(to))) return -1;
    return FileSystemCalls::Rename(from, to);
  }
  int Unlink(const char* path) override {
    return Fails("unlink", Name(path)) ? -1 : FileSystemCalls::Unlink(path);
  }

 private:
  static std::string Name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

  bool Fails(const std::string& kind, const std::string& names) {
    log_.push_back(names.empty() ? kind : kind + " " + names);
    if (kind != failing_kind_) return false;
    failing_kind_.clear();
    errno = error_;
    return true;
  }

  std::vector<std::string> log_;
  std::string failing_kind_;
  int error_ = 0;
  size_t max_write_bytes_ = 1 << 30;
};

}  // namespace camnode

#endif  // CAMNODE_TESTS_TESTING_FAULTY_FILE_CALLS_H_
