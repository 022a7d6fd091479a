// What becomes of a film that the models may not have been made for, where neither
// header nor pixels settle it.

#ifndef CAMNODE_CORE_DOMAIN_ELIGIBILITY_POLICY_H_
#define CAMNODE_CORE_DOMAIN_ELIGIBILITY_POLICY_H_

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

}  // namespace camnode

#endif  // CAMNODE_CORE_DOMAIN_ELIGIBILITY_POLICY_H_
