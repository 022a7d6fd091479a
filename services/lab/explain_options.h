// Which explanation camnode-lab explain is asked for.

#ifndef CAMNODE_SERVICES_LAB_EXPLAIN_OPTIONS_H_
#define CAMNODE_SERVICES_LAB_EXPLAIN_OPTIONS_H_

#include <vector>

#include "absl/status/statusor.h"
#include "core/inference/explainer.h"
#include "services/command_line/arguments.h"

namespace camnode {

struct LabExplainOptions {
  // None of the options below was given: what the node makes will do.
  bool as_served = true;
  bool signed_maps = false;
  // One for each --model, in order.
  std::vector<ExplainerOptions> explainers;
};

// Reads --method, --layer, --tta, --target, --signed and --device.  --layer is for every
// model, or given once for each.
// Errors: kInvalidArgument naming the option and what it may be.
absl::StatusOr<LabExplainOptions> ReadExplainOptions(const Arguments& arguments);

}  // namespace camnode

#endif  // CAMNODE_SERVICES_LAB_EXPLAIN_OPTIONS_H_
