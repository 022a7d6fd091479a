#include "core/training/films/labelled_film.h"

#include "absl/strings/str_cat.h"
#include "core/base/utf8.h"

namespace camnode {

std::string WhereIs(const LabelledFilm& film) {
  const std::string name = absl::StrCat("film ", Quoted(film.name));
  return film.line == 0 ? name : absl::StrCat("line ", film.line, ": ", name);
}

}  // namespace camnode
