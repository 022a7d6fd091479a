// Does a probability of 0.8 mean that eight of ten such films are positive, and what
// turns logits into probabilities that do?

#ifndef CAMNODE_CORE_TRAINING_FIGURES_CALIBRATION_H_
#define CAMNODE_CORE_TRAINING_FIGURES_CALIBRATION_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "core/training/figures/score_metrics.h"
#include "proto/camnode/model/v1/manifest.pb.h"

namespace camnode {

enum class Binning {
  // Bins of equal weight.  The figure to quote: networks put most films near 0 and 1, so
  // that bins of equal width hold a handful of films in the middle, whose noise is then
  // all the figure shows (Nixon et al., CVPR workshop 2019; Roelofs et al., AISTATS 2022,
  // find its bias the smaller).
  kEqualMass,
  // 0 to 0.1, 0.1 to 0.2, ...: Guo et al., ICML 2017; what most papers quote.
  kEqualWidth,
};

// One point of the reliability curve.
struct ReliabilityBin {
  double lowest_probability = 0.0;  // Of the films in it.
  double highest_probability = 0.0;
  int films = 0;
  double weight = 0.0;  // Their sum; positive.
  double mean_probability = 0.0;
  double positive_share = 0.0;
};

// Probabilities ascending; bins without a film of positive weight are left out, so there
// are 1 to `bins`.  Films of equal probability are in one bin, whatever the order of
// `films`.
// Errors: CheckFilmValues'; kInvalidArgument (bins < 1).
absl::StatusOr<std::vector<ReliabilityBin>> ReliabilityCurve(const std::vector<ScoredFilm>& films,
                                                             Binning binning, int bins = 10);

// Sum over the bins of |mean probability - share of positives| times the bin's share of
// the weight: Naeini et al., AAAI 2015, of the positive class's probability.
double ExpectedCalibrationError(const std::vector<ReliabilityBin>& curve);

// What the error would be over these films if the probabilities were perfect: labels are
// drawn from the probabilities themselves, and the error is never 0 at a finite number
// of films (Broecker and Smith 2007, "consistency resampling").  An error under `high`
// is no evidence of miscalibration.  Films of one patient are drawn independently, so
// for data with several films a patient the floor is rather too low than too high.
struct CalibrationNoise {
  double mean = 0.0;
  double high = 0.0;  // 95th percentile.
};

struct CalibrationError {
  double error = 0.0;
  CalibrationNoise floor;
};

struct CalibrationErrorOptions {
  Binning binning = Binning::kEqualMass;
  int bins = 10;
  int rounds = 1000;  // Of drawing labels; positive.
  uint64_t seed = 1;
};

// The same seed gives the same figures on every machine.
// Errors: ReliabilityCurve's; kInvalidArgument (rounds < 1).
absl::StatusOr<CalibrationError> MeasureCalibration(const std::vector<ScoredFilm>& films,
                                                    const CalibrationErrorOptions& options = {});

// Platt scaling of the films' logits: probability = sigmoid(scale * logit + offset) with
// the two numbers that make the weighted log loss smallest, against targets
// (N+ + 1) / (N+ + 2) and 1 / (N- + 2) in place of 1 and 0 (Platt 1999), by Newton's
// method with backtracking (Lin, Lin and Weng 2007, algorithm 1).  N+ and N- are sums of
// the weights, which are first scaled to a mean of 1 over the films.
//
// `prevalence`: share of positives, 0 to 1 exclusive, among the films that the
// probabilities are meant for.  The offset is moved by the difference of the log odds of
// it and of the weighted share of positives in `films` (Saerens, Latinne and Decaestecker
// 2002): only the share of the classes differs there, not what each looks like.
//
// `films`: pooled out-of-fold logits; probabilities are not looked at.
// Errors: CheckScoredFilms'; kInvalidArgument (prevalence out of range);
// kFailedPrecondition (the scale comes out 0 or less: the logit ranks positives below
// negatives, or all logits are equal).
absl::StatusOr<camnode::model::v1::Calibration> FitPlattScaling(
    const std::vector<ScoredFilm>& films, double prevalence);

// The weighted share of positives; a prevalence to state.
// Errors: CheckScoredFilms'.
absl::StatusOr<double> PositiveShare(const std::vector<ScoredFilm>& films);

// Sets each film's probability from its logit, rounded as serving rounds.
void ApplyCalibration(const camnode::model::v1::Calibration& calibration,
                      std::vector<ScoredFilm>* films);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_FIGURES_CALIBRATION_H_
