// A model is a folder: manifest.textproto and the weights it names.
//
//   deploy/models/resnet18/1/manifest.textproto
//   deploy/models/resnet18/1/weights.safetensors
//
// All functions here are thread-safe.

#ifndef CAMNODE_CORE_MODELS_MODEL_REPOSITORY_H_
#define CAMNODE_CORE_MODELS_MODEL_REPOSITORY_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/camnode/model/v1/manifest.pb.h"

namespace camnode {

// A checked manifest and where it came from.  Immutable once loaded.
struct ModelFolder {
  std::string directory;  // "deploy/models/resnet18/1"
  std::string weights_path;
  camnode::model::v1::ModelManifest manifest;
  std::string outlier_path = "";  // Empty: the manifest names no outlier file.
};

enum class WeightsCheck { kVerifyDigest, kSkipDigest };

// Errors: kNotFound (no such folder or file; names it), kFailedPrecondition (text
// does not parse: line and column; a field is missing or out of range; the
// weights' or outlier file's digest is not the manifest's: names both).
absl::StatusOr<ModelFolder> LoadModelFolder(const std::string& directory, WeightsCheck check);

// Each name is "resnet18" (its highest version) or "resnet18/1", below `root`.
// Errors: LoadModelFolder's, kFailedPrecondition (a name of another form or given twice;
// a folder that says it is another).
absl::StatusOr<std::vector<ModelFolder>> LoadModelSet(const std::string& root,
                                                      const std::vector<std::string>& names,
                                                      WeightsCheck check);

// The models of several sets, each folder once.
struct SharedModels {
  std::vector<ModelFolder> folders;
  // One for each list of names, in its order: indices into `folders`.
  std::vector<std::vector<std::size_t>> sets;

  // The folders of set number `set`.
  std::vector<ModelFolder> FoldersOf(std::size_t set) const;
};

// LoadModelSet of each list of names; a folder that several name is read once.
// Errors: as LoadModelSet.
absl::StatusOr<SharedModels> LoadSharedModels(
    const std::string& root, const std::vector<std::vector<std::string>>& sets_of_names,
    WeightsCheck check);

// One digest over names, versions, weights digests, thresholds and preprocessing
// of the set, in order: what a job's model_set says.
std::string ModelSetDigest(const std::vector<ModelFolder>& models);

// The one id if all agree, otherwise theirs joined by "+".
std::string ThresholdSetId(const std::vector<ModelFolder>& models);

// Position of the reported label among the network's outputs.
int ReportedOutput(const camnode::model::v1::ModelManifest& manifest);

// Log odds of the reported label before calibration: its logit or, under
// OUTPUT_ACTIVATION_SOFTMAX, its logit less the logarithm of the sum of the other
// outputs' exponentials.  REQUIRES: one logit a label.
double LogOdds(const camnode::model::v1::ModelManifest& manifest, const std::vector<float>& logits);

// To 1e-4: what results hold, and what verdicts are taken from.
double RoundProbability(double probability);

// probability = sigmoid(scale * log_odds + offset), 0 to 1, rounded to 1e-4 (Platt,
// "Probabilistic outputs for support vector machines", 1999).
double CalibratedProbability(const camnode::model::v1::Calibration& calibration, double log_odds);

// The same with the manifest's calibration (scale 1, offset 0 without one).
double CalibratedProbability(const camnode::model::v1::ModelManifest& manifest, double log_odds);

}  // namespace camnode

#endif  // CAMNODE_CORE_MODELS_MODEL_REPOSITORY_H_
