// What a file of strangers may be answered with.

#ifndef CAMNODE_TESTS_FUZZ_CHECK_STATUS_H_
#define CAMNODE_TESTS_FUZZ_CHECK_STATUS_H_

#include <cstdlib>
#include <iostream>

#include "absl/status/status.h"

namespace camnode {

// Ends the process on any code but those that say "this film, and not us":
// kDataLoss, kInvalidArgument, kUnimplemented.
inline void CheckBlamesTheFile(const absl::Status& status) {
  if (status.ok() || status.code() == absl::StatusCode::kDataLoss ||
      status.code() == absl::StatusCode::kInvalidArgument ||
      status.code() == absl::StatusCode::kUnimplemented) {
    return;
  }
  std::cerr << "unexpected status: " << status << "\n";
  std::abort();
}

}  // namespace camnode

#endif  // CAMNODE_TESTS_FUZZ_CHECK_STATUS_H_
