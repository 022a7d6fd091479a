// Whether films are those that a network was trained with.

#ifndef CAMNODE_CORE_TRAINING_FILMS_TRAINING_SPLIT_H_
#define CAMNODE_CORE_TRAINING_FILMS_TRAINING_SPLIT_H_

#include <string>
#include <vector>

#include "absl/types/optional.h"
#include "core/training/films/labelled_film.h"

namespace camnode {

// `evaluated`: what `options` read, one split of a data set or all of it.  `digests`: of the data
// sets that networks were trained with, as their manifests have them.  Returns `evaluated`, or
// the split of the same data set, that has one of the digests; absent: none has, or the other
// splits cannot be read.  Reads the whole data set, and each of its splits.
absl::optional<Dataset> FindTrainingSplit(const Dataset& evaluated, const DatasetOptions& options,
                                          const std::vector<std::string>& digests);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_FILMS_TRAINING_SPLIT_H_
