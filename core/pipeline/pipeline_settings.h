// What the operator may set of the analysis of films: part of the sections `worker` and
// `queue` of the configuration.

#ifndef CAMNODE_CORE_PIPELINE_PIPELINE_SETTINGS_H_
#define CAMNODE_CORE_PIPELINE_PIPELINE_SETTINGS_H_

#include <cstdint>

#include "absl/time/time.h"
#include "core/base/retryable.h"

namespace camnode {

struct PipelineSettings {
  // Films decoded, or being decoded, while another is computed.  0: one film at a
  // time.  Higher: a slow decoder is hidden better, and every film waiting takes
  // five bytes a pixel.
  int decode_ahead = 8;
  // Films computed together when so many wait.  1: each by itself.
  int max_batch = 8;
  // Of a film, rows times columns.  A larger one is buried unread.
  int64_t max_pixels = 100'000'000;
  // A film that is at one step (decoding, computing) for so long, or for twenty times as long as
  // most took if that is more, is charged a failure and its worker is ended and started again.
  // Shorter than the slowest film: that film is set aside.  Longer: a hang holds the queue longer.
  absl::Duration max_step = absl::Minutes(10);
  // Before a job that failed is tried again; in section `queue`.
  Backoff backoff = {absl::Seconds(1), absl::Minutes(10)};
};

// All but the backoff.
template <typename Reader>
void ReadOptions(Reader&& reader, PipelineSettings* settings) {
  reader.Read("decode_ahead", 0, 64, &settings->decode_ahead);
  reader.Read("max_batch", 1, 64, &settings->max_batch);
  reader.Read("max_pixels", int64_t{1}, int64_t{1'000'000'000}, &settings->max_pixels);
  reader.Read("max_step_ms", absl::Hours(24), &settings->max_step);
}

}  // namespace camnode

#endif  // CAMNODE_CORE_PIPELINE_PIPELINE_SETTINGS_H_
