#include "core/pipeline/eligibility_gate.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/dicom/film/film_concerns.h"

namespace camnode {

void Refuse(const Ineligibility& refusal, Analysis& analysis) {
  analysis.outcome = AnalysisOutcome::kNotEligible;
  analysis.reason_code = refusal.code;
  analysis.reason = refusal.reason;
  analysis.results.clear();
  analysis.agreement = Agreement();
  analysis.flags.clear();
}

void ApplyPolicy(const std::vector<AnalysisFlag>& concerns, const EligibilityPolicy& policy,
                 Analysis& analysis) {
  for (const AnalysisFlag& concern : concerns) {
    switch (ResponseTo(concern.code, policy)) {
      case EligibilityResponse::kIgnore:
        break;
      case EligibilityResponse::kFlag:
        analysis.flags.push_back(concern);
        break;
      case EligibilityResponse::kRefuse:
        return Refuse({concern.code, concern.text}, analysis);
    }
  }
}

std::vector<AnalysisFlag> FindOutlierConcerns(const Analysis& analysis) {
  std::vector<std::string> models;
  for (const ModelResult& result : analysis.results) {
    if (result.outlier.has_value() && result.outlier->IsOutlier()) models.push_back(result.model);
  }
  if (models.empty()) return {};
  return {{"OUTLIER", absl::StrCat("The film is unlike those trained on, by the features of ",
                                   absl::StrJoin(models, ", "), ".")}};
}

}  // namespace camnode
