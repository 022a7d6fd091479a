// What becomes of a film that the models may not have been made for, where neither
// header nor pixels settle it.

#ifndef CAMNODE_CORE_DOMAIN_ELIGIBILITY_POLICY_H_
#define CAMNODE_CORE_DOMAIN_ELIGIBILITY_POLICY_H_

#include <utility>

namespace camnode {

enum class EligibilityResponse {
  kIgnore,
  kFlag,    // Analyse, and say so in the analysis.
  kRefuse,  // Not eligible: no score; the flag's code is the reason code.
};

// One response for each flag; the codes stand in core/dicom/README.md.
struct EligibilityPolicy {
  EligibilityResponse view_unknown = EligibilityResponse::kFlag;
  EligibilityResponse age_unknown = EligibilityResponse::kFlag;
  EligibilityResponse age_out_of_range = EligibilityResponse::kFlag;
  EligibilityResponse inverted = EligibilityResponse::kFlag;
  EligibilityResponse rotated = EligibilityResponse::kFlag;
  EligibilityResponse outlier = EligibilityResponse::kFlag;
};

inline constexpr std::pair<const char*, EligibilityResponse> kEligibilityResponses[] = {
    {"ignore", EligibilityResponse::kIgnore},
    {"flag", EligibilityResponse::kFlag},
    {"refuse", EligibilityResponse::kRefuse}};

template <typename Reader>
void ReadOptions(Reader&& reader, EligibilityPolicy* policy) {
  reader.Read("view_unknown", kEligibilityResponses, &policy->view_unknown);
  reader.Read("age_unknown", kEligibilityResponses, &policy->age_unknown);
  reader.Read("age_out_of_range", kEligibilityResponses, &policy->age_out_of_range);
  reader.Read("inverted", kEligibilityResponses, &policy->inverted);
  reader.Read("rotated", kEligibilityResponses, &policy->rotated);
  reader.Read("outlier", kEligibilityResponses, &policy->outlier);
}

}  // namespace camnode

#endif  // CAMNODE_CORE_DOMAIN_ELIGIBILITY_POLICY_H_
