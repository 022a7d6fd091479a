#include "core/models/model_repository.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iterator>
#include <limits>
#include <map>
#include <set>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "core/base/files.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"
#include "core/models/model_manifest.h"

namespace camnode {
namespace {

namespace fs = std::filesystem;
namespace v1 = camnode::model::v1;

constexpr char kManifestFile[] = "manifest.textproto";

absl::Status CheckFile(const std::string& path, const std::string& sha256, WeightsCheck check) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) {
    return absl::NotFoundError(
        absl::StrCat("no file ", path, ", which the manifest beside it names"));
  }
  if (check == WeightsCheck::kSkipDigest) return absl::OkStatus();
  CAMNODE_ASSIGN_OR_RETURN(const std::string digest, Sha256HexOfFile(path));
  if (digest != sha256) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, ": SHA-256 is ", digest, " but the manifest says ", sha256));
  }
  return absl::OkStatus();
}

absl::Status CheckFiles(const ModelFolder& model, WeightsCheck check) {
  CAMNODE_RETURN_IF_ERROR(CheckFile(model.weights_path, model.manifest.weights_sha256(), check));
  if (model.outlier_path.empty()) return absl::OkStatus();
  return CheckFile(model.outlier_path, model.manifest.outlier_sha256(), check);
}

// "resnet18" -> the folder name of its highest version below root.
absl::StatusOr<std::string> HighestVersion(const std::string& root, absl::string_view name) {
  const fs::path folder = fs::path(root) / std::string(name);
  std::error_code error;
  int highest = 0;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string version = it->path().filename().string();
    int number = 0;
    if (IsModelVersion(version) && absl::SimpleAtoi(version, &number) &&
        fs::exists(it->path() / kManifestFile)) {
      highest = std::max(highest, number);
    }
  }
  if (highest == 0) {
    return absl::NotFoundError(absl::StrCat("no model in ", folder.string(), " (expected ",
                                            folder.string(), "/1/", kManifestFile, ")"));
  }
  return absl::StrCat(highest);
}

absl::StatusOr<ModelFolder> LoadNamed(const std::string& root, const std::string& name,
                                      WeightsCheck check) {
  const std::vector<std::string> parts = absl::StrSplit(name, '/');
  if (parts.size() > 2 || !IsModelName(parts[0]) ||
      (parts.size() == 2 && !IsModelVersion(parts[1]))) {
    return absl::FailedPreconditionError(
        absl::StrCat("model \"", name, "\" must be written as NAME or NAME/VERSION"));
  }
  std::string version;
  if (parts.size() == 2) {
    version = parts[1];
  } else {
    CAMNODE_ASSIGN_OR_RETURN(version, HighestVersion(root, parts[0]));
  }
  CAMNODE_ASSIGN_OR_RETURN(ModelFolder model,
                           LoadModelFolder((fs::path(root) / parts[0] / version).string(), check));
  if (model.manifest.name() != parts[0] || model.manifest.version() != version) {
    return absl::FailedPreconditionError(
        absl::StrCat(model.directory, "/", kManifestFile, ": says it is ", model.manifest.name(),
                     "/", model.manifest.version(), ", which is not the folder it lies in"));
  }
  return model;
}

// Length before text, so that no two lists of fields read the same.
void AppendField(std::string& text, absl::string_view field) {
  absl::StrAppend(&text, field.size(), ":", field, "\n");
}

void AppendField(std::string& text, double value) {
  AppendField(text, absl::StrFormat("%.17g", value));
}

// All that decides the numbers and the legends; not the prose.
std::string Identity(const v1::ModelManifest& m) {
  const v1::Preprocessing& p = m.preprocessing();
  std::string text;
  AppendField(text, m.name());
  AppendField(text, m.version());
  AppendField(text, m.architecture());
  AppendField(text, absl::StrJoin(m.labels(), "\n"));
  AppendField(text, m.reported_label());
  AppendField(text, p.input_size());
  AppendField(text, v1::Geometry_Name(p.geometry()));
  AppendField(text, v1::IntensityPolicy_Name(p.intensity()));
  AppendField(text, p.window_center());
  AppendField(text, p.window_width());
  for (const double value : p.mean()) AppendField(text, value);
  for (const double value : p.standard_deviation()) AppendField(text, value);
  AppendField(text, m.threshold());
  AppendField(text, m.threshold_set_id());
  AppendField(text, m.has_calibration() ? m.calibration().scale() : 1.0);
  AppendField(text, m.has_calibration() ? m.calibration().offset() : 0.0);
  AppendField(text, m.weights_sha256());
  AppendField(text, m.population());
  if (p.has_percentile_normalization()) {
    AppendField(text, "percentile_normalization");
    AppendField(text, p.percentile_normalization().low());
    AppendField(text, p.percentile_normalization().high());
  }
  if (m.has_age_range()) {
    AppendField(text, absl::StrCat("age_range ", m.age_range().min_years(), " ",
                                   m.age_range().max_years()));
  }
  if (!m.outlier_sha256().empty()) AppendField(text, absl::StrCat("outlier ", m.outlier_sha256()));
  // Said only where it matters, so that older sets keep their digests.
  if (m.output_activation() == v1::OUTPUT_ACTIVATION_SOFTMAX) AppendField(text, "softmax");
  if (m.precision() > v1::FLOAT32) AppendField(text, v1::Precision_Name(m.precision()));
  return text;
}

}  // namespace

