// How alike maps of different films are, for one set of models: the yardstick by which
// the agreement of their maps of one film is judged.
//
//   deploy/models/agreement/3c1f0b6a9d24e785.textproto
//
// Format: proto/camnode/model/v1/agreement_null.proto.  Found by the digest over the models:
// model_set_file.h.  All functions here are thread-safe.

#ifndef CAMNODE_CORE_MODELS_AGREEMENT_NULL_H_
#define CAMNODE_CORE_MODELS_AGREEMENT_NULL_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/models/model_repository.h"
#include "proto/camnode/model/v1/agreement_null.pb.h"

namespace camnode {

using AgreementNull = camnode::model::v1::AgreementNull;

constexpr int kAgreementQuantiles = 101;  // 0 %, 1 %, ... 100 %

// Digest over all that shapes the models' maps, in order: weights, architecture, reported
// label, preprocessing.  Thresholds and calibration make no difference.
std::string MapsDigest(const std::vector<ModelFolder>& models);

// Where the null of models below `model_directory` lies.
std::string AgreementNullPath(const std::string& model_directory, absl::string_view maps_digest);

// Errors: LoadModelSetFile's; kFailedPrecondition (the file is not whole; names it).
absl::StatusOr<AgreementNull> LoadAgreementNull(const std::string& model_directory,
                                                const std::vector<ModelFolder>& models);

// Writes it where LoadAgreementNull finds it, over an older one.
// Errors: SaveModelSetFile's.
absl::Status SaveAgreementNull(const std::string& model_directory, const AgreementNull& null);

// Of exactly these models, by their positions, rising; nullptr if there is none.
const camnode::model::v1::AgreementDistribution* FindDistribution(const AgreementNull& null,
                                                                  const std::vector<int>& models);

// Values are kept to six decimals: 10,000 draws give no more, and equal fractions stay
// equal.
double RoundAgreement(double value);

// How much of 100 % lies below `value`, rounded, in the middle of those equal to it;
// linear between quantiles.  REQUIRES: kAgreementQuantiles values, rising.
double PercentileAmong(const google::protobuf::RepeatedField<double>& quantiles, double value);

}  // namespace camnode

#endif  // CAMNODE_CORE_MODELS_AGREEMENT_NULL_H_
