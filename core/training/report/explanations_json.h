// A measurement of explanations for programs: "explanations" of report.json.

#ifndef CAMNODE_CORE_TRAINING_REPORT_EXPLANATIONS_JSON_H_
#define CAMNODE_CORE_TRAINING_REPORT_EXPLANATIONS_JSON_H_

#include <nlohmann/json.hpp>

#include "core/training/explanation/explanation_result.h"

namespace camnode {

nlohmann::ordered_json ExplanationsJson(const ExplanationQuality& quality);

// The films of the sample one by one, as the data set names them, without their paths:
// scores, share of the map in the lungs, served map row by row, agreement.
nlohmann::ordered_json ExplainedFilmsJson(const ExplanationQuality& quality);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_REPORT_EXPLANATIONS_JSON_H_
