#include "core/models/agreement_null.h"

#include <google/protobuf/text_format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"

namespace camnode {
namespace {

namespace fs = std::filesystem;
namespace v1 = camnode::model::v1;

constexpr std::uintmax_t kMaxFileBytes = 4 << 20;
constexpr size_t kNameDigits = 16;

using Quantiles = google::protobuf::RepeatedField<double>;

bool AreQuantiles(const Quantiles& values) {
  return values.size() == kAgreementQuantiles &&
         std::all_of(values.begin(), values.end(), [](double x) { return std::isfinite(x); }) &&
         std::is_sorted(values.begin(), values.end());
}

bool IsWhole(const AgreementNull& null) {
  return std::all_of(null.distributions().begin(), null.distributions().end(),
                     [](const v1::AgreementDistribution& d) {
                       return AreQuantiles(d.overlap()) && AreQuantiles(d.distance()) &&
                              AreQuantiles(d.correlation());
                     });
}

absl::StatusOr<std::string> ReadText(const std::string& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) {
    return absl::NotFoundError(absl::StrCat("no file ", path));
  }
  if (fs::file_size(path, error) > kMaxFileBytes || error) {
    return absl::FailedPreconditionError(absl::StrCat(path, ": too large"));
  }
  std::ifstream file(path, std::ios::binary);
  return std::string((std::istreambuf_iterator<char>(file)), {});
}

}  // namespace

std::string MapsDigest(const std::vector<ModelFolder>& models) {
  std::string text = "camnode maps 1\n";
  for (const ModelFolder& model : models) {
    const v1::ModelManifest& m = model.manifest;
    // No maps inside, so the wire format of one content is one text.
    for (const std::string& field :
         {m.weights_sha256(), m.architecture(), absl::StrCat(ReportedOutput(m)),
          m.preprocessing().SerializeAsString()}) {
      absl::StrAppend(&text, field.size(), ":", field, "\n");
    }
  }
  return Sha256Hex(text);
}

std::string AgreementNullPath(const std::string& model_directory, absl::string_view maps_digest) {
  return (fs::path(model_directory) / "agreement" /
          absl::StrCat(maps_digest.substr(0, kNameDigits), ".textproto"))
      .string();
}

absl::StatusOr<AgreementNull> LoadAgreementNull(const std::string& model_directory,
                                                const std::vector<ModelFolder>& models) {
  const std::string digest = MapsDigest(models);
  const std::string path = AgreementNullPath(model_directory, digest);
  CAMNODE_ASSIGN_OR_RETURN(const std::string text, ReadText(path));
  AgreementNull null;
  google::protobuf::TextFormat::Parser parser;
  if (!parser.ParseFromString(text, &null)) {
    return absl::FailedPreconditionError(absl::StrCat(path, ": is not an AgreementNull"));
  }
  if (null.models_digest() != digest) {
    return absl::FailedPreconditionError(absl::StrCat(path, ": was made for other models"));
  }
  if (!IsWhole(null)) {
    return absl::FailedPreconditionError(absl::StrCat(path, ": quantiles are missing"));
  }
  return null;
}

absl::Status SaveAgreementNull(const std::string& model_directory, const AgreementNull& null) {
  const std::string path = AgreementNullPath(model_directory, null.models_digest());
  google::protobuf::TextFormat::Printer printer;
  printer.SetUseShortRepeatedPrimitives(true);
  std::string text;
  printer.PrintToString(null, &text);
  std::error_code error;
  fs::create_directories(fs::path(path).parent_path(), error);
  const std::string part = absl::StrCat(path, ".part");
  std::ofstream file(part, std::ios::binary | std::ios::trunc);
  file << "# What chance gives; see proto/camnode/model/v1/agreement_null.proto.\n\n" << text;
  file.close();
  if (file) fs::rename(part, path, error);
  if (!file || error) return absl::UnavailableError(absl::StrCat("cannot write ", path));
  return absl::OkStatus();
}

const v1::AgreementDistribution* FindDistribution(const AgreementNull& null,
                                                  const std::vector<int>& models) {
  for (const v1::AgreementDistribution& distribution : null.distributions()) {
    if (std::equal(models.begin(), models.end(), distribution.models().begin(),
                   distribution.models().end())) {
      return &distribution;
    }
  }
  return nullptr;
}

double RoundAgreement(double value) { return std::round(value * 1e6) / 1e6; }

double PercentileAmong(const Quantiles& quantiles, double value) {
  value = RoundAgreement(value);
  const auto first = std::lower_bound(quantiles.begin(), quantiles.end(), value);
  const auto last = std::upper_bound(first, quantiles.end(), value);
  if (first != last) {
    // On a plateau: its middle.
    return static_cast<double>((first - quantiles.begin()) + (last - 1 - quantiles.begin())) / 2.0;
  }
  if (first == quantiles.begin()) return 0.0;
  if (first == quantiles.end()) return 100.0;
  const double below = *(first - 1);
  return static_cast<double>(first - 1 - quantiles.begin()) + (value - below) / (*first - below);
}

}  // namespace camnode
