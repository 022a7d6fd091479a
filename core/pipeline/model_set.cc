#include "core/pipeline/model_set.h"

#include <algorithm>
#include <utility>

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

absl::optional<AgeLimits> CommonAges(const std::vector<ModelFolder>& models) {
  absl::optional<AgeLimits> ages;
  for (const ModelFolder& model : models) {
    if (!model.manifest.has_age_range()) continue;
    if (!ages) ages = AgeLimits();
    ages->min_years = std::max(ages->min_years, model.manifest.age_range().min_years());
    ages->max_years = std::min(ages->max_years, model.manifest.age_range().max_years());
  }
  return ages;
}

}  // namespace

ModelSet DescribeModelSet(const std::vector<ModelFolder>& models) {
  ModelSet set;
  set.digest = ModelSetDigest(models);
  set.threshold_set = ThresholdSetId(models);
  set.preprocessing = PreprocessingDigest(models);
  set.population = Populations(models);
  set.ages = CommonAges(models);
  return set;
}

}  // namespace camnode
