// report.html: an evaluation for a reader, in one file.

#ifndef CAMNODE_CORE_TRAINING_REPORT_HTML_H_
#define CAMNODE_CORE_TRAINING_REPORT_HTML_H_

#include <string>

#include "absl/status/statusor.h"
#include "core/training/evaluation/evaluation_result.h"
#include "core/training/films/film_reader.h"

namespace camnode {

// The same result and films give the same bytes.
// Errors: those of films of the gallery that can no longer be read or drawn.
absl::StatusOr<std::string> FormatReportHtml(const EvaluationResult& result,
                                             const FilmReader& read_film);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_REPORT_HTML_H_
