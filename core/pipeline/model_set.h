// What the worker knows of its models as a set.

#ifndef CAMNODE_CORE_PIPELINE_MODEL_SET_H_
#define CAMNODE_CORE_PIPELINE_MODEL_SET_H_

#include <string>
#include <vector>

#include "absl/types/optional.h"
#include "core/dicom/film/film_concerns.h"
#include "core/models/model_repository.h"

namespace camnode {

struct ModelSet {
  std::string digest;               // ModelSetDigest.
  std::string threshold_set;        // ThresholdSetId.
  std::string preprocessing;        // One digest over all models' preprocessing, in order.
  std::string population;           // For legends: each different line once, joined by "; ".
  absl::optional<AgeLimits> ages;   // That every model with an age range was trained on.
  std::string agreement_null = "";  // Digest of what chance gives; empty: not known.
  // What the models are computed in, in order: "float32" if all are alike, otherwise
  // "float32+bfloat16+float32".
  std::string precision = "float32";
};

ModelSet DescribeModelSet(const std::vector<ModelFolder>& models);

}  // namespace camnode

#endif  // CAMNODE_CORE_PIPELINE_MODEL_SET_H_
