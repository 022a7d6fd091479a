// The part of a report on what the maps are worth.

#ifndef CAMNODE_CORE_TRAINING_REPORT_EXPLANATIONS_H_
#define CAMNODE_CORE_TRAINING_REPORT_EXPLANATIONS_H_

#include "absl/status/status.h"
#include "core/training/explanation/explanation_result.h"
#include "core/training/films/film_reader.h"
#include "core/training/report/html_page.h"

namespace camnode {

void AddExplanations(const ExplanationQuality& quality, HtmlPage& page);

// The films whose maps were best, worst, and agreed least between the models, with their
// maps.
// Errors: those of films that can no longer be read or drawn (names them).
absl::Status AddExplainedFilms(const ExplanationQuality& quality, const FilmReader& read_film,
                               HtmlPage& page);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_REPORT_EXPLANATIONS_H_
