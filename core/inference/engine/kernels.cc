#include "core/inference/engine/kernels.h"

#include "core/base/vector_unit.h"

namespace camnode {

const Kernels& BestKernels() {
  switch (BestVectorUnit()) {
    case VectorUnit::kAvx512:
      return avx512::kKernels;
    case VectorUnit::kAvx2:
      return avx2::kKernels;
    case VectorUnit::kBaseline:
      break;
  }
  return baseline::kKernels;
}

}  // namespace camnode
