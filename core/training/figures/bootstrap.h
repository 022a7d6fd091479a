// How far would a figure move with other patients?
//
// The bootstrap (Efron 1979) resamples patients, not films: films of one patient are
// alike, and treating them as independent makes intervals too narrow (Field and Welsh
// 2007, the cluster bootstrap).  Patients with a positive film and patients without are
// resampled apart, each as often as there are, so that no round lacks a class unless all
// negatives lie with positives.

#ifndef CAMNODE_CORE_TRAINING_FIGURES_BOOTSTRAP_H_
#define CAMNODE_CORE_TRAINING_FIGURES_BOOTSTRAP_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "core/training/figures/score_metrics.h"

namespace camnode {

// Draws the rounds.  Round r of a seed is the same on every machine, whoever asks and in
// whatever order: two models' figures may be compared round by round, and rounds shared
// out over threads.  Immutable; thread-safe.
class PatientResampler {
 public:
  // Keeps who belongs to whom and the films' weights.
  PatientResampler(const std::vector<ScoredFilm>& films, uint64_t seed);

  // Sets one weight a film: its own times how often its patient was drawn.
  void Draw(int round, std::vector<double>* weights) const;

  int patients() const { return patients_; }

 private:
  // Films of each patient; [0]: patients without a positive film, [1]: with.
  std::array<std::vector<std::vector<std::size_t>>, 2> strata_;
  std::vector<double> weights_;
  int patients_ = 0;
  uint64_t seed_;
};

struct BootstrapOptions {
  int rounds = 2000;
  double confidence = 0.95;  // 0 to 1 exclusive.
  uint64_t seed = 1;
};

// A figure and the middle `confidence` of its bootstrap distribution (percentile
// interval: Efron and Tibshirani 1993, chapter 13; between two rounds' values linearly).
struct Interval {
  double estimate = 0.0;  // Of the films as they are.
  double low = 0.0;
  double high = 0.0;
};

// The figure under film weights (one a film, in the films' order); nullopt where they do
// not define it.
using WeightedStatistic = std::function<absl::optional<double>(const std::vector<double>& weights)>;

// Calls `statistic` once with the films' own weights and once a round, on this thread.
// Rounds in which it is not defined are left out.
//
// Errors: kInvalidArgument (rounds < 1, confidence out of range; the figure is not
// defined or not finite for the films as they are, or in more than half of the rounds).
absl::StatusOr<Interval> BootstrapInterval(const std::vector<ScoredFilm>& films,
                                           const WeightedStatistic& statistic,
                                           const BootstrapOptions& options = {});

// Several figures of the same rounds, which then cost one drawing; `statistics` in the
// order of the intervals.  Errors: as BootstrapInterval.
using WeightedStatistics =
    std::function<std::vector<absl::optional<double>>(const std::vector<double>& weights)>;
absl::StatusOr<std::vector<Interval>> BootstrapIntervals(const std::vector<ScoredFilm>& films,
                                                         const WeightedStatistics& statistics,
                                                         const BootstrapOptions& options = {});

// Auc with its interval; a round is one pass over films that were sorted once.
// Errors: CheckScoredFilms', BootstrapInterval's.
absl::StatusOr<Interval> AucInterval(const std::vector<ScoredFilm>& films,
                                     Score score = Score::kLogit,
                                     const BootstrapOptions& options = {});

// Auc of `first` less Auc of `second`, two models over the same films in the same order:
// paired, so that what films have in common cancels.
// Errors: as AucInterval; kInvalidArgument (other films, labels, patients or weights).
absl::StatusOr<Interval> AucDifference(const std::vector<ScoredFilm>& first,
                                       const std::vector<ScoredFilm>& second,
                                       Score score = Score::kLogit,
                                       const BootstrapOptions& options = {});

// The value that a share `quantile` (0 to 1) of `values` is under, between two of them
// linearly (type 7 of Hyndman and Fan 1996: numpy's default).  REQUIRES: values.
double Quantile(std::vector<double> values, double quantile);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_FIGURES_BOOTSTRAP_H_
