#include "core/dicom/film/film_concerns.h"

#include <algorithm>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/dicom/film/header_vocabulary.h"
#include "core/dicom/film/pixel_check.h"

namespace camnode {
namespace {

AnalysisFlag ViewUnknown() {
  return {"VIEW_UNKNOWN", "The film does not say its view: it was taken for frontal."};
}

// Left and right along the rows, head and feet along the columns.
bool LiesFrontal(absl::string_view patient_orientation) {
  const std::vector<std::string> axes = absl::StrSplit(patient_orientation, '\\');
  return axes.size() == 2 && (absl::StartsWith(axes[0], "L") || absl::StartsWith(axes[0], "R")) &&
         (absl::StartsWith(axes[1], "F") || absl::StartsWith(axes[1], "H"));
}

bool NamesFrontalView(const InstanceHeader& header) {
  return SaysFrontal(SplitWords(header.view_position)) || SaysFrontal(header.view_code) ||
         SaysFrontal(SplitWords(header.patient_position)) ||
         LiesFrontal(header.patient_orientation) ||
         std::any_of(header.descriptions.begin(), header.descriptions.end(),
                     [](const std::string& text) { return SaysFrontal(SplitWords(text)); });
}

void AddAgeConcern(const absl::optional<int>& years, const absl::optional<AgeLimits>& ages,
                   std::vector<AnalysisFlag>& concerns) {
  if (!ages) return;
  const std::string range = absl::StrCat(ages->min_years, " to ", ages->max_years, " years");
  if (!years) {
    concerns.push_back({"AGE_UNKNOWN", absl::StrCat("The film does not say the patient's age; "
                                                    "models were trained on ages of ",
                                                    range, ".")});
  } else if (*years < ages->min_years || *years > ages->max_years) {
    concerns.push_back({"AGE_OUT_OF_RANGE", absl::StrCat("The patient's age is outside ", range,
                                                         ", the ages trained on.")});
  }
}

}  // namespace

std::vector<AnalysisFlag> FindHeaderConcerns(const InstanceHeader& header,
                                             const absl::optional<AgeLimits>& ages) {
  std::vector<AnalysisFlag> concerns;
  if (!NamesFrontalView(header)) concerns.push_back(ViewUnknown());
  AddAgeConcern(header.age_years, ages, concerns);
  return concerns;
}

std::vector<AnalysisFlag> FindPictureConcerns(const absl::optional<AgeLimits>& ages) {
  std::vector<AnalysisFlag> concerns = {ViewUnknown()};
  AddAgeConcern(absl::nullopt, ages, concerns);
  return concerns;
}

std::vector<AnalysisFlag> FindPixelConcerns(const Radiograph& film) {
  const ChestLikeness likeness = CompareWithChest(film.presentation);
  if (likeness.LooksInverted()) {
    return {{"INVERTED", "Black and white look exchanged: bone is darker than air."}};
  }
  if (likeness.LooksTurned()) return {{"ROTATED", "The film looks turned by a quarter."}};
  return {};
}

EligibilityResponse ResponseTo(absl::string_view code, const EligibilityPolicy& policy) {
  if (code == "VIEW_UNKNOWN") return policy.view_unknown;
  if (code == "AGE_UNKNOWN") return policy.age_unknown;
  if (code == "AGE_OUT_OF_RANGE") return policy.age_out_of_range;
  if (code == "INVERTED") return policy.inverted;
  if (code == "ROTATED") return policy.rotated;
  return policy.outlier;
}

}  // namespace camnode
