#include "core/models/precision_gate.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace camnode {

namespace v1 = camnode::model::v1;

absl::Status CheckGate(const v1::PrecisionCheck& check) {
  std::vector<std::string> failures;
  if (check.films() < kMinCheckedFilms) {
    failures.push_back(
        absl::StrFormat("%d films, at least %d are needed", check.films(), kMinCheckedFilms));
  }
  // Written so that a number that is none fails.
  if (!(check.max_probability_difference() <= kMaxProbabilityDifference)) {
    failures.push_back(absl::StrFormat("a probability moved by %.4f, at most %.2f is allowed",
                                       check.max_probability_difference(),
                                       kMaxProbabilityDifference));
  }
  if (!(check.flipped_verdicts() <= kMaxFlippedVerdicts)) {
    failures.push_back(absl::StrFormat("%.2f %% of the verdicts flipped, at most %.1f %% may",
                                       100 * check.flipped_verdicts(), 100 * kMaxFlippedVerdicts));
  }
  if (!(check.other_peak_cells() <= kMaxOtherPeakCells)) {
    failures.push_back(absl::StrFormat("%.2f %% of the maps peak elsewhere, at most %.0f %% may",
                                       100 * check.other_peak_cells(), 100 * kMaxOtherPeakCells));
  }
  if (failures.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrJoin(failures, "; "));
}

absl::Status CheckPrecision(const v1::ModelManifest& manifest) {
  const v1::Precision precision = manifest.precision();
  if (precision == v1::PRECISION_UNSPECIFIED || precision == v1::FLOAT32) return absl::OkStatus();
  const std::string what = absl::StrCat("precision ", v1::Precision_Name(precision));
  const v1::PrecisionCheck* last = nullptr;
  for (const v1::PrecisionCheck& check : manifest.precision_checks()) {
    if (check.precision() == precision && check.weights_sha256() == manifest.weights_sha256() &&
        check.threshold() == manifest.threshold()) {
      last = &check;
    }
  }
  if (last != nullptr) {
    const absl::Status status = CheckGate(*last);
    if (status.ok()) return status;
    return absl::FailedPreconditionError(
        absl::StrCat(what, " did not pass its check: ", status.message()));
  }
  return absl::FailedPreconditionError(
      absl::StrCat(what,
                   " was not checked for these weights and this threshold: run camnode-lab "
                   "evaluate-precision, or say FLOAT32"));
}

}  // namespace camnode
