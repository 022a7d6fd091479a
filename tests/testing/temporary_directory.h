// A folder for one test.

#ifndef CAMNODE_TESTS_TESTING_TEMPORARY_DIRECTORY_H_
#define CAMNODE_TESTS_TESTING_TEMPORARY_DIRECTORY_H_

#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

namespace camnode {

// Removed with all it holds at the end.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    // In memory where there is such a place: hundreds of syncs cost seconds on a
    // disk, and no test here pulls the plug.
    const std::filesystem::path parent = std::filesystem::exists("/dev/shm")
                                             ? std::filesystem::path("/dev/shm")
                                             : std::filesystem::temp_directory_path();
    path_ = (parent / "camnode-storage-XXXXXX").string();
    EXPECT_NE(::mkdtemp(path_.data()), nullptr);
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::string& path() const { return path_; }
  std::string name() const { return std::filesystem::path(path_).filename().string(); }

 private:
  std::string path_;
};

}  // namespace camnode

#endif  // CAMNODE_TESTS_TESTING_TEMPORARY_DIRECTORY_H_
