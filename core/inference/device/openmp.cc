#include "core/inference/device/openmp.h"

#include <stdlib.h>
#include <unistd.h>

#include <cstdlib>

namespace camnode {

void LimitSpinning(char** arguments) {
  if (std::getenv(kSpinLimitVariable) != nullptr || std::getenv("OMP_WAIT_POLICY") != nullptr) {
    return;
  }
  if (setenv(kSpinLimitVariable, kSpinLimit, /*overwrite=*/1) != 0) return;
  // Returns only if it fails; then the threads spin as they always did.
  execv("/proc/self/exe", arguments);
}

}  // namespace camnode
