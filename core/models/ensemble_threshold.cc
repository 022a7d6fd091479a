#include "core/models/ensemble_threshold.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"
#include "core/models/model_set_file.h"

namespace camnode {
namespace {

namespace v1 = camnode::model::v1;

constexpr ModelSetFileKind kKind = {
    "ensemble",
    "From which mean of the models' probabilities a film counts as positive;\n"
    "see proto/camnode/model/v1/ensemble_threshold.proto.",
    1 << 20};

std::string DescribeScores(const v1::ModelManifest& m) {
  v1::Calibration calibration = m.calibration();
  if (!m.has_calibration()) calibration.set_scale(1.0);
  // Left open, it is a sigmoid.
  const int activation = std::max<int>(m.output_activation(), v1::OUTPUT_ACTIVATION_SIGMOID);
  std::string text;
  // No maps inside, so the wire format of one content is one text.
  for (const std::string& field :
       {m.weights_sha256(), m.architecture(), absl::StrCat(ReportedOutput(m)),
        absl::StrCat(activation), m.preprocessing().SerializeAsString(),
        calibration.SerializeAsString()}) {
    absl::StrAppend(&text, field.size(), ":", field, "\n");
  }
  return text;
}

absl::Status Check(const EnsembleThreshold& threshold) {
  const auto complain = [](const char* what) { return absl::InvalidArgumentError(what); };
  if (threshold.models_digest().size() != 64) return complain("models_digest is not a SHA-256");
  if (threshold.members_size() < 2) return complain("members are fewer than two");
  if (!(threshold.threshold() > 0.0 && threshold.threshold() < 1.0)) {
    return complain("threshold must be between 0 and 1");
  }
  // A bootstrap's interval need not hold the estimate.
  if (!(threshold.interval_low() >= 0.0 && threshold.interval_low() <= threshold.interval_high() &&
        threshold.interval_high() <= 1.0)) {
    return complain("interval_low and interval_high must be between 0 and 1, in this order");
  }
  if (!(threshold.interval_level() > 0.0 && threshold.interval_level() < 1.0)) {
    return complain("interval_level must be between 0 and 1");
  }
  if (threshold.rule().empty()) return complain("rule is missing");
  if (threshold.threshold_set_id().empty()) return complain("threshold_set_id is missing");
  if (threshold.normals() <= 0 || threshold.normals() >= threshold.films()) {
    return complain("normals must be some of the films");
  }
  return absl::OkStatus();
}

}  // namespace

std::string ScoresDigest(const std::vector<ModelFolder>& models) {
  std::vector<std::string> scores;
  for (const ModelFolder& model : models) scores.push_back(DescribeScores(model.manifest));
  std::sort(scores.begin(), scores.end());
  return Sha256Hex(absl::StrCat("camnode scores 1\n", absl::StrJoin(scores, "\n")));
}

std::string EnsembleThresholdPath(const std::string& model_directory,
                                  absl::string_view scores_digest) {
  return ModelSetFilePath(model_directory, kKind, scores_digest);
}

EnsembleThreshold EnsembleThresholdOf(const std::vector<ModelFolder>& models) {
  EnsembleThreshold threshold;
  threshold.set_models_digest(ScoresDigest(models));
  for (const ModelFolder& model : models) {
    v1::EnsembleMember& member = *threshold.add_members();
    member.set_model(absl::StrCat(model.manifest.name(), "/", model.manifest.version()));
    member.set_weights_sha256(model.manifest.weights_sha256());
  }
  return threshold;
}

absl::StatusOr<EnsembleThreshold> LoadEnsembleThreshold(const std::string& model_directory,
                                                        const std::vector<ModelFolder>& models) {
  const std::string digest = ScoresDigest(models);
  CAMNODE_ASSIGN_OR_RETURN(EnsembleThreshold threshold,
                           LoadModelSetFile<EnsembleThreshold>(model_directory, kKind, digest));
  if (const absl::Status status = Check(threshold); !status.ok()) {
    return absl::FailedPreconditionError(
        absl::StrCat(EnsembleThresholdPath(model_directory, digest), ": ", status.message()));
  }
  return threshold;
}

absl::Status SaveEnsembleThreshold(const std::string& model_directory,
                                   const EnsembleThreshold& threshold) {
  CAMNODE_RETURN_IF_ERROR(Check(threshold));
  return SaveModelSetFile(model_directory, kKind, threshold);
}

}  // namespace camnode
