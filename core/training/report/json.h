// report.json: an evaluation for programs.  README.md of this folder has the schema.

#ifndef CAMNODE_CORE_TRAINING_REPORT_JSON_H_
#define CAMNODE_CORE_TRAINING_REPORT_JSON_H_

#include <string>

#include "core/training/evaluation/evaluation_result.h"

namespace camnode {

// The value of "schema": changes when a key changes its meaning or goes.
inline constexpr char kReportSchema[] = "camnode-evaluation-1";

// Doubles with all their digits, no NaN, no time, no path but data.path: the same result
// gives the same bytes.
std::string FormatReportJson(const EvaluationResult& result);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_REPORT_JSON_H_
