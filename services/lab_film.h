#ifndef CAMNODE_SERVICES_LAB_FILM_H_
#define CAMNODE_SERVICES_LAB_FILM_H_

#include <string>

#include "absl/status/statusor.h"
#include "core/domain/radiograph.h"

namespace camnode {

// The film in a file: PNG and JPEG are known by their first bytes, everything else
// is taken for DICOM.
// Errors: kNotFound (no such file), ReadRadiograph's, DecodePicture's.
absl::StatusOr<Radiograph> ReadFilm(const std::string& path);

}  // namespace camnode

#endif  // CAMNODE_SERVICES_LAB_FILM_H_
