// Is a film like those that a network was trained on?  By the network's own pooled
// features, which are there anyway: an outlier costs no further pass.
//
// The features of the training films are described by a Gaussian whose covariance
// is shrunk: the first K principal directions keep their variances, and all others
// share their mean variance (probabilistic principal components; Tipping and Bishop,
// J. R. Statist. Soc. B 61, 1999).  The distance of a film is Mahalanobis's in that
// Gaussian, per dimension, so that a typical training film is near 1:
//
//   z  = V (x - mean)        x: pooled features; V: K x C, orthonormal rows
//   d2 = (sum_k z_k^2 / variance_k + (|x - mean|^2 - |z|^2) / residual_variance) / C
//   distance = sqrt(d2)

#ifndef CAMNODE_CORE_INFERENCE_OUTLIER_OUTLIER_MODEL_H_
#define CAMNODE_CORE_INFERENCE_OUTLIER_OUTLIER_MODEL_H_

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "core/domain/analysis.h"
#include "torch/torch.h"

namespace camnode {

struct OutlierParameters {
  torch::Tensor mean;        // float [C]
  torch::Tensor components;  // float [K, C], orthonormal rows
  torch::Tensor variances;   // float [K], positive
  double residual_variance = 1.0;
  double threshold = 1.0;  // On the distance; positive.
};

// Immutable; thread-safe.
class OutlierModel {
 public:
  // REQUIRES: shapes as OutlierParameters says.
  explicit OutlierModel(OutlierParameters parameters) : p_(std::move(parameters)) {}

  // A safetensors file as FormatOutlierModel makes it.
  // Errors: ReadSafetensors', kDataLoss (tensors missing, of other shapes, not finite,
  // not positive where they must be).
  static absl::StatusOr<OutlierModel> Read(const std::string& path);

  // `pooled`: [C], the mean of Network::Activations over the grid, of any floating
  // type and device.
  // Errors: kFailedPrecondition (another C: the model belongs to another network).
  // Throws what LibTorch throws.
  absl::StatusOr<OutlierScore> Score(const torch::Tensor& pooled) const;

  const OutlierParameters& parameters() const { return p_; }

 private:
  OutlierParameters p_;
};

// The bytes of the file.  Errors: FormatSafetensors'.  Throws what LibTorch throws.
absl::StatusOr<std::string> FormatOutlierModel(const OutlierParameters& parameters);

}  // namespace camnode

#endif  // CAMNODE_CORE_INFERENCE_OUTLIER_OUTLIER_MODEL_H_
