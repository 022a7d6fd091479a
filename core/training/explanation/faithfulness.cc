#include "core/training/explanation/faithfulness.h"

#include <algorithm>
#include <cstddef>
#include <opencv2/core.hpp>
#include <string>

#include "core/base/status_macros.h"
#include "core/domain/analysis.h"
#include "core/inference/classifier.h"
#include "core/training/explanation/baseline_maps.h"
#include "core/training/figures/mean_interval.h"

namespace camnode {
namespace {

using Curves = std::vector<DeletionInsertion>;  // Of one kind of map, by film.

std::vector<double> Values(const Curves& curves, double DeletionInsertion::*value) {
  std::vector<double> values;
  for (const DeletionInsertion& film : curves) values.push_back(film.*value);
  return values;
}

std::vector<double> MeanCurve(const Curves& curves, std::vector<double> DeletionInsertion::*curve) {
  std::vector<double> mean((curves.front().*curve).size(), 0.0);
  for (const DeletionInsertion& film : curves) {
    for (size_t i = 0; i < mean.size(); ++i) {
      mean[i] += (film.*curve)[i] / static_cast<double>(curves.size());
    }
  }
  return mean;
}

MapFaithfulness Summarise(const std::string& name, const Curves& curves, uint64_t seed) {
  MapFaithfulness map;
  map.map = name;
  map.score = MeanWithInterval(Values(curves, &DeletionInsertion::score), seed);
  map.insertion = MeanWithInterval(Values(curves, &DeletionInsertion::insertion), seed);
  map.deletion = MeanWithInterval(Values(curves, &DeletionInsertion::deletion), seed);
  map.insertion_curve = MeanCurve(curves, &DeletionInsertion::insertion_curve);
  map.deletion_curve = MeanCurve(curves, &DeletionInsertion::deletion_curve);
  return map;
}

struct Baselines {
  Curves random;
  Curves centre;
  Curves mean_of_others;
};

// On the films that `curves` has: the first ones.
MapFaithfulness::OverBaselines Compare(const Curves& curves, const Baselines& baselines,
                                       uint64_t seed) {
  const std::vector<double> own = Values(curves, &DeletionInsertion::score);
  const auto over = [&](const Curves& baseline) {
    std::vector<double> scores = Values(baseline, &DeletionInsertion::score);
    scores.resize(own.size());
    return PairedDifference(own, scores, seed);
  };
  return {over(baselines.random), over(baselines.centre), over(baselines.mean_of_others)};
}

cv::Mat1f PositivePart(const cv::Mat1f& map) {
  cv::Mat1f positive;
  cv::max(map, 0.0, positive);
  return positive;
}

// Equal up to a factor, which orders pixels alike.
bool SameOrder(const cv::Mat1f& a, const cv::Mat1f& b) {
  double peak_a = 0.0;
  double peak_b = 0.0;
  cv::minMaxLoc(a, nullptr, &peak_a);
  cv::minMaxLoc(b, nullptr, &peak_b);
  if (a.size() != b.size() || !(peak_a > 0.0) || !(peak_b > 0.0)) return false;
  return cv::norm(cv::Mat1f(a / peak_a), cv::Mat1f(b / peak_b), cv::NORM_INF) < 1e-4;
}

uint64_t SeedOf(size_t film, uint64_t seed) { return seed * 1'000'003 + film; }

absl::StatusOr<std::vector<Curves>> MeasureVariants(
    ExplainedModel& model, const std::vector<ClassifierInput>& inputs,
    const std::vector<ModelResult>& results, const Curves& served,
    const FaithfulnessOptions& options, size_t films, const std::function<void()>& progress) {
  std::vector<Curves> variants(options.variants.size());
  for (size_t film = 0; film < films; ++film) {
    CAMNODE_ASSIGN_OR_RETURN(const std::vector<cv::Mat1f> signed_maps,
                             model.SignedMaps(inputs[film], options.variants));
    std::vector<cv::Mat1f> maps;
    std::vector<size_t> measured;
    for (size_t v = 0; v < signed_maps.size(); ++v) {
      const cv::Mat1f map = PositivePart(signed_maps[v]);
      if (SameOrder(map, results[film].heatmap.values)) {
        variants[v].push_back(served[film]);
      } else {
        maps.push_back(map);
        measured.push_back(v);
      }
    }
    if (!maps.empty()) {
      const cv::Mat1f ties = RandomMap(maps.front().size(), SeedOf(film, options.seed));
      CAMNODE_ASSIGN_OR_RETURN(
          const FilmCurves curves,
          MeasureDeletionInsertion(model, inputs[film], maps, ties, options.curves,
                                   SeedOf(film, options.seed)));
      for (size_t i = 0; i < measured.size(); ++i) {
        variants[measured[i]].push_back(curves.maps[i]);
      }
    }
    progress();
  }
  return variants;
}

}  // namespace

absl::StatusOr<Faithfulness> MeasureFaithfulness(
    ExplainedModel& model, const std::vector<ClassifierInput>& inputs,
    const std::vector<ModelResult>& results, const FaithfulnessOptions& options,
    const std::function<void(int done, int of)>& progress) {
  const size_t variant_films =
      options.variants.empty() ? 0 : std::min(options.variant_films, inputs.size());
  int done = 0;
  const auto step = [&] {
    if (progress) progress(++done, static_cast<int>(inputs.size() + variant_films));
  };
  std::vector<cv::Mat1f> served_maps;
  for (const ModelResult& result : results) served_maps.push_back(result.heatmap.values);
  const std::vector<cv::Mat1f> means = MeansOfOthers(served_maps);

  Faithfulness faithfulness;
  Curves served;
  Baselines baselines;
  for (size_t film = 0; film < inputs.size(); ++film) {
    const cv::Size grid = served_maps[film].size();
    const cv::Mat1f random = RandomMap(grid, SeedOf(film, options.seed));
    CAMNODE_ASSIGN_OR_RETURN(
        const FilmCurves curves,
        MeasureDeletionInsertion(model, inputs[film],
                                 {served_maps[film], random, CentreMap(grid), means[film]}, random,
                                 options.curves, SeedOf(film, options.seed)));
    served.push_back(curves.maps[0]);
    baselines.random.push_back(curves.maps[1]);
    baselines.centre.push_back(curves.maps[2]);
    baselines.mean_of_others.push_back(curves.maps[3]);
    faithfulness.films.push_back({curves.deleted_logit, curves.at_scale_floor, curves.maps[0].score,
                                  curves.maps[1].score, curves.maps[2].score,
                                  curves.maps[3].score});
    step();
  }
  faithfulness.maps.push_back(Summarise(CamMethodName(CamMethod::kGradCam), served, options.seed));
  faithfulness.maps.back().over = Compare(served, baselines, options.seed);
  faithfulness.maps.push_back(Summarise("random", baselines.random, options.seed));
  faithfulness.maps.push_back(Summarise("centre", baselines.centre, options.seed));
  faithfulness.maps.push_back(Summarise("mean_of_others", baselines.mean_of_others, options.seed));
  if (variant_films == 0) return faithfulness;

  CAMNODE_ASSIGN_OR_RETURN(
      const std::vector<Curves> variants,
      MeasureVariants(model, inputs, results, served, options, variant_films, step));
  for (size_t v = 0; v < variants.size(); ++v) {
    faithfulness.maps.push_back(
        Summarise(CamMethodName(options.variants[v]), variants[v], options.seed));
    faithfulness.maps.back().over = Compare(variants[v], baselines, options.seed);
  }
  return faithfulness;
}

}  // namespace camnode
