// The kernels' text, compiled once for each instruction set by kernels_*.cc, which
// name the namespace.  Includes nothing that defines functions: a function of the
// standard library compiled here for AVX-512 could be linked into other files.

#include <cstdint>

#include "core/inference/engine/kernels.h"

namespace camnode {
namespace CAMNODE_KERNEL_NAMESPACE {
namespace {

using Float = float;
struct Bfloat {
  uint16_t bits;
};

// One AVX-512 register: sums are kept in so many lanes on every machine.
constexpr int64_t kLanes = 16;

inline float Widen(Float value) { return value; }
inline float Widen(Bfloat value) {
  const uint32_t bits = static_cast<uint32_t>(value.bits) << 16;
  float wide;
  __builtin_memcpy(&wide, &bits, sizeof wide);
  return wide;
}

inline void Store(float value, Float* out) { *out = value; }
// To the nearest, ties to even.
inline void Store(float value, Bfloat* out) {
  uint32_t bits;
  __builtin_memcpy(&bits, &value, sizeof bits);
  out->bits = static_cast<uint16_t>((bits + 0x7fffU + ((bits >> 16) & 1U)) >> 16);
}

inline float Positive(float value) { return value > 0.0f ? value : 0.0f; }

// Share number `index` of `count` things among `shares`.
struct Range {
  int64_t begin;
  int64_t end;
};
inline Range Share(int64_t count, int64_t index, int64_t shares) {
  return {count * index / shares, count * (index + 1) / shares};
}

// scale x + shift, then max(., 0).
template <typename T, bool kRelu>
inline void ScaleShiftRow(const T* __restrict in, int64_t channels, const float* __restrict scale,
                          const float* __restrict shift, T* __restrict out) {
  for (int64_t c = 0; c < channels; ++c) {
    const float y = Widen(in[c]) * scale[c] + shift[c];
    Store(kRelu ? Positive(y) : y, &out[c]);
  }
}

// The mean of 2 x 2 cells of that: a, b above, d, e below; `row` values lie between the
// lines.
template <typename T, bool kRelu>
inline void ScaleShiftHalved(const T* __restrict a, int64_t channels, int64_t row,
                             const float* __restrict scale, const float* __restrict shift,
                             T* __restrict out) {
  const T* __restrict b = a + channels;
  const T* __restrict d = a + row;
  const T* __restrict e = d + channels;
  for (int64_t c = 0; c < channels; ++c) {
    const float w = Widen(a[c]) * scale[c] + shift[c];
    const float x = Widen(b[c]) * scale[c] + shift[c];
    const float y = Widen(d[c]) * scale[c] + shift[c];
    const float z = Widen(e[c]) * scale[c] + shift[c];
    const float sum =
        kRelu ? (Positive(w) + Positive(x)) + (Positive(y) + Positive(z)) : (w + x) + (y + z);
    Store(0.25f * sum, &out[c]);
  }
}

// Each cell of the result takes its channels from the parts in turn: a concatenation that
// is never made.
template <typename T, bool kRelu>
void ScaleShiftAll(const ScaleShiftWork& work) {
  int64_t channels = 0;
  for (int i = 0; i < work.part_count; ++i) channels += work.parts[i].channels;
  const int64_t step = work.halve ? 2 : 1;
  const int64_t out_height = work.height / step;
  const int64_t out_width = work.width / step;
#pragma omp parallel for num_threads(work.threads) schedule(static)
  for (int64_t line = 0; line < work.images * out_height; ++line) {
    const int64_t in_line = line / out_height * work.height + line % out_height * step;
    for (int64_t x = 0; x < out_width; ++x) {
      T* out = static_cast<T*>(work.out) + (line * out_width + x) * channels;
      const int64_t cell = in_line * work.width + x * step;
      int64_t offset = 0;
      for (int i = 0; i < work.part_count; ++i) {
        const int64_t own = work.parts[i].channels;
        const T* in = static_cast<const T*>(work.parts[i].data) + cell * own;
        if (work.halve) {
          ScaleShiftHalved<T, kRelu>(in, own, own * work.width, work.scale + offset,
                                     work.shift + offset, out + offset);
        } else {
          ScaleShiftRow<T, kRelu>(in, own, work.scale + offset, work.shift + offset, out + offset);
        }
        offset += own;
      }
    }
  }
}

template <typename T>
void ScaleShift(const ScaleShiftWork& work) {
  if (work.relu) return ScaleShiftAll<T, true>(work);
  ScaleShiftAll<T, false>(work);
}

// The window cut off at the borders gives what padding with minus infinity would.
template <typename T>
void MaxPool(const MaxPoolWork& work) {
  const int64_t out_height = (work.height - 1) / 2 + 1;
  const int64_t out_width = (work.width - 1) / 2 + 1;
  const int64_t channels = work.channels;
  const T* in = static_cast<const T*>(work.in);
#pragma omp parallel for num_threads(work.threads) schedule(static)
  for (int64_t line = 0; line < work.images * out_height; ++line) {
    const int64_t image = line / out_height;
    const int64_t middle = line % out_height * 2;
    const int64_t top = middle > 0 ? middle - 1 : 0;
    const int64_t bottom = middle + 1 < work.height ? middle + 1 : middle;
    for (int64_t x = 0; x < out_width; ++x) {
      const int64_t left = x > 0 ? 2 * x - 1 : 0;
      const int64_t right = 2 * x + 1 < work.width ? 2 * x + 1 : 2 * x;
      T* __restrict out = static_cast<T*>(work.out) + (line * out_width + x) * channels;
      const auto cell = [&](int64_t row, int64_t column) {
        return in + ((image * work.height + row) * work.width + column) * channels;
      };
      const T* first = cell(top, left);
      for (int64_t c = 0; c < channels; ++c) out[c] = first[c];
      for (int64_t row = top; row <= bottom; ++row) {
        for (int64_t column = left; column <= right; ++column) {
          const T* __restrict other = cell(row, column);
          for (int64_t c = 0; c < channels; ++c) {
            out[c] = Widen(other[c]) > Widen(out[c]) ? other[c] : out[c];
          }
        }
      }
    }
  }
}

// sum a b, in kLanes sums: lane l takes the products l, l + kLanes, ..., and the lanes are
// added up in order.  So the compiler may use vectors without changing the order.
inline float Dot(const float* __restrict a, const float* __restrict b, int64_t count) {
  float lanes[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (int64_t lane = 0; lane < kLanes; ++lane) lanes[lane] += a[i + lane] * b[i + lane];
  }
  for (; i < count; ++i) lanes[i % kLanes] += a[i] * b[i];
  float sum = 0.0f;
  for (const float lane : lanes) sum += lane;
  return sum;
}

// sums[c] of cells [cells, channels] over [begin, end) of the channels.
template <typename T>
inline void SumCells(const T* __restrict in, int64_t cells, int64_t channels, Range range,
                     float* __restrict sums) {
  for (int64_t c = range.begin; c < range.end; ++c) sums[c] = 0.0f;
  for (int64_t cell = 0; cell < cells; ++cell) {
    const T* __restrict row = in + cell * channels;
    for (int64_t c = range.begin; c < range.end; ++c) sums[c] += Widen(row[c]);
  }
}

template <typename T>
inline void ScaleCells(T* __restrict data, int64_t channels, Range cells,
                       const float* __restrict gates) {
  for (int64_t cell = cells.begin; cell < cells.end; ++cell) {
    T* __restrict row = data + cell * channels;
    for (int64_t c = 0; c < channels; ++c) Store(Widen(row[c]) * gates[c], &row[c]);
  }
}

inline float Sigmoid(float value) { return 1.0f / (1.0f + __builtin_expf(-value)); }

// What one image's share of threads does between two barriers.
template <typename T>
struct Gating {
  const GateWork& work;

