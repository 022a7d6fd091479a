// Runs a test's steps in a process of their own: rights that are given up never come back.

#ifndef CAMNODE_TESTS_SERVICES_PRIVILEGES_IN_CHILD_H_
#define CAMNODE_TESTS_SERVICES_PRIVILEGES_IN_CHILD_H_

#include <string>

#include "absl/functional/function_ref.h"

namespace camnode {

// How the child ended: what `steps` returned, and the signal that ended it instead, or 0.
struct ChildEnd {
  std::string said;
  int signal = 0;
};

// Forks; `steps` runs in the child, whose only thread it is.
ChildEnd InChild(absl::FunctionRef<std::string()> steps);

// "done", or the name of the error in errno ("EPERM"): of a call that returned `result`.
std::string Outcome(long result);

}  // namespace camnode

#endif  // CAMNODE_TESTS_SERVICES_PRIVILEGES_IN_CHILD_H_
