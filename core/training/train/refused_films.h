// Films among those to train with that the node would not score, by what their DICOM headers
// say: side views, feet, CT.

#ifndef CAMNODE_CORE_TRAINING_TRAIN_REFUSED_FILMS_H_
#define CAMNODE_CORE_TRAINING_TRAIN_REFUSED_FILMS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "core/training/films/labelled_film.h"

namespace camnode {

struct RefusedFilms {
  std::string code;  // Ineligibility's: "NOT_FRONTAL"
  size_t films = 0;
  std::string first;  // The name of the first of them.
};

// One for each code that occurs, in the codes' order.  Reads headers, no pixels; pictures, and
// DICOM films whose header cannot be read, are not judged.
std::vector<RefusedFilms> FindRefusedFilms(const Dataset& dataset);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_TRAIN_REFUSED_FILMS_H_
