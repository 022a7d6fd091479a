// The fast path on a CPU: a network's graph, compiled for one batch size, precision
// and number of threads into a list of oneDNN calls and kernels of ours with every
// argument, buffer and packed weight made beforehand.  A pass allocates nothing and
// goes through no dispatcher.
//
// For the same graph, precision, batch, threads and instruction set the same images
// give the same bits.

#ifndef CAMNODE_CORE_INFERENCE_ENGINE_COMPILED_NETWORK_H_
#define CAMNODE_CORE_INFERENCE_ENGINE_COMPILED_NETWORK_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/inference/device/precision.h"
#include "core/inference/engine/network_graph.h"

namespace camnode {

// Convolution weights in the layouts that oneDNN asked for: made once, shared by the
// batch sizes of one model.  Used by one thread at a time; outlives what shares it.
class PackedWeights {
 public:
  PackedWeights();
  ~PackedWeights();

 private:
  friend class CompiledNetwork;
  struct State;
  std::unique_ptr<State> state_;
};

struct CompileOptions {
  int64_t batch = 1;
  ComputePrecision precision = ComputePrecision::kFloat32;
  int threads = 1;
};

// What one pass over `batch` images gives.
struct PassResult {
  std::vector<float> logits;  // [batch, outputs]
  std::vector<float> pooled;  // [batch, channels]: activations, averaged over the grid
  std::vector<float> maps;    // [batch, cells of the feature grid]: positive part, in logits
};

// Used by one thread at a time: the thread that runs it is the first of its OpenMP team.
class CompiledNetwork {
 public:
  // Keeps nothing of `graph`; `weights` outlives the result.
  // Errors: kUnimplemented (this processor, or this build of oneDNN, has no kernel for
  // the precision: the unfused path remains), kInternal (oneDNN failed).
  static absl::StatusOr<std::unique_ptr<CompiledNetwork>> Compile(const NetworkGraph& graph,
                                                                  const CompileOptions& options,
                                                                  PackedWeights& weights);
  ~CompiledNetwork();

  // `images`: for each of the batch, float32 [channels, height, width].  The maps are
  // those of output `finding`; none for -1.  Images are borrowed for the call; `result`
  // takes the sizes that PassResult says.  Values that are not finite are the caller's
  // to find.  REQUIRES: batch() images, -1 <= finding < outputs.
  // Errors: kInternal (oneDNN failed).
  absl::Status Run(const std::vector<const float*>& images, int64_t finding, PassResult& result);

  int64_t batch() const;
  // Of the maps, in cells.
  int64_t grid_height() const;
  int64_t grid_width() const;

 private:
  struct State;
  explicit CompiledNetwork(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_INFERENCE_ENGINE_COMPILED_NETWORK_H_
