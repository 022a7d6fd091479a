// From logits to a finding.

#ifndef CAMNODE_CORE_INFERENCE_MODEL_FINDING_H_
#define CAMNODE_CORE_INFERENCE_MODEL_FINDING_H_

#include <vector>

#include "core/domain/finding.h"
#include "proto/camnode/model/v1/manifest.pb.h"

namespace camnode {

// What the network's logits, one a label, say of the reported label: probability,
// rounded, and the verdict taken from the rounded value.  The formula is in
// core/models/model_repository.h.  Thread-safe.
// REQUIRES: a checked manifest, as many finite logits as it has labels.
Finding MakeFinding(const camnode::model::v1::ModelManifest& manifest,
                    const std::vector<float>& logits);

}  // namespace camnode

#endif  // CAMNODE_CORE_INFERENCE_MODEL_FINDING_H_
