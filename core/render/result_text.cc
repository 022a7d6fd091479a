#include "core/render/result_text.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/domain/finding.h"

namespace camnode {
namespace {

constexpr size_t kMaxNameBytes = 40;

}  // namespace

std::string ModelTitle(const ModelResult& result) {
  return absl::StrCat(result.model.substr(0, kMaxNameBytes), ", version ",
                      result.version.substr(0, kMaxNameBytes));
}

std::string VerdictText(const Finding& finding) {
  return absl::StrCat(finding.label.substr(0, kMaxNameBytes), ": ",
                      finding.positive ? "POSITIVE" : "NEGATIVE");
}

std::string ProbabilityText(const Finding& finding) {
  return absl::StrFormat("probability %.4f, threshold %.4f", finding.probability,
                         finding.threshold);
}

std::string AgreementNumbers(const Agreement& agreement) {
  const std::string numbers = absl::StrFormat(
      "Maps: overlap %.2f (0 to 1), centres %.2f film widths apart, rank correlation %.2f "
      "(-1 to 1)",
      agreement.overlap, agreement.distance, agreement.correlation);
  if (!agreement.percentiles.has_value()) return numbers;
  return absl::StrFormat("%s; of 100 different films closer than %.0f, %.0f, %.0f", numbers,
                         agreement.percentiles->overlap, agreement.percentiles->distance,
                         agreement.percentiles->correlation);
}

}  // namespace camnode
