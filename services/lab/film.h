// Films from files, and the parts of a command line that name them.

#ifndef CAMNODE_SERVICES_LAB_FILM_H_
#define CAMNODE_SERVICES_LAB_FILM_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/domain/radiograph.h"
#include "services/command_line/command.h"
#include "services/command_line/option.h"

namespace camnode {

// For FindFilms.
constexpr Operands kFilmOperands = {"FOLDER|FILM...", 1, Operands::kAnyNumber,
                                    "at least one film or folder"};

// Patterns for PatientPatterns; UsualPatientPatterns if none is given.
constexpr Option PatientOption(absl::string_view name) {
  return Option::Text(
             name, "REGEX",
             "a film's patient: what the parentheses of the first expression that matches its "
             "file name hold; default: as Kermany et al. name them.  Else the Patient ID in its "
             "DICOM header tells, or it is a patient of its own")
      .Repeated();
}

// The film in a file: PNG and JPEG are known by their first bytes, everything else
// is taken for DICOM.
// Errors: kNotFound (no such file), ReadFile's, ReadRadiograph's, DecodePicture's.
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
