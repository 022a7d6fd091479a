// The seam between the worker's loop and what it does with a film.

#ifndef CAMNODE_CORE_PIPELINE_FILM_ANALYZER_H_
#define CAMNODE_CORE_PIPELINE_FILM_ANALYZER_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "core/domain/analysis.h"
#include "core/domain/derived_instance.h"
#include "core/domain/instance.h"
#include "core/domain/job.h"

namespace camnode {

// A film between decoding and computing.  Only its analyzer looks inside.
class DecodedFilm {
 public:
  virtual ~DecodedFilm() = default;
};

// What is to be committed.  Every blob it names is durable.
struct AnalyzedFilm {
  Analysis analysis;
  std::vector<DerivedInstance> derived;
};

// One of several films that are ready at the same time.  Borrowed for one call.
struct WaitingFilm {
  const Job& job;
  const Instance& instance;
  DecodedFilm& film;
};

// Decode and Compute are each called by one thread at a time, but the one may run
// beside the other, for different films.
//
// Errors of both follow core/base/retryable.h.  Both may throw: the worker's loop makes
// an error of it.
class FilmAnalyzer {
 public:
  virtual ~FilmAnalyzer() = default;

  virtual absl::StatusOr<std::unique_ptr<DecodedFilm>> Decode(const Instance& instance) = 0;

  // REQUIRES: `job` has started.
  virtual absl::StatusOr<AnalyzedFilm> Compute(const Job& job, const Instance& instance,
                                               const DecodedFilm& film) = 0;

  // Called by the computing thread before Compute of each of them, when several films
  // wait: what is faster for many at once may be done now and kept in the films.  A
  // film that fails here fails in its own Compute, and alone.
  virtual void ComputeTogether(const std::vector<WaitingFilm>& /*films*/) {}

  // True once the device is beyond repair and only a fresh process can help.
  virtual bool IsBroken() const { return false; }
};

}  // namespace camnode

#endif  // CAMNODE_CORE_PIPELINE_FILM_ANALYZER_H_
