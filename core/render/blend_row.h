// One row of a film under one row of a map: the inner loop of heatmap_blender.
//
// Compiled for AVX2 and any x86-64, in whole numbers where rounding decides: both give the
// same pixels.  The formula is in heatmap_blender.h.

#ifndef CAMNODE_CORE_RENDER_BLEND_ROW_H_
#define CAMNODE_CORE_RENDER_BLEND_ROW_H_

#include <cstdint>

namespace camnode {

struct BlendRowWork {
  const uint8_t* film = nullptr;
  int pixels = 0;
  // The map, 0 to 1 at each pixel: the rows of cells above and below this row.
  const float* above = nullptr;
  const float* below = nullptr;
  float share_of_below = 0.0f;
  float alpha = 0.0f;                 // 0 to 1.
  const uint32_t* colours = nullptr;  // Of 256 strengths: red + 256 * green + 65536 * blue.
  uint8_t* out = nullptr;             // [pixels, 3], red first
};

using BlendRowFunction = void (*)(const BlendRowWork& work);

namespace avx2 {
void BlendRow(const BlendRowWork& work);
}
namespace baseline {
void BlendRow(const BlendRowWork& work);
}

// The best this processor can run; thread-safe, as what it gives.
BlendRowFunction BestBlendRow();

}  // namespace camnode

#endif  // CAMNODE_CORE_RENDER_BLEND_ROW_H_
