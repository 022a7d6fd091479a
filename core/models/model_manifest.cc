#include "core/models/model_manifest.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/models/precision_gate.h"
#include "core/models/text_proto.h"

namespace camnode {
namespace {

namespace v1 = camnode::model::v1;

constexpr int kMaxLabels = 1000;
constexpr int kMinInputSize = 32;
constexpr int kMaxInputSize = 2048;
constexpr int kMaxLegendBytes = 64;

bool IsPlainFileName(absl::string_view name) {
  if (name.empty() || name.size() > 128 || name.front() == '.') return false;
  return std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return absl::ascii_isalnum(c) || c == '.' || c == '_' || c == '-';
  });
}

bool IsSha256(absl::string_view text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return absl::ascii_isdigit(c) || (c >= 'a' && c <= 'f');
         });
}

// One line of printable ASCII: it ends up in legends and DICOM attributes.
bool IsLegend(absl::string_view text) {
  return !text.empty() && text.size() <= kMaxLegendBytes &&
         std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return absl::ascii_isprint(c) && c != '\\'; });
}

bool InRange(double value, double low, double high) {
  return std::isfinite(value) && value >= low && value <= high;
}

// Collects "field: what is wrong with it".
class Complaints {
 public:
  void Unless(bool fine, absl::string_view field, absl::string_view rule) {
    if (!fine) lines_.push_back(absl::StrCat(field, ": ", rule));
  }
  absl::Status ToStatus() const {
    if (lines_.empty()) return absl::OkStatus();
    return absl::FailedPreconditionError(absl::StrJoin(lines_, "; "));
  }

 private:
  std::vector<std::string> lines_;
};

void CheckPreprocessing(const v1::Preprocessing& p, Complaints& complaints) {
  complaints.Unless(p.input_size() >= kMinInputSize && p.input_size() <= kMaxInputSize,
                    "preprocessing.input_size", "must be 32 to 2048 pixels");
  complaints.Unless(p.geometry() == v1::GEOMETRY_SQUASH || p.geometry() == v1::GEOMETRY_LETTERBOX,
                    "preprocessing.geometry", "must be GEOMETRY_SQUASH or GEOMETRY_LETTERBOX");
  const bool fixed_window = p.intensity() == v1::INTENSITY_POLICY_FIXED_WINDOW;
  complaints.Unless(fixed_window || p.intensity() == v1::INTENSITY_POLICY_FILE,
                    "preprocessing.intensity",
                    "must be INTENSITY_POLICY_FILE or INTENSITY_POLICY_FIXED_WINDOW");
  if (fixed_window) {
    complaints.Unless(InRange(p.window_width(), 1e-6, 1e9), "preprocessing.window_width",
                      "must be above 0 for a fixed window");
    complaints.Unless(InRange(p.window_center(), -1e9, 1e9), "preprocessing.window_center",
                      "must be a number");
  }
  if (p.has_percentile_normalization()) {
    const v1::PercentileNormalization& share = p.percentile_normalization();
    complaints.Unless(InRange(share.low(), 0.0, 100.0) && InRange(share.high(), 0.0, 100.0) &&
                          share.low() < share.high(),
                      "preprocessing.percentile_normalization",
                      "must be two percentiles from 0 to 100, low below high");
  }
  const auto all_in = [](const auto& values, double low, double high) {
    return values.size() == 3 && std::all_of(values.begin(), values.end(), [&](double value) {
             return InRange(value, low, high);
           });
  };
  complaints.Unless(all_in(p.mean(), 0.0, 1.0), "preprocessing.mean",
                    "must be three values from 0 to 1");
  complaints.Unless(all_in(p.standard_deviation(), 1e-6, 10.0), "preprocessing.standard_deviation",
                    "must be three values above 0");
}

