// The text of BlendRow, compiled once for each instruction set by blend_row_*.cc, which
// name the namespace.  Includes nothing that defines functions but intrinsics: a function
// of the standard library compiled here for AVX2 could be linked into other files.

#include <immintrin.h>

#include <cstdint>

#include "core/render/blend_row.h"

namespace camnode {
namespace CAMNODE_KERNEL_NAMESPACE {
namespace {

constexpr int kBlock = 64;    // Pixels; each stage below is a loop of vectors.
constexpr int kOneBits = 15;  // Opacity 1 is 1 << kOneBits.
constexpr int kHalf = 1 << (kOneBits - 1);

// The three low bytes of each of kBlock words.
inline void Pack(const int32_t* words, uint8_t* out) {
#ifdef __SSSE3__
  typedef uint8_t Bytes __attribute__((vector_size(16)));
  for (int i = 0; i < kBlock; i += 4) {
    Bytes four;
    __builtin_memcpy(&four, words + i, sizeof four);
    four = __builtin_shufflevector(four, four, 0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 0, 0, 0, 0);
    // Four bytes too many, which the next four pixels overwrite.
    __builtin_memcpy(out + 3 * i, &four, i + 4 < kBlock ? 16 : 12);
  }
#else
  for (int i = 0; i < kBlock; ++i) __builtin_memcpy(out + 3 * i, words + i, 3);
#endif
}

// Of kBlock colours, each in the place of its index.
inline void LookUp(const uint32_t* table, int32_t* places) {
#ifdef __AVX2__
  const int* const words = reinterpret_cast<const int*>(table);
  for (int i = 0; i < kBlock; i += 8) {
    auto* const eight = reinterpret_cast<__m256i*>(places + i);
    const __m256i index = _mm256_loadu_si256(eight);
    _mm256_storeu_si256(eight, _mm256_i32gather_epi32(words, index, sizeof *table));
  }
#else
  for (int i = 0; i < kBlock; ++i) places[i] = static_cast<int32_t>(table[places[i]]);
#endif
}

// Of kBlock pixels: v = above + (below - above) share, then film + alpha v (colour(v) - film),
// the opacity alpha v in 1 << kOneBits parts and the result rounded.
inline void BlendBlock(const BlendRowWork& work, const uint8_t* __restrict film,
                       const float* __restrict above, const float* __restrict below, uint8_t* out) {
  const float opaque = work.alpha * static_cast<float>(1 << kOneBits);
  int32_t opacity[kBlock];
  int32_t colour[kBlock];
  int32_t mixed[kBlock];
  for (int i = 0; i < kBlock; ++i) {
    const float strength = above[i] + (below[i] - above[i]) * work.share_of_below;
    opacity[i] = static_cast<int32_t>(strength * opaque + 0.5f);
    colour[i] = static_cast<int32_t>(strength * 255.0f + 0.5f);
  }
  LookUp(work.colours, colour);
  for (int i = 0; i < kBlock; ++i) {
    const int32_t gray = film[i];
    const auto mix = [&](int place) {
      const int32_t difference = ((colour[i] >> place) & 255) - gray;
      // The shift rounds down, also what is negative.
      return (gray + ((difference * opacity[i] + kHalf) >> kOneBits)) << place;
    };
    mixed[i] = mix(0) | mix(8) | mix(16);
  }
  Pack(mixed, out);
}

void BlendShortRow(const BlendRowWork& work) {
  uint8_t film[kBlock] = {};
  float above[kBlock] = {};
  float below[kBlock] = {};
  uint8_t out[3 * kBlock];
  for (int i = 0; i < work.pixels; ++i) {
    film[i] = work.film[i];
    above[i] = work.above[i];
    below[i] = work.below[i];
  }
  BlendBlock(work, film, above, below, out);
  for (int i = 0; i < 3 * work.pixels; ++i) work.out[i] = out[i];
}

}  // namespace

void BlendRow(const BlendRowWork& work) {
  if (work.pixels < kBlock) return BlendShortRow(work);
  for (int x = 0; x < work.pixels; x += kBlock) {
    // The last block overlaps the one before, which gives those pixels again.
    const int begin = x + kBlock <= work.pixels ? x : work.pixels - kBlock;
    BlendBlock(work, work.film + begin, work.above + begin, work.below + begin,
               work.out + 3 * begin);
  }
}

}  // namespace CAMNODE_KERNEL_NAMESPACE
}  // namespace camnode
