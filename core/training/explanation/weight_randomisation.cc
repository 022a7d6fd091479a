#include "core/training/explanation/weight_randomisation.h"

#include <cmath>
#include <cstddef>
#include <string>

#include "core/base/status_macros.h"
#include "core/inference/classifier.h"
#include "core/inference/maps/map_comparison.h"
#include "core/training/figures/mean_interval.h"

namespace camnode {
namespace {

using Maps = std::vector<cv::Mat1f>;

double Correlation(const cv::Mat1f& a, const cv::Mat1f& b) {
  return RankCorrelation(std::vector<double>(a.begin(), a.end()),
                         std::vector<double>(b.begin(), b.end()));
}

double MeanBetweenFilms(const Maps& maps) {
  double sum = 0.0;
  int pairs = 0;
  for (size_t a = 0; a < maps.size(); ++a) {
    for (size_t b = a + 1; b < maps.size(); ++b, ++pairs) sum += Correlation(maps[a], maps[b]);
  }
  return sum / pairs;
}

}  // namespace

absl::StatusOr<RandomisationCheck> CheckRandomisation(
    ExplainedModel& model, const std::vector<ClassifierInput>& inputs, int draws, uint64_t seed,
    const std::function<void(int done, int of)>& progress) {
  CAMNODE_ASSIGN_OR_RETURN(const Maps original, model.RandomisedMaps(inputs, 0, seed));
  RandomisationCheck check;
  check.films = static_cast<int>(inputs.size());
  check.draws = draws;
  check.pass_below = kRandomisationPass;
  check.between_films = MeanBetweenFilms(original);
  const std::vector<std::string> names = model.Stages();
  const auto films = static_cast<double>(inputs.size());
  for (size_t stage = 0; stage < names.size(); ++stage) {
    std::vector<double> means;
    double absolute = 0.0;
    for (int draw = 0; draw < draws; ++draw) {
      CAMNODE_ASSIGN_OR_RETURN(
          const Maps maps,
          model.RandomisedMaps(inputs, stage + 1, seed + static_cast<uint64_t>(draw)));
      double sum = 0.0;
      for (size_t film = 0; film < maps.size(); ++film) {
        const double correlation = Correlation(original[film], maps[film]);
        sum += correlation;
        absolute += std::abs(correlation);
      }
      means.push_back(sum / films);
      if (progress) {
        progress(static_cast<int>(stage) * draws + draw + 1,
                 static_cast<int>(names.size()) * draws);
      }
    }
    check.stages.push_back(
        {names[stage], MeanWithInterval(means, seed), absolute / (films * draws)});
  }
  check.passed = !check.stages.empty() && check.stages.back().correlation.mean < check.pass_below;
  return check;
}

}  // namespace camnode
