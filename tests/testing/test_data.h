// The public films that tests use but the project does not carry.

#ifndef CAMNODE_TESTS_TESTING_TEST_DATA_H_
#define CAMNODE_TESTS_TESTING_TEST_DATA_H_

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace camnode {

// Path of `relative` below the test data folder; "" if the folder is absent.
inline std::string TestDataPath(const std::string& relative) {
  const char* root = std::getenv("CAMNODE_TEST_DATA");
  const std::filesystem::path path = std::filesystem::path(root ? root : "../shared/data");
  return std::filesystem::exists(path) ? (path / relative).string() : "";
}

}  // namespace camnode

// First line of a test that needs `relative`: skips out loud where it is absent.
#define CAMNODE_NEEDS_TEST_DATA(relative)                                               \
  do {                                                                                  \
    const std::string camnode_path = ::camnode::TestDataPath(relative);                 \
    if (camnode_path.empty() || !std::filesystem::exists(camnode_path)) {               \
      GTEST_SKIP() << "SKIPPED: test data '" << relative                                \
                   << "' is absent; set CAMNODE_TEST_DATA to the folder that holds it"; \
    }                                                                                   \
  } while (false)

#endif  // CAMNODE_TESTS_TESTING_TEST_DATA_H_
