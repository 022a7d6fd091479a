#include "core/models/ensemble_threshold.h"

#include <google/protobuf/text_format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"

namespace camnode {
namespace {

namespace fs = std::filesystem;
namespace v1 = camnode::model::v1;

constexpr std::uintmax_t kMaxFileBytes = 1 << 20;
constexpr size_t kNameDigits = 16;

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
  return (fs::path(model_directory) / "ensemble" /
          absl::StrCat(scores_digest.substr(0, kNameDigits), ".textproto"))
      .string();
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
  const std::string path = EnsembleThresholdPath(model_directory, digest);
  std::error_code error;
  if (!fs::is_regular_file(path, error)) {
    return absl::NotFoundError(absl::StrCat("no file ", path));
  }
  if (fs::file_size(path, error) > kMaxFileBytes || error) {
    return absl::FailedPreconditionError(absl::StrCat(path, ": too large"));
  }
  std::ifstream file(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  EnsembleThreshold threshold;
  google::protobuf::TextFormat::Parser parser;
  if (!parser.ParseFromString(text, &threshold)) {
    return absl::FailedPreconditionError(absl::StrCat(path, ": is not an EnsembleThreshold"));
  }
  if (threshold.models_digest() != digest) {
    return absl::FailedPreconditionError(absl::StrCat(path, ": is for other models"));
  }
  if (const absl::Status status = Check(threshold); !status.ok()) {
    return absl::FailedPreconditionError(absl::StrCat(path, ": ", status.message()));
  }
  return threshold;
}

absl::Status SaveEnsembleThreshold(const std::string& model_directory,
                                   const EnsembleThreshold& threshold) {
  CAMNODE_RETURN_IF_ERROR(Check(threshold));
  const std::string path = EnsembleThresholdPath(model_directory, threshold.models_digest());
  std::string text;
  google::protobuf::TextFormat::PrintToString(threshold, &text);
  std::error_code error;
  fs::create_directories(fs::path(path).parent_path(), error);
  const std::string part = absl::StrCat(path, ".part");
  std::ofstream file(part, std::ios::binary | std::ios::trunc);
  file << "# From which mean of the models' probabilities a film counts as positive;\n"
          "# see proto/camnode/model/v1/ensemble_threshold.proto.\n\n"
       << text;
  file.close();
  if (file) fs::rename(part, path, error);
  if (!file || error) return absl::UnavailableError(absl::StrCat("cannot write ", path));
  return absl::OkStatus();
}

}  // namespace camnode
