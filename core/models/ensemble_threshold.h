// The threshold of several models together, on the mean of their probabilities.
//
//   deploy/models/ensemble/3c1f0b6a9d24e785.textproto
//
// Format: proto/camnode/model/v1/ensemble_threshold.proto.  Found by
// the digest over the models: model_set_file.h.  All functions here are thread-safe.

#ifndef CAMNODE_CORE_MODELS_ENSEMBLE_THRESHOLD_H_
#define CAMNODE_CORE_MODELS_ENSEMBLE_THRESHOLD_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/models/model_repository.h"
#include "proto/camnode/model/v1/ensemble_threshold.pb.h"

namespace camnode {

using EnsembleThreshold = camnode::model::v1::EnsembleThreshold;

// Digest over all that shapes the models' probabilities: weights, architecture, reported
// label, output activation, preprocessing, calibration.  The models' own thresholds make
// no difference, and neither does their order: it does not change a mean.
std::string ScoresDigest(const std::vector<ModelFolder>& models);

// Where the threshold of models below `model_directory` lies.
std::string EnsembleThresholdPath(const std::string& model_directory,
                                  absl::string_view scores_digest);

// Fills models_digest and members.
EnsembleThreshold EnsembleThresholdOf(const std::vector<ModelFolder>& models);

// Errors: LoadModelSetFile's; kFailedPrecondition (the file says what cannot be; names it
// and the field).
absl::StatusOr<EnsembleThreshold> LoadEnsembleThreshold(const std::string& model_directory,
                                                        const std::vector<ModelFolder>& models);

// Writes it where LoadEnsembleThreshold finds it, over an older one.
// Errors: kInvalidArgument (a field is missing or out of range: names it);
// SaveModelSetFile's.
absl::Status SaveEnsembleThreshold(const std::string& model_directory,
                                   const EnsembleThreshold& threshold);

}  // namespace camnode

#endif  // CAMNODE_CORE_MODELS_ENSEMBLE_THRESHOLD_H_
