#include "core/models/agreement_null.h"

#include <algorithm>
#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"
#include "core/models/model_set_file.h"

namespace camnode {
namespace {

namespace v1 = camnode::model::v1;

constexpr ModelSetFileKind kKind = {
    "agreement", "What chance gives; see proto/camnode/model/v1/agreement_null.proto.", 4 << 20};

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
  return ModelSetFilePath(model_directory, kKind, maps_digest);
}

absl::StatusOr<AgreementNull> LoadAgreementNull(const std::string& model_directory,
                                                const std::vector<ModelFolder>& models) {
  const std::string digest = MapsDigest(models);
  CAMNODE_ASSIGN_OR_RETURN(AgreementNull null,
                           LoadModelSetFile<AgreementNull>(model_directory, kKind, digest));
  if (!IsWhole(null)) {
    return absl::FailedPreconditionError(
        absl::StrCat(AgreementNullPath(model_directory, digest), ": quantiles are missing"));
  }
  return null;
}

absl::Status SaveAgreementNull(const std::string& model_directory, const AgreementNull& null) {
  return SaveModelSetFile(model_directory, kKind, null);
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
