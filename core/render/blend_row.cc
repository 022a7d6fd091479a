#include "core/render/blend_row.h"

#include "core/base/vector_unit.h"

namespace camnode {

BlendRowFunction BestBlendRow() {
  return BestVectorUnit() == VectorUnit::kBaseline ? baseline::BlendRow : avx2::BlendRow;
}

}  // namespace camnode
