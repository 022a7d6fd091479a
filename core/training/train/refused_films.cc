#include "core/training/train/refused_films.h"

#include <map>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "core/dicom/film/eligibility.h"
#include "core/dicom/film/instance_header.h"
#include "core/training/films/dataset.h"
#include "core/training/films/labelled_film.h"

namespace camnode {

std::vector<RefusedFilms> FindRefusedFilms(const Dataset& dataset) {
  std::map<std::string, RefusedFilms> by_code;
  for (const LabelledFilm& film : dataset.films) {
    const absl::StatusOr<InstanceHeader> header = ReadInstanceHeader(film.path);
    if (!header.ok()) continue;
    const absl::optional<Ineligibility> ineligibility = CheckHeader(*header);
    if (!ineligibility.has_value()) continue;
    RefusedFilms& refused = by_code[ineligibility->code];
    if (refused.films++ == 0) refused.first = film.name;
    refused.code = ineligibility->code;
  }
  std::vector<RefusedFilms> result;
  for (auto& [code, refused] : by_code) result.push_back(std::move(refused));
  return result;
}

}  // namespace camnode
