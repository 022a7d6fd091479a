// From the places on a command line to films.

#ifndef CAMNODE_SERVICES_LAB_FILM_H_
#define CAMNODE_SERVICES_LAB_FILM_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/domain/radiograph.h"

namespace camnode {

// The film in a file: PNG and JPEG are known by their first bytes, everything else
// is taken for DICOM.
// Errors: kNotFound (no such file), ReadRadiograph's, DecodePicture's.
absl::StatusOr<Radiograph> ReadFilm(const std::string& path);

// As ReadFilm, with the path before the words of an error.
absl::StatusOr<Radiograph> ReadNamedFilm(const std::string& path);

// The films that a command line names: each of `places` is a film, or a folder that
// stands for every file below it.  Ordered by name, each once.
// Errors: kInvalidArgument (no place is given), kNotFound (no such file or folder, or a
// folder without a file: names it).
absl::StatusOr<std::vector<std::string>> FindFilms(const std::vector<std::string>& places);

}  // namespace camnode

#endif  // CAMNODE_SERVICES_LAB_FILM_H_
