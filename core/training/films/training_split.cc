#include "core/training/films/training_split.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/status/statusor.h"
#include "core/training/films/dataset.h"

namespace camnode {
namespace {

bool HasOneOf(const std::vector<std::string>& digests, const Dataset& films) {
  return std::find(digests.begin(), digests.end(), films.digest) != digests.end();
}

}  // namespace

absl::optional<Dataset> FindTrainingSplit(const Dataset& evaluated, const DatasetOptions& options,
                                          const std::vector<std::string>& digests) {
  if (HasOneOf(digests, evaluated)) return evaluated;
  DatasetOptions other = options;
  other.splits.clear();
  const absl::StatusOr<Dataset> everything =
      options.splits.empty() ? evaluated : ReadDataset(other);
  if (!everything.ok()) return absl::nullopt;
  std::set<std::string> splits;
  for (const LabelledFilm& film : everything->films) splits.insert(film.split);
  for (const std::string& split : options.splits) splits.erase(split);
  for (const std::string& split : splits) {
    other.splits = {split};
    absl::StatusOr<Dataset> films = ReadDataset(other);
    if (films.ok() && HasOneOf(digests, *films)) return *std::move(films);
  }
  return absl::nullopt;
}

}  // namespace camnode
