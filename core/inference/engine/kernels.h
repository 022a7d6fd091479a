// The steps of a pass that oneDNN has no one call for.  Values lie cell by cell with
// the channels of a cell side by side ([cells, channels], "nhwc"), in float32 or
// bfloat16; sums are always taken in float32 and in an order that does not depend on
// the number of threads.
//
// Each is compiled for AVX-512, AVX2 and any x86-64; Kernels() picks by what the
// processor has.  All are thread-safe and use the calling thread's OpenMP team of
// `threads`.

#ifndef CAMNODE_CORE_INFERENCE_ENGINE_KERNELS_H_
#define CAMNODE_CORE_INFERENCE_ENGINE_KERNELS_H_

#include <cstdint>

namespace camnode {

// One value in memory: all images' cells one after the other.
struct ValuePart {
  const void* data = nullptr;
  int64_t channels = 0;
};

// As ScaleShiftSpec says.
struct ScaleShiftWork {
  const ValuePart* parts = nullptr;
  int part_count = 0;
  int64_t images = 0;
  int64_t height = 0;  // Of the parts.
  int64_t width = 0;
  const float* scale = nullptr;
  const float* shift = nullptr;
  bool relu = true;
  bool halve = false;
  void* out = nullptr;  // [images * cells, sum of the parts' channels]
  int threads = 1;
};

// 3 x 3, stride 2, padding 1: out is [images, (height + 1) / 2, (width + 1) / 2, channels].
struct MaxPoolWork {
  const void* in = nullptr;
  void* out = nullptr;
  int64_t images = 0;
  int64_t height = 0;  // Of `in`.
  int64_t width = 0;
  int64_t channels = 0;
  int threads = 1;
};

// As GateSpec says.
struct GateWork {
  void* data = nullptr;  // In place.
  int64_t images = 0;
  int64_t cells = 0;
  int64_t channels = 0;
  int64_t squeezed = 0;
  const float* reduce_weights = nullptr;  // [squeezed, channels]
  const float* reduce_bias = nullptr;
  const float* expand_weights = nullptr;  // [squeezed, channels], transposed
  const float* expand_bias = nullptr;
  float* gates = nullptr;  // Room for images * (channels + squeezed) values.
  int threads = 1;
};

// Means, logits and one map, as LinearHead and closed_form_cam.h say.
struct HeadWork {
  const void* features = nullptr;  // [images * cells, channels]
  int64_t images = 0;
  int64_t cells = 0;
  int64_t channels = 0;
  int64_t outputs = 0;
  const float* weights = nullptr;  // [outputs, channels]
  const float* bias = nullptr;
  bool mask_map_weights = false;
  int64_t finding = -1;      // Whose map; -1: none.
  float* scratch = nullptr;  // Room for `channels` values.
  float* pooled = nullptr;   // [images, channels]: means over the cells.
  float* logits = nullptr;   // [images, outputs]
  float* maps = nullptr;     // [images, cells], positive part only.
};

// `planes`: for each image float32 [channels, cells] -> [images, cells, channels].
struct InterleaveWork {
  const float* const* planes = nullptr;
  void* out = nullptr;
  int64_t images = 0;
  int64_t channels = 0;
  int64_t cells = 0;
};

struct KernelSet {
  void (*scale_shift)(const ScaleShiftWork& work);
  void (*max_pool)(const MaxPoolWork& work);
  void (*gate)(const GateWork& work);
  void (*head)(const HeadWork& work);
  void (*interleave)(const InterleaveWork& work);
};

struct Kernels {
  KernelSet float32;
  KernelSet bfloat16;
};

namespace avx512 {
extern const Kernels kKernels;
}
namespace avx2 {
extern const Kernels kKernels;
}
namespace baseline {
extern const Kernels kKernels;
}

// The best this processor can run.
const Kernels& BestKernels();

}  // namespace camnode

#endif  // CAMNODE_CORE_INFERENCE_ENGINE_KERNELS_H_
