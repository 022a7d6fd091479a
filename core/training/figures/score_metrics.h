// How good are scores, over a set of films?
//
// Every figure takes each film with its weight (ScoredFilm::weight): 1 for the plain
// figure, a shortcut weight (shortcut_baseline.h) for the balanced one, times a
// multiplicity in a bootstrap round (bootstrap.h).  A weight of 0 leaves a film out.
//
// No output is ever NaN or infinite.  A figure that a set of one class does not define
// is an error, or nullopt where that is said.  All functions are thread-safe.

#ifndef CAMNODE_CORE_TRAINING_FIGURES_SCORE_METRICS_H_
#define CAMNODE_CORE_TRAINING_FIGURES_SCORE_METRICS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"

namespace camnode {

// One film and what one model (or the mean of several) says of it.
struct ScoredFilm {
  std::string name;  // LabelledFilm::name
  std::string patient;
  int fold = 0;           // The one it was held out in.
  bool positive = false;  // Its label.
  // Log odds before calibration (LogOdds in core/models/model_repository.h): the logit
  // of a network with one output.  Of a mean of models: the log odds of their mean.
  double logit = 0.0;
  // Calibrated, 0 to 1.  Serving rounds it to 1e-4; figures that depend on a threshold
  // take it rounded so, whether it came rounded or not.
  double probability = 0.0;
  double weight = 1.0;  // Not negative.
};

enum class Score {
  kLogit,        // For ranking: AUC and curves of one model.
  kProbability,  // Rounded to 1e-4: what a threshold sees.
};

// Are these films fit for any figure?
// Errors: kInvalidArgument (a score or weight that is not finite, a negative weight, a
// probability outside 0 to 1: names the film; films of no weight together).
absl::Status CheckFilmValues(const std::vector<ScoredFilm>& films);

// Are these films fit for figures that need both classes?
// Errors: CheckFilmValues'; kInvalidArgument (no positive or no negative film of positive
// weight).
absl::Status CheckScoredFilms(const std::vector<ScoredFilm>& films);

// The logit, or the probability rounded to 1e-4.
double ScoreOf(const ScoredFilm& film, Score score);

// The verdict as serving takes it: the probability, rounded to 1e-4, is at least
// `threshold`.
bool IsPositive(double probability, double threshold);

// One cut of the ROC curve: films that score at least `threshold` are called positive.
struct RocPoint {
  double threshold = 0.0;
  double false_positive_rate = 0.0;  // 1 - specificity
  double true_positive_rate = 0.0;   // Sensitivity
};

// From (0, 0) to (1, 1), thresholds falling, one point for each distinct score and one
// before them.  The first point calls nothing positive: its threshold is the highest
// score plus 1.  Films of equal score enter together, which makes the curve's area
// equal to Auc's.
// Errors: CheckScoredFilms'.
absl::StatusOr<std::vector<RocPoint>> RocCurve(const std::vector<ScoredFilm>& films,
                                               Score score = Score::kLogit);

// Area under the ROC curve (RankedScores in core/inference).
// Errors: CheckScoredFilms'.
absl::StatusOr<double> Auc(const std::vector<ScoredFilm>& films, Score score = Score::kLogit);

struct PrecisionRecallPoint {
  double threshold = 0.0;
  double recall = 0.0;
  double precision = 0.0;
};

// Thresholds falling, one point for each distinct score; recall never falls.
// Errors: CheckScoredFilms'.
absl::StatusOr<std::vector<PrecisionRecallPoint>> PrecisionRecallCurve(
    const std::vector<ScoredFilm>& films, Score score = Score::kLogit);

// Sum over the points of precision times the step in recall, not interpolated: Davis and
// Goadrich (ICML 2006) show why straight lines between points flatter.
// Errors: CheckScoredFilms'.
absl::StatusOr<double> AveragePrecision(const std::vector<ScoredFilm>& films,
                                        Score score = Score::kLogit);

// Sums of weights (counts, where all weights are 1).
struct Confusion {
  double true_positives = 0.0;
  double false_positives = 0.0;
  double true_negatives = 0.0;
  double false_negatives = 0.0;
};

// Defined for any films, of one class or none too.
Confusion CountConfusion(const std::vector<ScoredFilm>& films, double threshold);

// Shares of a confusion; nullopt where nothing is there to take a share of.
absl::optional<double> Sensitivity(const Confusion& confusion);  // Recall of the positives.
absl::optional<double> Specificity(const Confusion& confusion);
absl::optional<double> Accuracy(const Confusion& confusion);
// 2 TP / (2 TP + FP + FN): van Rijsbergen 1979.
absl::optional<double> F1(const Confusion& confusion);

// One line of a classification report.  Precision (of the positives the positive
// predictive value, of the negatives the negative) is 0 where no film was called so, and
// recall 0 where none is so; F1 is 0 where both are.
struct ClassFigures {
  double precision = 0.0;
  double recall = 0.0;
  double f1 = 0.0;
  double support = 0.0;  // Sum of the weights of the films that are so.
};

// As scikit-learn's classification_report of two classes, with zero_division=0.
struct ClassificationReport {
  ClassFigures negative;
  ClassFigures positive;
  ClassFigures macro;     // Mean of the two; its support is the sum.
  ClassFigures weighted;  // Mean weighted by support.
  double accuracy = 0.0;  // 0 without films.
};
ClassificationReport MakeClassificationReport(const Confusion& confusion);

// Weighted mean of -log p(label).  Serving rounds probabilities to 1e-4, so 0 means
// under 5e-5: probabilities are cut to 5e-5 .. 1 - 5e-5 here, and one film costs at
// most 9.9.  Defined for one class.
// Errors: CheckFilmValues'.
absl::StatusOr<double> LogLoss(const std::vector<ScoredFilm>& films);

// Weighted mean of (p - label)^2: Brier 1950.  Defined for one class.
// Errors: CheckFilmValues'.
absl::StatusOr<double> BrierScore(const std::vector<ScoredFilm>& films);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_FIGURES_SCORE_METRICS_H_