  T* Image(int64_t image) const {
    return static_cast<T*>(work.data) + image * work.cells * work.channels;
  }
  float* Means(int64_t image) const { return work.gates + image * (work.channels + work.squeezed); }
  float* Squeezed(int64_t image) const { return Means(image) + work.channels; }

  // m = mean(x) over the cells.
  void Pool(int64_t image, Range channels) const {
    SumCells(Image(image), work.cells, work.channels, channels, Means(image));
    const float share = 1.0f / static_cast<float>(work.cells);
    for (int64_t c = channels.begin; c < channels.end; ++c) Means(image)[c] *= share;
  }
  // s = silu(w1 m + b1), silu(v) = v sigmoid(v).
  void Reduce(int64_t image, Range outputs) const {
    for (int64_t s = outputs.begin; s < outputs.end; ++s) {
      const float value = work.reduce_bias[s] +
                          Dot(work.reduce_weights + s * work.channels, Means(image), work.channels);
      Squeezed(image)[s] = value * Sigmoid(value);
    }
  }
  // g = sigmoid(w2 s + b2).  The means are no longer needed: the gates take their place.
  void Expand(int64_t image, Range channels) const {
    float* __restrict gates = Means(image);
    for (int64_t c = channels.begin; c < channels.end; ++c) gates[c] = work.expand_bias[c];
    for (int64_t s = 0; s < work.squeezed; ++s) {
      const float value = Squeezed(image)[s];
      const float* __restrict weights = work.expand_weights + s * work.channels;
      for (int64_t c = channels.begin; c < channels.end; ++c) gates[c] += value * weights[c];
    }
    for (int64_t c = channels.begin; c < channels.end; ++c) gates[c] = Sigmoid(gates[c]);
  }
  // x g, by channel.
  void Scale(int64_t image, Range cells) const {
    ScaleCells(Image(image), work.channels, cells, Means(image));
  }
};

template <typename T>
void Gate(const GateWork& work) {
  const Gating<T> gating{work};
  // With more images than threads each thread takes whole images; otherwise all
  // share each image, by whole cache lines of channels.
  const int64_t shares = work.images >= work.threads ? 1 : work.threads;
  const int64_t lines = (work.channels + kLanes - 1) / kLanes;
  const auto channels = [&](int64_t share) {
    const Range range = Share(lines, share, shares);
    const int64_t end = range.end * kLanes;
    return Range{range.begin * kLanes, end < work.channels ? end : work.channels};
  };
#pragma omp parallel num_threads(work.threads)
  {
#pragma omp for schedule(static)
    for (int64_t i = 0; i < work.images * shares; ++i)
      gating.Pool(i / shares, channels(i % shares));
#pragma omp for schedule(static)
    for (int64_t i = 0; i < work.images * shares; ++i) {
      gating.Reduce(i / shares, Share(work.squeezed, i % shares, shares));
    }
#pragma omp for schedule(static)
    for (int64_t i = 0; i < work.images * shares; ++i) {
      gating.Expand(i / shares, channels(i % shares));
    }
#pragma omp for schedule(static)
    for (int64_t i = 0; i < work.images * shares; ++i) {
      gating.Scale(i / shares, Share(work.cells, i % shares, shares));
    }
  }
}

// means[c], and the map's alpha[c] = weight[c] / cells, times the share of cells above 0 where
// closed_form_cam.h says so.
template <typename T>
inline void PoolForHead(const HeadWork& work, const T* features, float* means, float* alpha) {
  const float share = 1.0f / static_cast<float>(work.cells);
  SumCells(features, work.cells, work.channels, {0, work.channels}, means);
  for (int64_t c = 0; c < work.channels; ++c) means[c] *= share;
  if (work.finding < 0) return;
  const float* weights = work.weights + work.finding * work.channels;
  for (int64_t c = 0; c < work.channels; ++c) alpha[c] = weights[c] * share;
  if (!work.mask_map_weights) return;
  for (int64_t c = 0; c < work.channels; ++c) {
    int64_t active = 0;
    for (int64_t cell = 0; cell < work.cells; ++cell) {
      active += Widen(features[cell * work.channels + c]) > 0.0f ? 1 : 0;
    }
    alpha[c] *= static_cast<float>(active) * share;
  }
}

// As Dot, over the channels of one cell.
template <typename T>
inline float DotCell(const T* __restrict cell, const float* __restrict alpha, int64_t channels) {
  float lanes[kLanes] = {};
  int64_t c = 0;
  for (; c + kLanes <= channels; c += kLanes) {
    for (int64_t lane = 0; lane < kLanes; ++lane) {
      lanes[lane] += Widen(cell[c + lane]) * alpha[c + lane];
    }
  }
  for (; c < channels; ++c) lanes[c % kLanes] += Widen(cell[c]) * alpha[c];
  float sum = 0.0f;
  for (const float lane : lanes) sum += lane;
  return sum;
}

// logit[k] = w[k] mean(x) + b[k];  map[cell] = max(0, sum alpha[c] x[cell][c]).
template <typename T>
void Head(const HeadWork& work) {
  float* alpha = work.scratch;
  for (int64_t image = 0; image < work.images; ++image) {
    float* means = work.pooled + image * work.channels;
    const T* features = static_cast<const T*>(work.features) + image * work.cells * work.channels;
    PoolForHead(work, features, means, alpha);
    for (int64_t k = 0; k < work.outputs; ++k) {
      work.logits[image * work.outputs + k] =
          work.bias[k] + Dot(work.weights + k * work.channels, means, work.channels);
    }
    if (work.finding < 0) continue;
    for (int64_t cell = 0; cell < work.cells; ++cell) {
      work.maps[image * work.cells + cell] =
          Positive(DotCell(features + cell * work.channels, alpha, work.channels));
    }
  }
}

// Planes side by side become cells one after the other.
template <typename T>
void Interleave(const InterleaveWork& work) {
  for (int64_t image = 0; image < work.images; ++image) {
    const float* in = work.planes[image];
    T* out = static_cast<T*>(work.out) + image * work.channels * work.cells;
    for (int64_t cell = 0; cell < work.cells; ++cell) {
      for (int64_t c = 0; c < work.channels; ++c) {
        Store(in[c * work.cells + cell], &out[cell * work.channels + c]);
      }
    }
  }
}

template <typename T>
constexpr KernelSet MakeKernels() {
  return {ScaleShift<T>, MaxPool<T>, Gate<T>, Head<T>, Interleave<T>};
}

}  // namespace

const Kernels kKernels = {MakeKernels<Float>(), MakeKernels<Bfloat>()};

}  // namespace CAMNODE_KERNEL_NAMESPACE
}  // namespace camnode
