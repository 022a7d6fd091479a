// How good are models on a set of films, alone and together?
//
// Films are scored in FLOAT32 in batches of a fixed size, so that the same films, models,
// seed, threads and instruction set give the same numbers; evaluation_result.h says which.

#ifndef CAMNODE_CORE_TRAINING_EVALUATION_EVALUATION_H_
#define CAMNODE_CORE_TRAINING_EVALUATION_EVALUATION_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "core/models/model_repository.h"
#include "core/training/evaluation/evaluation_result.h"
#include "core/training/evaluation/out_of_fold_evaluation.h"
#include "core/training/films/film_reader.h"
#include "core/training/films/labelled_film.h"
#include "core/training/train/run_curves.h"

namespace camnode {

struct EvaluationOptions {
  std::string data_path;  // For the report.
  std::string split;
  std::string patient_rule;  // How films got their patients; for the report.
  // Of the data set's classes; empty: the one whose name is the models' reported label,
  // whatever its case, or that had this label in one of `runs`.  A name that is not that
  // of a data set's only class: no film shows the finding.
  std::string positive_class;
  std::vector<std::string> subgroups;  // Columns.
  // The training films, to fit the shortcut baseline on; absent: on the films themselves,
  // out of fold.
  absl::optional<Dataset> shortcut_data;
  // Films that a model was trained with, found beside the evaluated ones: there is an alarm
  // where they are the same, or of the same patients.  Absent: none was found.
  absl::optional<Dataset> training_films;
  std::vector<OutOfFoldFiles> out_of_fold;
  std::vector<TrainingRun> runs;

  bool corruptions = false;  // Thirteen times the passes.

  int batch = 8;    // 1 or 8.
  int threads = 0;  // That computing was set to; for the report.
  uint64_t seed = 1;
  int bootstrap_rounds = 2000;
  std::string program_version;
  // What is being done, and how much of it is.  May be empty.
  std::function<void(const std::string& what, size_t done, size_t of)> progress;
};

// Films that cannot be read are in data.unreadable and count nowhere else.
// Errors: kInvalidArgument (models of different reported labels or of none among the
// classes; a subgroup column that no film has; no film could be read; an out-of-fold
// file that cannot be understood), those of models and of films of `shortcut_data` that
// cannot be read, LoadEnsembleThreshold's but kNotFound.
absl::StatusOr<EvaluationResult> Evaluate(const std::vector<ModelFolder>& models,
                                          const Dataset& dataset, const FilmReader& read_film,
                                          const EvaluationOptions& options);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_EVALUATION_EVALUATION_H_
