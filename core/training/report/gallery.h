// Films worth a look, with what each model looked at.

#ifndef CAMNODE_CORE_TRAINING_REPORT_GALLERY_H_
#define CAMNODE_CORE_TRAINING_REPORT_GALLERY_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/domain/analysis.h"
#include "core/training/evaluation/evaluation_result.h"
#include "core/training/films/film_reader.h"
#include "core/training/report/html_page.h"

namespace camnode {

struct GalleryGroup {
  std::string title;
  std::string explanation;
  std::vector<size_t> films;  // Positions in EvaluationResult::films.
};

// The films that the scores (of the mean, or of the only model) are most right about, of
// either class; most wrong about, whatever the threshold; and about which the models
// differ most.  No film twice in a group; equal ones by name.  A group without films is
// left out.
std::vector<GalleryGroup> ChooseGallery(const EvaluationResult& result);

struct CaptionedResult {
  const ModelResult* result;
  std::string caption;
};

// The film in `path`, small, and the map of each result over it.
// Errors: those of reading and rendering the film (say `name`).
absl::StatusOr<std::vector<HtmlPicture>> RenderFilmWithMaps(
    const std::string& path, const std::string& name, const std::string& caption,
    const std::vector<CaptionedResult>& results, const FilmReader& read_film);

// The film and the map of each model over it.
// Errors: those of reading and rendering the film (names it).
absl::StatusOr<std::vector<HtmlPicture>> RenderGalleryFilm(const EvaluationResult& result,
                                                           size_t film,
                                                           const FilmReader& read_film);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_REPORT_GALLERY_H_
