#include "core/pipeline/model_set.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/sha256.h"

namespace camnode {
namespace {

std::string PreprocessingDigest(const std::vector<ModelFolder>& models) {
  Sha256 digest;
  for (const ModelFolder& model : models) {
    // No maps inside, so the wire format of one content is one text.
    const std::string bytes = model.manifest.preprocessing().SerializeAsString();
    digest.Update(absl::StrCat(bytes.size(), ":"));
    digest.Update(bytes);
  }
  return std::move(digest).Finish();
}

std::string Populations(const std::vector<ModelFolder>& models) {
  std::vector<std::string> lines;
  for (const ModelFolder& model : models) {
    const std::string& line = model.manifest.population();
    if (!line.empty() && std::find(lines.begin(), lines.end(), line) == lines.end()) {
      lines.push_back(line);
    }
  }
  return absl::StrJoin(lines, "; ");
}

}  // namespace

ModelSet DescribeModelSet(const std::vector<ModelFolder>& models) {
  ModelSet set;
  set.digest = ModelSetDigest(models);
  set.threshold_set = ThresholdSetId(models);
  set.preprocessing = PreprocessingDigest(models);
  set.population = Populations(models);
  return set;
}

}  // namespace camnode
