// The model card: what a person must know before using the models, from report.json.

#ifndef CAMNODE_CORE_TRAINING_REPORT_MODEL_CARD_H_
#define CAMNODE_CORE_TRAINING_REPORT_MODEL_CARD_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace camnode {

// Markdown; the same report gives the same bytes.
// Errors: kInvalidArgument (not JSON, another schema, or a key that is missing: names it).
absl::StatusOr<std::string> FormatModelCard(absl::string_view report_json);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_REPORT_MODEL_CARD_H_