void CheckLabels(const v1::ModelManifest& m, Complaints& complaints) {
  const std::set<std::string> labels(m.labels().begin(), m.labels().end());
  complaints.Unless(m.labels_size() >= 1 && m.labels_size() <= kMaxLabels, "labels",
                    "must be 1 to 1000");
  complaints.Unless(static_cast<int>(labels.size()) == m.labels_size(), "labels",
                    "must differ from each other");
  complaints.Unless(std::all_of(labels.begin(), labels.end(), IsLegend), "labels",
                    "must be one line of at most 64 printable ASCII characters each");
  complaints.Unless(labels.count(m.reported_label()) == 1, "reported_label",
                    "must be one of labels");
  complaints.Unless(m.output_activation() != v1::OUTPUT_ACTIVATION_SOFTMAX || m.labels_size() >= 2,
                    "output_activation", "OUTPUT_ACTIVATION_SOFTMAX needs two labels or more");
}

}  // namespace

bool IsModelName(absl::string_view name) {
  return !name.empty() && name.size() <= 64 && name.front() != '_' && name.front() != '-' &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '_' || c == '-';
         });
}

bool IsModelVersion(absl::string_view version) {
  return !version.empty() && version.size() <= 9 && version.front() != '0' &&
         std::all_of(version.begin(), version.end(),
                     [](unsigned char c) { return absl::ascii_isdigit(c); });
}

absl::Status CheckManifest(const v1::ModelManifest& m) {
  Complaints complaints;
  complaints.Unless(IsModelName(m.name()), "name", "must be 1 to 64 of a-z 0-9 _ -");
  complaints.Unless(IsModelVersion(m.version()), "version", "must be a whole number from 1");
  complaints.Unless(IsModelName(m.architecture()), "architecture",
                    "must be 1 to 64 of a-z 0-9 _ -");
  CheckLabels(m, complaints);
  CheckPreprocessing(m.preprocessing(), complaints);
  complaints.Unless(m.threshold() > 0.0 && m.threshold() < 1.0, "threshold",
                    "must lie between 0 and 1");
  complaints.Unless(IsLegend(m.threshold_set_id()), "threshold_set_id",
                    "must be one line of at most 64 printable ASCII characters");
  if (m.has_calibration()) {
    complaints.Unless(InRange(m.calibration().scale(), 1e-6, 1e6), "calibration.scale",
                      "must be above 0");
    complaints.Unless(InRange(m.calibration().offset(), -1e6, 1e6), "calibration.offset",
                      "must be a number");
  }
  if (m.has_age_range()) {
    complaints.Unless(m.age_range().min_years() >= 0 && m.age_range().max_years() <= 150 &&
                          m.age_range().min_years() <= m.age_range().max_years(),
                      "age_range", "must be 0 to 150 years, min_years not above max_years");
  }
  if (!m.outlier_file().empty() || !m.outlier_sha256().empty()) {
    complaints.Unless(IsPlainFileName(m.outlier_file()), "outlier_file",
                      "must be a plain file name in the model's folder");
    complaints.Unless(IsSha256(m.outlier_sha256()), "outlier_sha256",
                      "must be 64 lower-case hexadecimal digits");
  }
  complaints.Unless(IsPlainFileName(m.weights_file()), "weights_file",
                    "must be a plain file name in the model's folder");
  complaints.Unless(IsSha256(m.weights_sha256()), "weights_sha256",
                    "must be 64 lower-case hexadecimal digits");
  complaints.Unless(m.weights_precision() == "float32" || m.weights_precision() == "float16",
                    "weights_precision", "must be \"float32\" or \"float16\"");
  const absl::Status precision = CheckPrecision(m);
  complaints.Unless(precision.ok(), "precision", precision.message());
  complaints.Unless(IsLegend(m.population()), "population",
                    "must be one line of at most 64 printable ASCII characters");
  complaints.Unless(!m.intended_use().empty(), "intended_use", "must not be empty");
  complaints.Unless(!m.training_data().empty(), "training_data", "must not be empty");
  return complaints.ToStatus();
}

absl::StatusOr<v1::ModelManifest> ParseManifest(absl::string_view text) {
  v1::ModelManifest manifest;
  if (absl::Status status = ParseTextProto(text, manifest); !status.ok()) return status;
  if (absl::Status status = CheckManifest(manifest); !status.ok()) return status;
  return manifest;
}

std::string FormatManifest(const v1::ModelManifest& manifest, absl::string_view comment) {
  return FormatTextProto(manifest, comment);
}

}  // namespace camnode
