// Steps 10 and 11 of the life of an instance: a worker's models side by side.  The bench
// makes what they look at, gives them films together or one by one, and knows whether
// the device still answers.

#ifndef CAMNODE_CORE_PIPELINE_CLASSIFIER_BENCH_H_
#define CAMNODE_CORE_PIPELINE_CLASSIFIER_BENCH_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "core/domain/analysis.h"
#include "core/domain/radiograph.h"
#include "core/inference/classifier.h"

namespace camnode {

// A film as the models see it.
struct BenchedFilm {
  // By number of input: models that share their preprocessing share one.
  std::vector<absl::StatusOr<ClassifierInput>> inputs;
  // By number of model: what ClassifyTogether has made of it already.
  std::vector<absl::optional<absl::StatusOr<ModelResult>>> results;
};

// A film and the models, by number, that are to see it.  Borrowed for one call.
struct BenchRequest {
  BenchedFilm& film;
  const std::vector<std::size_t>& models;
};

// Models are called by their numbers, from 0, in the order in which they were given.
// Used by one thread at a time, but for what says otherwise.
class ClassifierBench {
 public:
  explicit ClassifierBench(std::vector<std::unique_ptr<Classifier>> classifiers);

  std::size_t size() const { return classifiers_.size(); }
  // REQUIRES: number < size().
  const Classifier& at(std::size_t number) const { return *classifiers_.at(number); }

  // What the models look at; an input that could not be made says why.  Thread-safe: may
  // run for the next film while another is classified.
  BenchedFilm Prepare(const Radiograph& film) const;

  // Every model over all films that want it, in batches; Classify then finds the results
  // in the film.  A film that fails here fails in its own Classify, and alone.
  void ClassifyTogether(const std::vector<BenchRequest>& requests);

  // One result a model, in the order of `models`.
  // Errors: those of Classifier::Classify, with the model's name; the first ends it.
  absl::StatusOr<std::vector<ModelResult>> Classify(const std::vector<std::size_t>& models,
                                                    const BenchedFilm& film);

  // Runs every model over a made-up film, so that the first real one does not pay for what
  // LibTorch does once.  Errors: as Classify.
  absl::Status WarmUp();

  // True after a failure of the device (core/inference/device/device_failure.h) that
  // Classify or WarmUp has reported: every later call would repeat it.
  bool IsBroken() const { return broken_; }

 private:
  absl::StatusOr<ModelResult> ClassifyBy(std::size_t model, const BenchedFilm& film);
  // `error` with the model's name.
  absl::Status Report(std::size_t model, const absl::Status& error);

  const std::vector<std::unique_ptr<Classifier>> classifiers_;
  const std::vector<std::size_t> input_of_;  // By model: which of a film's inputs it takes.
  bool broken_ = false;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_PIPELINE_CLASSIFIER_BENCH_H_
