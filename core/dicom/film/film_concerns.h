// What neither header nor pixels settle: reasons to doubt that the models were made
// for a film, which a policy turns into a flag or a refusal (eligibility_policy.h).

#ifndef CAMNODE_CORE_DICOM_FILM_FILM_CONCERNS_H_
#define CAMNODE_CORE_DICOM_FILM_FILM_CONCERNS_H_

#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "core/dicom/film/instance_header.h"
#include "core/domain/analysis.h"
#include "core/domain/eligibility_policy.h"
#include "core/domain/radiograph.h"

namespace camnode {

// Completed years, both included; see AgeRange in manifest.proto.
struct AgeLimits {
  int min_years = 0;
  int max_years = 150;
};

// VIEW_UNKNOWN, AGE_UNKNOWN, AGE_OUT_OF_RANGE.  `ages`: empty if no model asks.
// REQUIRES: CheckHeader(header) found nothing.
std::vector<AnalysisFlag> FindHeaderConcerns(const InstanceHeader& header,
                                             const absl::optional<AgeLimits>& ages);

// The same for a picture, which has no header.
std::vector<AnalysisFlag> FindPictureConcerns(const absl::optional<AgeLimits>& ages);

// INVERTED, ROTATED.  REQUIRES: CheckPixels(film) found nothing.
std::vector<AnalysisFlag> FindPixelConcerns(const Radiograph& film);

// What `policy` says to the flag with this code.  REQUIRES: one of the above, or
// OUTLIER.
EligibilityResponse ResponseTo(absl::string_view code, const EligibilityPolicy& policy);

}  // namespace camnode

#endif  // CAMNODE_CORE_DICOM_FILM_FILM_CONCERNS_H_
