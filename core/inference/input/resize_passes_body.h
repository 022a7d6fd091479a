// The passes' text, compiled once for each instruction set by resize_passes_*.cc, which
// name the namespace.  Includes nothing that defines functions but intrinsics: a function
// of the standard library compiled here for AVX-512 could be linked into other files.

#include <immintrin.h>

#include <cstdint>

#include "core/inference/input/resize_passes.h"

namespace camnode {
namespace CAMNODE_KERNEL_NAMESPACE {
namespace {

constexpr int kBlock = 64;  // Columns whose sums are kept in registers.

inline uint8_t Cut(int32_t value) {
  return static_cast<uint8_t>(value < 0 ? 0 : value > 255 ? 255 : value);
}

#ifdef __AVX2__
// Sixteen products, added up in pairs.
inline __m256i Products(const int16_t* weights, const int16_t* in) {
  return _mm256_madd_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(weights)),
                           _mm256_loadu_si256(reinterpret_cast<const __m256i*>(in)));
}

// What the taps of pixel x of the result sum to, in eight parts.
inline __m256i SumInParts(const ColumnPass& pass, int x) {
  const int16_t* weights = pass.weights + static_cast<int64_t>(x) * pass.taps;
  const int16_t* in = pass.room + pass.firsts[x];
  __m256i sum = _mm256_add_epi32(Products(weights, in), Products(weights + 16, in + 16));
  for (int k = kTapsAtOnce; k < pass.taps; k += kTapsAtOnce) {
    sum = _mm256_add_epi32(sum, Products(weights + k, in + k));
    sum = _mm256_add_epi32(sum, Products(weights + k + 16, in + k + 16));
  }
  return sum;
}

// Pixels x to x + 7 of the result.
inline void EightColumns(const ColumnPass& pass, int x) {
  const auto pair = [&](int i) {
    return _mm256_hadd_epi32(SumInParts(pass, x + i), SumInParts(pass, x + i + 1));
  };
  const __m256i first = _mm256_hadd_epi32(pair(0), pair(2));
  const __m256i second = _mm256_hadd_epi32(pair(4), pair(6));
  const __m256i sums = _mm256_add_epi32(_mm256_permute2x128_si256(first, second, 0x20),
                                        _mm256_permute2x128_si256(first, second, 0x31));
  const __m256i rounded =
      _mm256_sra_epi32(_mm256_add_epi32(sums, _mm256_set1_epi32(1 << (pass.shift - 1))),
                       _mm_cvtsi32_si128(pass.shift));
  const __m128i words =
      _mm_packs_epi32(_mm256_castsi256_si128(rounded), _mm256_extracti128_si256(rounded, 1));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(pass.out + x), _mm_packus_epi16(words, words));
}
#endif

// (sum of weight in + half) >> shift, cut to 0 to 255: shift takes the weights' scale
// away, half rounds.
inline void OneColumn(const ColumnPass& pass, int x) {
  const int16_t* __restrict weights = pass.weights + static_cast<int64_t>(x) * pass.taps;
  const int16_t* __restrict in = pass.room + pass.firsts[x];
  int32_t sum = 1 << (pass.shift - 1);
  for (int block = 0; block < pass.taps; block += kTapsAtOnce) {
    for (int k = 0; k < kTapsAtOnce; ++k) sum += weights[block + k] * in[block + k];
  }
  pass.out[x] = Cut(sum >> pass.shift);
}

void Columns(const ColumnPass& given) {
  const ColumnPass pass = given;  // What is written below cannot change this one.
  int16_t* __restrict wide = pass.room;
  for (int i = 0; i < pass.in_columns; ++i) wide[i] = pass.in[i];
  // Read by the last columns, with weight 0.
  for (int i = 0; i < pass.taps; ++i) wide[pass.in_columns + i] = 0;
  int x = 0;
#ifdef __AVX2__
  for (; x + 8 <= pass.out_columns; x += 8) EightColumns(pass, x);
#endif
  for (; x < pass.out_columns; ++x) OneColumn(pass, x);
}

// The same for a whole row: its taps are rows, so that columns stay side by side.
void Rows(const RowPass& pass) {
  const int32_t half = 1 << (pass.shift - 1);
  int32_t sums[kBlock];
  for (int begin = 0; begin < pass.columns; begin += kBlock) {
    const int count = pass.columns - begin < kBlock ? pass.columns - begin : kBlock;
    for (int i = 0; i < kBlock; ++i) sums[i] = half;
    for (int k = 0; k < pass.taps; ++k) {
      const uint8_t* __restrict in = pass.in + static_cast<int64_t>(k) * pass.columns + begin;
      const int32_t weight = pass.weights[k];
      for (int i = 0; i < count; ++i) sums[i] += weight * in[i];
    }
    for (int i = 0; i < count; ++i) pass.out[begin + i] = Cut(sums[i] >> pass.shift);
  }
}

}  // namespace

const ResizePasses kResizePasses = {Columns, Rows};

}  // namespace CAMNODE_KERNEL_NAMESPACE
}  // namespace camnode