absl::StatusOr<ModelFolder> LoadModelFolder(const std::string& directory, WeightsCheck check) {
  ModelFolder model;
  model.directory = fs::path(directory).lexically_normal().string();
  std::error_code error;
  if (!fs::is_directory(directory, error)) {
    return absl::NotFoundError(absl::StrCat("no model folder ", directory));
  }
  const std::string manifest_path = (fs::path(model.directory) / kManifestFile).string();
  CAMNODE_ASSIGN_OR_RETURN(const std::string text, ReadFile(manifest_path, kMaxManifestBytes,
                                                            absl::StatusCode::kFailedPrecondition));
  absl::StatusOr<v1::ModelManifest> manifest = ParseManifest(text);
  if (!manifest.ok()) return Annotate(manifest.status(), manifest_path);
  model.manifest = *std::move(manifest);
  model.weights_path = (fs::path(model.directory) / model.manifest.weights_file()).string();
  if (!model.manifest.outlier_file().empty()) {
    model.outlier_path = (fs::path(model.directory) / model.manifest.outlier_file()).string();
  }
  CAMNODE_RETURN_IF_ERROR(CheckFiles(model, check));
  return model;
}

absl::StatusOr<std::vector<ModelFolder>> LoadModelSet(const std::string& root,
                                                      const std::vector<std::string>& names,
                                                      WeightsCheck check) {
  std::vector<ModelFolder> models;
  std::set<std::string> seen;
  for (const std::string& name : names) {
    CAMNODE_ASSIGN_OR_RETURN(ModelFolder model, LoadNamed(root, name, check));
    if (!seen.insert(model.manifest.name()).second) {
      return absl::FailedPreconditionError(
          absl::StrCat("model ", model.manifest.name(), " is named twice"));
    }
    models.push_back(std::move(model));
  }
  return models;
}

std::vector<ModelFolder> SharedModels::FoldersOf(std::size_t set) const {
  std::vector<ModelFolder> models;
  for (const std::size_t index : sets.at(set)) models.push_back(folders.at(index));
  return models;
}

absl::StatusOr<SharedModels> LoadSharedModels(
    const std::string& root, const std::vector<std::vector<std::string>>& sets_of_names,
    WeightsCheck check) {
  SharedModels shared;
  std::map<std::string, std::size_t> index_of;
  for (const std::vector<std::string>& names : sets_of_names) {
    CAMNODE_ASSIGN_OR_RETURN(const std::vector<ModelFolder> models,
                             LoadModelSet(root, names, WeightsCheck::kSkipDigest));
    std::vector<std::size_t>& set = shared.sets.emplace_back();
    for (const ModelFolder& model : models) {
      const auto [entry, is_new] = index_of.emplace(model.directory, shared.folders.size());
      set.push_back(entry->second);
      if (!is_new) continue;
      CAMNODE_RETURN_IF_ERROR(CheckFiles(model, check));
      shared.folders.push_back(model);
    }
  }
  return shared;
}

std::string ModelSetDigest(const std::vector<ModelFolder>& models) {
  std::string text = "camnode model set 1\n";
  for (const ModelFolder& model : models) AppendField(text, Identity(model.manifest));
  return Sha256Hex(text);
}

std::string ThresholdSetId(const std::vector<ModelFolder>& models) {
  std::vector<std::string> ids;
  for (const ModelFolder& model : models) ids.push_back(model.manifest.threshold_set_id());
  if (std::set<std::string>(ids.begin(), ids.end()).size() == 1) ids.resize(1);
  return absl::StrJoin(ids, "+");
}

int ReportedOutput(const v1::ModelManifest& manifest) {
  const auto& labels = manifest.labels();
  return static_cast<int>(std::distance(
      labels.begin(), std::find(labels.begin(), labels.end(), manifest.reported_label())));
}

double LogOdds(const v1::ModelManifest& manifest, const std::vector<float>& logits) {
  const auto reported = static_cast<size_t>(ReportedOutput(manifest));
  const double logit = logits.at(reported);
  if (manifest.output_activation() != v1::OUTPUT_ACTIVATION_SOFTMAX) return logit;
  // The largest is taken out of the sum, so that no exponential overflows.
  double largest = -std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < logits.size(); ++i) {
    if (i != reported) largest = std::max<double>(largest, logits[i]);
  }
  double sum = 0.0;
  for (size_t i = 0; i < logits.size(); ++i) {
    if (i != reported) sum += std::exp(logits[i] - largest);
  }
  return logit - largest - std::log(sum);
}

double RoundProbability(double probability) { return std::round(probability * 1e4) / 1e4; }

double CalibratedProbability(const v1::Calibration& calibration, double log_odds) {
  return RoundProbability(
      1.0 / (1.0 + std::exp(-(calibration.scale() * log_odds + calibration.offset()))));
}

double CalibratedProbability(const v1::ModelManifest& manifest, double log_odds) {
  v1::Calibration calibration;
  calibration.set_scale(1.0);
  return CalibratedProbability(manifest.has_calibration() ? manifest.calibration() : calibration,
                               log_odds);
}

}  // namespace camnode
