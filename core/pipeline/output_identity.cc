#include "core/pipeline/output_identity.h"

#include <algorithm>
#include <initializer_list>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/sha256.h"

namespace camnode {
namespace {

// Lengths first, so that no two different lists give one text.
std::string Canonical(std::initializer_list<absl::string_view> fields) {
  std::string text;
  for (const absl::string_view field : fields) {
    absl::StrAppend(&text, field.size(), ":", field, ",");
  }
  return text;
}

std::string CanonicalSources(std::vector<OutputSource>& sources) {
  std::sort(sources.begin(), sources.end(), [](const OutputSource& a, const OutputSource& b) {
    return std::tie(a.sop_instance_uid, a.sha256) < std::tie(b.sop_instance_uid, b.sha256);
  });
  std::string text;
  for (const OutputSource& source : sources) {
    text += Canonical({source.sop_instance_uid.text(), source.sha256});
  }
  return text;
}

}  // namespace

std::string RecipeDigest(const OutputRecipe& recipe) {
  return Sha256Hex(
      Canonical({recipe.kind, recipe.model, recipe.options, recipe.precision, recipe.device_class,
                 recipe.preprocessing, absl::StrCat(recipe.writer_version)}));
}

Uid DeriveSopInstanceUid(std::vector<OutputSource> sources, const std::string& model_set,
                         const std::string& threshold_set, const std::string& recipe_digest) {
  return Uid::Derive(Canonical({"camnode output instance", CanonicalSources(sources), model_set,
                                threshold_set, recipe_digest}));
}

Uid DeriveSeriesUid(std::vector<OutputSource> sources, const std::string& model_set,
                    const std::string& threshold_set, const std::string& recipe_digest) {
  return Uid::Derive(Canonical({"camnode output series", CanonicalSources(sources), model_set,
                                threshold_set, recipe_digest}));
}

Uid DeriveModelDeviceUid(const std::string& weights_sha256) {
  return Uid::Derive(Canonical({"camnode model device", weights_sha256}));
}

}  // namespace camnode
