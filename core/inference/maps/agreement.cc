#include "core/inference/maps/agreement.h"

#include <algorithm>
#include <cstddef>
#include <string>

#include "absl/strings/str_format.h"
#include "absl/types/optional.h"
#include "core/inference/maps/map_comparison.h"

namespace camnode {
namespace {

std::string NumberWord(int number) {
  constexpr const char* kWords[] = {"no", "one", "two", "three", "four", "five"};
  return number >= 0 && number <= 5 ? kWords[number] : absl::StrFormat("%d", number);
}

std::string NothingToCompare(int with_evidence, size_t models) {
  if (models < 2) return "Only one model ran: there is no other map to compare.";
  if (with_evidence == 0) return "No model found evidence for the finding: no maps to compare.";
  return "Only one model found evidence for the finding: there is no other map to compare.";
}

// The share of chance's maps that are less alike; centres far apart are, so distance
// counts from the other end.
absl::optional<AgreementPercentiles> Judge(const MapMeasures& measures,
                                           const std::vector<int>& models,
                                           const AgreementNull* null) {
  const auto* chance = null == nullptr ? nullptr : FindDistribution(*null, models);
  if (chance == nullptr) return absl::nullopt;
  AgreementPercentiles percentiles;
  percentiles.overlap = PercentileAmong(chance->overlap(), measures.overlap);
  percentiles.distance = 100.0 - PercentileAmong(chance->distance(), measures.distance);
  percentiles.correlation = PercentileAmong(chance->correlation(), measures.correlation);
  return percentiles;
}

// Of three: max(min(a, b), min(max(a, b), c)).
double Median(const AgreementPercentiles& p) {
  return std::max(std::min(p.overlap, p.distance),
                  std::min(std::max(p.overlap, p.distance), p.correlation));
}

// Judges by the median of the three percentiles, so that one odd measure does not.
std::string Sentence(const Agreement& agreement, size_t models) {
  const std::string subject =
      agreement.models == static_cast<int>(models)
          ? absl::StrFormat("The %s models", NumberWord(agreement.models))
          : absl::StrFormat("The %s of %s models that found evidence", NumberWord(agreement.models),
                            NumberWord(static_cast<int>(models)));
  if (!agreement.percentiles.has_value()) {
    return absl::StrFormat("%s used areas that overlap by %.2f; what chance gives is not known.",
                           subject, agreement.overlap);
  }
  const double level = Median(*agreement.percentiles);
  const char* verb = level >= kSameAreaPercentile         ? "used the same area"
                     : level >= kPartlySameAreaPercentile ? "used partly the same area"
                                                          : "used different areas";
  return absl::StrFormat("%s %s: their maps are closer than %s%d %% of maps of different films.",
                         subject, verb, level >= kPartlySameAreaPercentile ? "" : "only ",
                         static_cast<int>(level));
}

}  // namespace

Agreement ComputeAgreement(const std::vector<ModelResult>& results, const AgreementNull* null) {
  const cv::Size grid = FinestGrid(results);
  std::vector<absl::optional<MapEvidence>> evidence;
  for (const ModelResult& result : results) evidence.push_back(EvidenceOf(result, grid));

  std::vector<int> models;
  std::vector<const MapEvidence*> maps;
  for (size_t i = 0; i < evidence.size(); ++i) {
    if (!evidence[i].has_value()) continue;
    models.push_back(static_cast<int>(i));
    maps.push_back(&*evidence[i]);
  }
  Agreement agreement;
  agreement.models = static_cast<int>(maps.size());
  if (maps.size() < 2) {
    agreement.sentence = NothingToCompare(agreement.models, results.size());
    return agreement;
  }
  const MapMeasures measures = CompareMaps(maps);
  agreement.overlap = measures.overlap;
  agreement.distance = measures.distance;
  agreement.correlation = measures.correlation;
  agreement.percentiles = Judge(measures, models, null);
  agreement.sentence = Sentence(agreement, results.size());
  return agreement;
}

}  // namespace camnode
