#include "core/inference/engine/fast_path.h"

#include <algorithm>
#include <cstddef>

#include "core/base/status_macros.h"
#include "core/inference/device/precision.h"

namespace camnode {
namespace {

// Row `row` of a matrix whose rows are all its values over `rows`.
std::vector<float> Row(const std::vector<float>& matrix, size_t row, size_t rows) {
  const auto width = static_cast<std::ptrdiff_t>(matrix.size() / rows);
  const auto begin = matrix.begin() + static_cast<std::ptrdiff_t>(row) * width;
  return {begin, begin + width};
}

}  // namespace

absl::StatusOr<std::unique_ptr<FastPath>> FastPath::Make(const NetworkGraph& graph,
                                                         ComputePrecision precision, int threads) {
  std::unique_ptr<FastPath> path(new FastPath);
  CAMNODE_ASSIGN_OR_RETURN(
      path->single_, CompiledNetwork::Compile(graph, {1, precision, threads}, path->weights_));
  CAMNODE_ASSIGN_OR_RETURN(
      path->batched_,
      CompiledNetwork::Compile(graph, {kBatch, precision, threads}, path->weights_));
  return path;
}

absl::Status FastPath::Append(CompiledNetwork& network, const float* const* images, size_t count,
                              int64_t finding, std::vector<FilmPass>& films) {
  const auto batch = static_cast<size_t>(network.batch());
  std::vector<const float*> filled(images, images + count);
  filled.resize(batch, images[0]);
  CAMNODE_RETURN_IF_ERROR(network.Run(filled, finding, result_));
  for (size_t i = 0; i < count; ++i) {
    films.push_back({Row(result_.logits, i, batch), Row(result_.pooled, i, batch),
                     Row(result_.maps, i, batch), network.grid_height(), network.grid_width()});
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<FilmPass>> FastPath::Run(const std::vector<const float*>& images,
                                                    int64_t finding) {
  std::vector<FilmPass> films;
  films.reserve(images.size());
  while (films.size() < images.size()) {
    const size_t left = images.size() - films.size();
    const bool together = left >= static_cast<size_t>(kWorthABatch);
    CompiledNetwork& network = together ? *batched_ : *single_;
    const size_t count = std::min(left, static_cast<size_t>(network.batch()));
    CAMNODE_RETURN_IF_ERROR(Append(network, images.data() + films.size(), count, finding, films));
  }
  return films;
}

absl::StatusOr<std::vector<FilmPass>> FastPath::RunInBatchesOf(
    int64_t batch, const std::vector<const float*>& images, int64_t finding) {
  CompiledNetwork& network = batch == 1 ? *single_ : *batched_;
  std::vector<FilmPass> films;
  while (films.size() < images.size()) {
    const size_t count =
        std::min(images.size() - films.size(), static_cast<size_t>(network.batch()));
    CAMNODE_RETURN_IF_ERROR(Append(network, images.data() + films.size(), count, finding, films));
  }
  return films;
}

}  // namespace camnode
