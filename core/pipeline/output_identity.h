// The UIDs of what we make: derived, never drawn.  A repeat of the same work is
// the same object; anything else (another film, other bytes under the same UID,
// another model, threshold, option or version of the writer) is another object.

#ifndef CAMNODE_CORE_PIPELINE_OUTPUT_IDENTITY_H_
#define CAMNODE_CORE_PIPELINE_OUTPUT_IDENTITY_H_

#include <string>
#include <vector>

#include "core/domain/uid.h"

namespace camnode {

struct OutputSource {
  Uid sop_instance_uid;
  std::string sha256;  // Of the bytes as received.
};

// Everything besides film, models and thresholds that shapes an object.
struct OutputRecipe {
  std::string kind;           // "overlay"
  std::string model;          // For an object about one model; otherwise empty.
  std::string options;        // Every option that changes its bytes, as one text.
  std::string precision;      // Of the computation: "float32".
  std::string device_class;   // "cpu", "cuda": their last bits differ.
  std::string preprocessing;  // Digest of the models' preprocessing.
  int writer_version = 0;     // Raised whenever the writer's bytes change.
};

// 64 hexadecimal digits.
std::string RecipeDigest(const OutputRecipe& recipe);

// The order of `sources` makes no difference.
Uid DeriveSopInstanceUid(std::vector<OutputSource> sources, const std::string& model_set,
                         const std::string& threshold_set, const std::string& recipe_digest);

// One series for all objects of a kind about one source by one model set, made with
// the same options: a series has one number, date and description, and workflows
// with other options would put other ones into it.  `recipe_digest`: of the
// objects' recipe without a model.
Uid DeriveSeriesUid(std::vector<OutputSource> sources, const std::string& model_set,
                    const std::string& threshold_set, const std::string& recipe_digest);

// The Device UID of a model: another for every retraining.
Uid DeriveModelDeviceUid(const std::string& weights_sha256);

}  // namespace camnode

#endif  // CAMNODE_CORE_PIPELINE_OUTPUT_IDENTITY_H_
