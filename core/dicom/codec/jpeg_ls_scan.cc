#include "core/dicom/codec/jpeg_ls_scan.h"

#include <algorithm>
#include <cstdlib>

#include "absl/status/status.h"

namespace camnode {
namespace {

// J of A.2.1: a run's 1 stands for 2^J samples, and its rest takes J bits.
constexpr int kRunBits[32] = {0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,  2,  3,  3,  3,  3,
                              4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13, 14, 15};
// Statistics of a stream that an encoder wrote never ask for more.
constexpr int kMostGolombBits = 16;

absl::Status Damaged() { return absl::DataLossError("the JPEG-LS stream is damaged"); }

int Sign(int value) { return value < 0 ? -1 : 1; }

// The smallest number of bits that 0 to value - 1 fit into.
int BitsFor(int value) {
  int bits = 0;
  while ((1 << bits) < value) ++bits;
  return bits;
}

// A.5.1: the least k with n 2^k >= a, where a / n is the mean size of a context's errors.
int GolombBits(int n, int a) {
  int k = 0;
  while (k <= kMostGolombBits && (n << k) < a) ++k;
  return k;
}

// The predictor (A.4.1): the median of left, above and left + above - corner, which
// follows an upright or a level edge and is a plane elsewhere.
int Predict(int left, int above, int corner) {
  const int low = std::min(left, above);
  const int high = std::max(left, above);
  if (corner >= high) return low;
  if (corner <= low) return high;
  return left + above - corner;
}

// CLAMP of C.2.4.1.1.1.
int Threshold(int value, int low, int max_value) {
  return value > max_value || value < low ? low : value;
}

// C.2.4.1.1.1.  With BASIC_T = 3, 7, 21 for i = 1, 2, 3, in whole numbers:
//   MAXVAL >= 128  T = CLAMP(F (BASIC_T - i - 1) + i + 1 + (2 i + 1) NEAR),
//                  F = (min(MAXVAL, 4095) + 128) / 256
//   else           T = CLAMP(max(i + 1, BASIC_T / F + (2 i + 1) NEAR)), F = 256 / (MAXVAL + 1)
void SetDefaultThresholds(JpegLsCoding& coding) {
  constexpr int kBasic[] = {3, 7, 21};
  int low = coding.near + 1;
  for (int i = 0; i < 3; ++i) {
    const int tolerance = (3 + 2 * i) * coding.near;
    int value = 0;
    if (coding.max_value >= 128) {
      const int factor = (std::min(coding.max_value, 4095) + 128) / 256;
      value = factor * (kBasic[i] - (2 + i)) + 2 + i + tolerance;
    } else {
      value = std::max(2 + i, kBasic[i] / (256 / (coding.max_value + 1)) + tolerance);
    }
    coding.thresholds[i] = Threshold(value, low, coding.max_value);
    low = coding.thresholds[i];
  }
}

}  // namespace

// What an LSE segment may ask for is bounded by C.2.4.1.1.  The rest is A.2.1, in whole
// numbers:
//   RANGE = (MAXVAL + 2 NEAR) / (2 NEAR + 1) + 1
//   LIMIT = 2 (bpp + max(8, bpp)), bpp = max(2, bits of MAXVAL)
absl::StatusOr<JpegLsCoding> JpegLsCoding::From(const JpegLsHeader& header) {
  const int most = (1 << header.precision_bits) - 1;
  JpegLsCoding coding;
  coding.max_value = header.preset_max_value > 0 ? header.preset_max_value : most;
  coding.near = header.near;
  if (coding.max_value > most || coding.near > std::min(255, coding.max_value / 2)) {
    return Damaged();
  }
  SetDefaultThresholds(coding);
  int low = coding.near + 1;
  for (int i = 0; i < 3; ++i) {
    if (header.preset_thresholds[i] > 0) coding.thresholds[i] = header.preset_thresholds[i];
    if (coding.thresholds[i] < low || coding.thresholds[i] > coding.max_value) return Damaged();
    low = coding.thresholds[i];
  }
  coding.reset = header.preset_reset > 0 ? header.preset_reset : 64;
  if (coding.reset < 3 || coding.reset > std::max(255, coding.max_value)) return Damaged();
  coding.range = (coding.max_value + 2 * coding.near) / (2 * coding.near + 1) + 1;
  coding.range_bits = BitsFor(coding.range);
  const int bits = std::max(2, BitsFor(coding.max_value + 1));
  coding.limit = 2 * (bits + std::max(8, bits));
  return coding;
}

JpegLsScan::JpegLsScan(absl::string_view stream, const JpegLsHeader& header,
                       const JpegLsCoding& coding)
    : stream_(stream), header_(header), coding_(coding), bits_(stream, header.data) {
  const auto components = static_cast<size_t>(header.scan_components);
  const Line line(static_cast<size_t>(header.columns) + 2, 0);
  previous_.assign(components, line);
  current_.assign(components, line);
  run_indices_.assign(components, 0);
  pixel_contexts_.assign(components, 0);
  Reset();
}

// A.8, step 1: N = 1, B = C = 0, A = max(2, (RANGE + 32) / 64), for runs too.
void JpegLsScan::Reset() {
  Context fresh;
  fresh.a = std::max(2, (coding_.range + 32) / 64);
  contexts_.fill(fresh);
  run_contexts_.fill(fresh);
  std::fill(run_indices_.begin(), run_indices_.end(), 0);
}

// Markers RST0 to RST7 come in turn, with fill bytes before them; behind one the
// statistics and the line above are those of a scan's beginning.
absl::Status JpegLsScan::Restart() {
  if (!bits_.GoToMarker()) return Damaged();
  size_t at = bits_.position();
  while (at + 1 < stream_.size() && stream_[at + 1] == '\xFF') ++at;
  const int expected = 0xD0 + restarts_++ % 8;
  if (at + 1 >= stream_.size() || static_cast<unsigned char>(stream_[at + 1]) != expected) {
    return Damaged();
  }
  bits_ = JpegLsBits(stream_, at + 2);
  Reset();
  for (Line& line : current_) std::fill(line.begin(), line.end(), 0);
  return absl::OkStatus();
}

absl::Status JpegLsScan::DecodeLine() {
  if (header_.restart_lines > 0 && lines_ > 0 && lines_ % header_.restart_lines == 0) {
    if (const absl::Status restarted = Restart(); !restarted.ok()) return restarted;
  }
  ++lines_;
  std::swap(previous_, current_);
  for (size_t c = 0; c < current_.size(); ++c) {
    // What lies beyond the edges (A.2.1): right of the line above its last sample, left of
    // this line the first sample above.
    previous_[c].back() = previous_[c][previous_[c].size() - 2];
    current_[c].front() = previous_[c][1];
  }
  if (header_.interleave == JpegLsInterleave::kSample && current_.size() > 1) {
    DecodePixelLine();
  } else {
    for (size_t c = 0; c < current_.size(); ++c) DecodeComponentLine(c);
  }
  return damaged_ || bits_.failed() ? Damaged() : absl::OkStatus();
}

absl::StatusOr<size_t> JpegLsScan::Finish() {
  if (!bits_.GoToMarker()) return Damaged();
  return bits_.position();
}

// A.3.3: the region -4 to 4 of a local gradient; up to NEAR it counts as level.
int JpegLsScan::Gradient(int difference) const {
  const int size = std::abs(difference);
  if (size <= coding_.near) return 0;
  const int region = 1 + (size >= coding_.thresholds[0]) + (size >= coding_.thresholds[1]) +
                     (size >= coding_.thresholds[2]);
  return difference < 0 ? -region : region;
}

// The gradients of A.3.1, as 81 Q1 + 9 Q2 + Q3: -364 to 364.  A.3.4 takes a context and its
// negative for one, so the caller uses the size as index and keeps the sign; 0 begins a run
// (A.3.2).
int JpegLsScan::ContextOf(const Line& previous, const Line& current, size_t at) const {
  const int left = current[at - 1];
  const int corner = previous[at - 1];
  const int above = previous[at];
  const int right = previous[at + 1];
  return (Gradient(right - above) * 9 + Gradient(above - corner)) * 9 + Gradient(corner - left);
}

// A.4.4 and A.4.5, undone: prediction + error (2 NEAR + 1), modulo RANGE (2 NEAR + 1),
// within 0 to MAXVAL.
int JpegLsScan::Reconstruct(int prediction, int error) const {
  const int step = 2 * coding_.near + 1;
  int value = prediction + error * step;
  if (value < -coding_.near) {
    value += coding_.range * step;
  } else if (value > coding_.max_value + coding_.near) {
    value -= coding_.range * step;
  }
  return std::clamp(value, 0, coding_.max_value);
}

// A.5.3: zeros, a 1 and k bits are zeros 2^k + bits; after LIMIT - qbpp - 1 zeros the value
// less 1 follows plainly, in qbpp bits.
int JpegLsScan::DecodeMapped(int k, int limit) {
  if (k > kMostGolombBits) damaged_ = true;
  if (damaged_) return 0;
  const int zeros = bits_.CountZeros(limit);
  int value = 0;
  if (zeros < limit - coding_.range_bits - 1) {
    value = (zeros << k) + bits_.Read(k);
  } else {
    if (zeros > limit - coding_.range_bits - 1) damaged_ = true;
    value = bits_.Read(coding_.range_bits) + 1;
  }
  // No encoder writes more, and statistics of more would grow without bound.
  if (value > 2 * coding_.range) damaged_ = true;
  return damaged_ ? 0 : value;
}

// A.4.2 corrects the prediction by C.  A.5.2, undone: even numbers are errors from 0 up,
// odd ones from -1 down; without loss, with k = 0 and errors that lean to the negative the
// other way round.  A.6.1 adds the error to B and its size to A, and halves both and N at
// RESET; A.6.2 moves C by 1 where B / N, the mean error, has left (-1, 0].
int JpegLsScan::DecodeRegular(int gradient, int prediction) {
  const int sign = Sign(gradient);
  Context& context = contexts_[static_cast<size_t>(std::abs(gradient))];
  const int corrected = std::clamp(prediction + sign * context.c, 0, coding_.max_value);
  const int k = GolombBits(context.n, context.a);
  const int mapped = DecodeMapped(k, coding_.limit);
  int error = mapped % 2 == 0 ? mapped / 2 : -(mapped + 1) / 2;
  if (k == 0 && coding_.near == 0 && 2 * context.b <= -context.n) error = -error - 1;

  context.b += error * (2 * coding_.near + 1);
  context.a += std::abs(error);
  if (context.n == coding_.reset) {
    context.a /= 2;
    context.b = context.b >= 0 ? context.b / 2 : -((1 - context.b) / 2);
    context.n /= 2;
  }
  ++context.n;
  if (context.b <= -context.n) {
    context.b = std::max(context.b + context.n, 1 - context.n);
    context.c = std::max(context.c - 1, -128);
  } else if (context.b > 0) {
    context.b = std::min(context.b - context.n, 0);
    context.c = std::min(context.c + 1, 127);
  }
  return Reconstruct(corrected, sign * error);
}

// How many of `count` samples continue the run (A.7.1): each 1 stands for 2^J more of them,
// or for all that are left of the line; 0 ends the run, and J bits say its rest.
int JpegLsScan::DecodeRun(int count) {
  int& index = run_indices_[run_];
  int length = 0;
  while (length < count && bits_.Read(1) == 1) {
    const int whole = 1 << kRunBits[index];
    if (length + whole <= count) index = std::min(index + 1, 31);
    length = std::min(length + whole, count);
    if (length == count) return count;
  }
  length += bits_.Read(kRunBits[index]);
  if (length > count) damaged_ = true;
  return std::min(length, count);
}

// A.7.2, undone: mapped = 2 |error| - type - m, where m = 1 says negative if k > 0 or half of
// the context's errors were negative (c counts them), and positive otherwise.  `type` is 1
// where left and above are alike.
int JpegLsScan::DecodeInterruptionError(int type) {
  Context& context = run_contexts_[static_cast<size_t>(type)];
  const int k = GolombBits(context.n, context.a + (type == 1 ? context.n / 2 : 0));
  const int limit = coding_.limit - kRunBits[run_indices_[run_]] - 1;
  const int mapped = DecodeMapped(k, limit);
  const int odd = (mapped + type) % 2;
  const int size = (mapped + type + odd) / 2;
  const bool negative_is_odd = k != 0 || 2 * context.c >= context.n;
  const int error = negative_is_odd == (odd == 1) ? -size : size;

  if (error < 0) ++context.c;
  context.a += (mapped + 1 - type) / 2;
  if (context.n == coding_.reset) {
    context.a /= 2;
    context.c /= 2;
    context.n /= 2;
  }
  ++context.n;
  return error;
}

// A.7.1.2: a run that was broken off makes the next one expected shorter.
void JpegLsScan::EndRun() { run_indices_[run_] = std::max(run_indices_[run_] - 1, 0); }

// Lines of one component.  The sample that breaks a run is predicted from the left if left
// and above are alike within NEAR, else from above, whose side of the left is the error's
// sign (A.7.2).
void JpegLsScan::DecodeComponentLine(size_t component) {
  run_ = component;
  const Line& previous = previous_[component];
  Line& current = current_[component];
  const auto columns = static_cast<size_t>(header_.columns);
  for (size_t at = 1; at <= columns; ++at) {
    const int left = current[at - 1];
    const int context = ContextOf(previous, current, at);
    if (context != 0) {
      current[at] = DecodeRegular(context, Predict(left, previous[at], previous[at - 1]));
      continue;
    }
    const auto run = static_cast<size_t>(DecodeRun(static_cast<int>(columns - at + 1)));
    std::fill_n(current.begin() + static_cast<std::ptrdiff_t>(at), run, left);
    at += run;
    if (at > columns) break;
    const int above = previous[at];
    if (std::abs(left - above) <= coding_.near) {
      current[at] = Reconstruct(left, DecodeInterruptionError(1));
    } else {
      current[at] = Reconstruct(above, Sign(above - left) * DecodeInterruptionError(0));
    }
    EndRun();
  }
}

// All components of a pixel, then the next: a run is one of whole pixels, and each component
// of the pixel that breaks it is predicted from above.
void JpegLsScan::DecodePixelLine() {
  run_ = 0;
  const size_t components = current_.size();
  const auto columns = static_cast<size_t>(header_.columns);
  for (size_t at = 1; at <= columns; ++at) {
    bool runs = true;
    for (size_t c = 0; c < components; ++c) {
      pixel_contexts_[c] = ContextOf(previous_[c], current_[c], at);
      runs = runs && pixel_contexts_[c] == 0;
    }
    if (!runs) {
      for (size_t c = 0; c < components; ++c) {
        current_[c][at] =
            DecodeRegular(pixel_contexts_[c],
                          Predict(current_[c][at - 1], previous_[c][at], previous_[c][at - 1]));
      }
      continue;
    }
    const auto run = static_cast<size_t>(DecodeRun(static_cast<int>(columns - at + 1)));
    for (Line& line : current_) {
      std::fill_n(line.begin() + static_cast<std::ptrdiff_t>(at), run, line[at - 1]);
    }
    at += run;
    if (at > columns) break;
    for (size_t c = 0; c < components; ++c) {
      const int left = current_[c][at - 1];
      const int above = previous_[c][at];
      current_[c][at] = Reconstruct(above, Sign(above - left) * DecodeInterruptionError(0));
    }
    EndRun();
  }
}

}  // namespace camnode
