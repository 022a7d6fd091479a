// The films that a folder or a CSV file names, before any of them is opened: the first
// half of ReadDataset.

#ifndef CAMNODE_CORE_TRAINING_FILMS_FOUND_FILMS_H_
#define CAMNODE_CORE_TRAINING_FILMS_FOUND_FILMS_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/training/films/labelled_film.h"

namespace camnode {

// Its class is not looked up yet, its digest absent, its patient only a column's.
struct FoundFilm {
  LabelledFilm film;
  std::string class_name;
};

// Films of the splits asked for, and what else is there.
struct FoundFilms {
  std::vector<FoundFilm> films;
  std::set<std::string> splits;
  // In the folders of the classes of each split, but left out for their names.
  std::map<std::string, int64_t> other_files;
  bool has_patient_column = false;
};

// Errors: those of ReadDataset that concern folders, names and the CSV's text.
absl::StatusOr<FoundFilms> FindFilms(const DatasetOptions& options);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_FILMS_FOUND_FILMS_H_
