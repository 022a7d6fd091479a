// How training gets a film out of a file without knowing DICOM.

#ifndef CAMNODE_CORE_TRAINING_FILMS_FILM_READER_H_
#define CAMNODE_CORE_TRAINING_FILMS_FILM_READER_H_

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "core/domain/radiograph.h"

namespace camnode {

// Decodes the film in a file (DICOM, PNG, JPEG).  Called from several threads.
using FilmReader = std::function<absl::StatusOr<Radiograph>(const std::string& path)>;

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_FILMS_FILM_READER_H_
