// Fits an outlier model on the features of the training films; outlier_model.h has the
// formula.

#ifndef CAMNODE_CORE_INFERENCE_OUTLIER_OUTLIER_FIT_H_
#define CAMNODE_CORE_INFERENCE_OUTLIER_OUTLIER_FIT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace camnode {

struct OutlierFitOptions {
  // Principal directions kept; fewer than films and features.
  int components = 64;
  // Share of the training films, in percent, that the threshold lets pass.
  double percentile = 99.5;
  // The threshold is taken from distances of films that the Gaussian had not seen.
  int folds = 5;
};

struct OutlierFit {
  std::string bytes;       // Of the file; see OutlierModel::Read.
  double threshold = 0.0;  // Distances: about 1 for a typical film.
  double median = 0.0;     // Of the held-out distances.
  double largest = 0.0;
};

// `features`: one row per film, as Classifier::PooledFeatures gives them.  `groups`:
// one text per film; films of one group (one patient) are held out together.
// Deterministic; thread-safe.  Borrows its arguments.
//
// Errors: kInvalidArgument (rows of different lengths, not finite, or too few for the
// options; as many groups as rows are needed), kInternal (LibTorch threw).
absl::StatusOr<OutlierFit> FitOutlierModel(const std::vector<std::vector<float>>& features,
                                           const std::vector<std::string>& groups,
                                           const OutlierFitOptions& options);

}  // namespace camnode

#endif  // CAMNODE_CORE_INFERENCE_OUTLIER_OUTLIER_FIT_H_
