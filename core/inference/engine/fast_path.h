// A network on the fast path, for any number of films at a time: compiled for the
// batch sizes that pay, the films spread over them.

#ifndef CAMNODE_CORE_INFERENCE_ENGINE_FAST_PATH_H_
#define CAMNODE_CORE_INFERENCE_ENGINE_FAST_PATH_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/inference/device/precision.h"
#include "core/inference/engine/compiled_network.h"
#include "core/inference/engine/network_graph.h"

namespace camnode {

// Of one film.
struct FilmPass {
  std::vector<float> logits;  // [outputs]
  std::vector<float> pooled;  // [channels]
  std::vector<float> map;     // [grid_height, grid_width]: positive part, in logits
  int64_t grid_height = 0;
  int64_t grid_width = 0;
};

// Used by one thread at a time.
class FastPath {
 public:
  // The batch sizes.  Films beyond whole batches go one by one, or together in a
  // batch filled up with copies where that is faster.
  static constexpr int64_t kBatch = 8;
  static constexpr int64_t kWorthABatch = 5;

  // Errors: CompiledNetwork::Compile's.
  static absl::StatusOr<std::unique_ptr<FastPath>> Make(const NetworkGraph& graph,
                                                        ComputePrecision precision, int threads);

  // `images`: for each film float32 [channels, height, width].  One result a film, in
  // order; its map is that of output `finding`.  Images are borrowed for the call.
  // REQUIRES: 0 <= finding < outputs.
  // Errors: CompiledNetwork::Run's.
  absl::StatusOr<std::vector<FilmPass>> Run(const std::vector<const float*>& images,
                                            int64_t finding);

  // As Run, every film in a batch of this size: for tests and measurements.
  absl::StatusOr<std::vector<FilmPass>> RunInBatchesOf(int64_t batch,
                                                       const std::vector<const float*>& images,
                                                       int64_t finding);

 private:
  FastPath() = default;
  absl::Status Append(CompiledNetwork& network, const float* const* images, size_t count,
                      int64_t finding, std::vector<FilmPass>& films);

  PackedWeights weights_;  // Outlives those below.
  std::unique_ptr<CompiledNetwork> single_;
  std::unique_ptr<CompiledNetwork> batched_;
  PassResult result_;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_INFERENCE_ENGINE_FAST_PATH_H_
