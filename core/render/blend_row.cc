#include "core/render/blend_row.h"

#include "core/base/vector_unit.h"

namespace camnode {

BlendRowFunction BestBlendRow() {
  switch (BestVectorUnit()) {
    case VectorUnit::kAvx512:
      return avx512::BlendRow;
    case VectorUnit::kAvx2:
      return avx2::BlendRow;
    case VectorUnit::kBaseline:
      break;
  }
  return baseline::BlendRow;
}

}  // namespace camnode
