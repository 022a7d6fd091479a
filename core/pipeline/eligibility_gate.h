// From doubts about a film to flags of its analysis, or to a refusal: the policy of
// the configuration, applied.

#ifndef CAMNODE_CORE_PIPELINE_ELIGIBILITY_GATE_H_
#define CAMNODE_CORE_PIPELINE_ELIGIBILITY_GATE_H_

#include <vector>

#include "core/dicom/film/eligibility.h"
#include "core/domain/analysis.h"
#include "core/domain/eligibility_policy.h"

namespace camnode {

// Makes `analysis` one of a film that is not eligible: the reason and nothing else,
// also where models have given scores.
void Refuse(const Ineligibility& refusal, Analysis& analysis);

// Adds to analysis.flags what `policy` flags; the first concern that it refuses
// refuses the analysis.
void ApplyPolicy(const std::vector<AnalysisFlag>& concerns, const EligibilityPolicy& policy,
                 Analysis& analysis);

// OUTLIER, if a model of analysis.results takes the film for one.
std::vector<AnalysisFlag> FindOutlierConcerns(const Analysis& analysis);

}  // namespace camnode

#endif  // CAMNODE_CORE_PIPELINE_ELIGIBILITY_GATE_H_
