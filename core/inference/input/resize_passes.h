// The inner loops of antialiased_resize.h, in whole numbers: compiled for AVX-512, AVX2
// and any x86-64, all of which give the same pixels.

#ifndef CAMNODE_CORE_INFERENCE_INPUT_RESIZE_PASSES_H_
#define CAMNODE_CORE_INFERENCE_INPUT_RESIZE_PASSES_H_

#include <cstdint>

namespace camnode {

// Weights are read this many at a time.
inline constexpr int kTapsAtOnce = 32;

// One row: out[x] = sum of weights[x][k] * in[firsts[x] + k], rounded and cut to 8 bits.
struct ColumnPass {
  const uint8_t* in = nullptr;
  int in_columns = 0;
  const int16_t* weights = nullptr;  // [out_columns, taps], as 1 << shift parts of one
  const int* firsts = nullptr;       // [out_columns]
  int taps = 0;                      // A multiple of kTapsAtOnce.
  int shift = 0;
  int out_columns = 0;
  int16_t* room = nullptr;  // For in_columns + taps values.
  uint8_t* out = nullptr;
};

// One row of the result out of several of the other pass.
struct RowPass {
  const uint8_t* in = nullptr;  // [taps, columns]
  int columns = 0;
  const int16_t* weights = nullptr;  // [taps]
  int taps = 0;
  int shift = 0;
  uint8_t* out = nullptr;
};

struct ResizePasses {
  void (*columns)(const ColumnPass& pass);
  void (*rows)(const RowPass& pass);
};

namespace avx512 {
extern const ResizePasses kResizePasses;
}
namespace avx2 {
extern const ResizePasses kResizePasses;
}
namespace baseline {
extern const ResizePasses kResizePasses;
}

}  // namespace camnode

#endif  // CAMNODE_CORE_INFERENCE_INPUT_RESIZE_PASSES_H_
