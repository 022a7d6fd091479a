// The models that a configuration names, in the precisions it asks for: for camnode and
// camnode-worker, which must mean the same by them.

#ifndef CAMNODE_SERVICES_CONFIG_CONFIGURED_MODELS_H_
#define CAMNODE_SERVICES_CONFIG_CONFIGURED_MODELS_H_

#include "absl/status/statusor.h"
#include "core/models/model_repository.h"
#include "services/config/config.h"

namespace camnode {

// The models of every workflow.  A precision of `config.precisions` takes the place of
// the manifest's, and so of the one in the model set's digest.
// Errors, each with the option before it: LoadSharedModels' ("workflow.models"), and
// kFailedPrecondition ("precisions": no workflow has the model, or CheckPrecision refuses
// it for this model).
absl::StatusOr<SharedModels> LoadConfiguredModels(const Config& config, WeightsCheck check);

}  // namespace camnode

#endif  // CAMNODE_SERVICES_CONFIG_CONFIGURED_MODELS_H_
