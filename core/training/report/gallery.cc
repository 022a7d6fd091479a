#include "core/training/report/gallery.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/types/optional.h"
#include "core/base/status_macros.h"
#include "core/domain/radiograph.h"
#include "core/render/image_codec.h"
#include "core/render/overlay_renderer.h"
#include "core/training/figures/film_scores.h"
#include "core/training/figures/score_metrics.h"

namespace camnode {
namespace {

constexpr size_t kFilmsOfAClass = 2;
constexpr size_t kWorst = 6;
constexpr size_t kDisagreeing = 4;
constexpr int kLongSide = 210;  // Pixels.
// Models that differ by less are of one mind.
constexpr double kDisagreement = 0.05;

// The `count` films of largest value; those without one are left out.
std::vector<size_t> Largest(const EvaluationResult& result, size_t count,
                            const std::function<absl::optional<double>(size_t)>& value) {
  std::vector<std::pair<double, size_t>> films;
  for (size_t i = 0; i < result.films.size(); ++i) {
    if (const absl::optional<double> v = value(i)) films.emplace_back(*v, i);
  }
  std::sort(films.begin(), films.end(), [&result](const auto& a, const auto& b) {
    if (a.first != b.first) return a.first > b.first;
    return result.films[a.second].name < result.films[b.second].name;
  });
  std::vector<size_t> largest;
  for (size_t i = 0; i < std::min(count, films.size()); ++i) largest.push_back(films[i].second);
  return largest;
}

std::string Caption(const ScoreEvaluation& scores, size_t film) {
  const double probability = scores.films[film].probability;
  return absl::StrFormat("%s: %.4f, %s", scores.label, probability,
                         IsPositive(probability, scores.threshold) ? "positive" : "negative");
}

}  // namespace

std::vector<GalleryGroup> ChooseGallery(const EvaluationResult& result) {
  const ScoreEvaluation& scores = result.mean.has_value() ? *result.mean : result.models.front();
  std::vector<GalleryGroup> groups;
  const auto add = [&groups](GalleryGroup group) {
    if (!group.films.empty()) groups.push_back(std::move(group));
  };
  GalleryGroup best{"Most right", "The films that the scores are surest about, and rightly.", {}};
  for (const bool positive : {true, false}) {
    for (const size_t film :
         Largest(result, kFilmsOfAClass, [&](size_t i) -> absl::optional<double> {
           if (scores.films[i].positive != positive) return absl::nullopt;
           return positive ? scores.films[i].logit : -scores.films[i].logit;
         })) {
      best.films.push_back(film);
    }
  }
  add(std::move(best));
  add({"Most wrong",
       "The films whose probability is farthest from their label, on the wrong side of the "
       "threshold.",
       Largest(result, kWorst, [&](size_t i) -> absl::optional<double> {
         const ScoredFilm& film = scores.films[i];
         if (IsPositive(film.probability, scores.threshold) == film.positive) return absl::nullopt;
         return std::abs(film.probability - (film.positive ? 1.0 : 0.0));
       })});
  if (result.models.size() < 2) return groups;
  add({"Most disagreed about", "The films about which the models differ most.",
       Largest(result, kDisagreeing, [&](size_t i) -> absl::optional<double> {
         double low = 1.0;
         double high = 0.0;
         for (const ScoreEvaluation& model : result.models) {
           low = std::min(low, model.films[i].probability);
           high = std::max(high, model.films[i].probability);
         }
         if (high - low < kDisagreement) return absl::nullopt;
         return high - low;
       })});
  return groups;
}

absl::StatusOr<std::vector<HtmlPicture>> RenderFilmWithMaps(
    const std::string& path, const std::string& name, const std::string& caption,
    const std::vector<CaptionedResult>& results, const FilmReader& read_film) {
  absl::StatusOr<Radiograph> film = read_film(path);
  if (!film.ok()) return Annotate(film.status(), name);
  const cv::Mat1b small = ShrinkToFit(film->presentation, kLongSide);
  std::vector<HtmlPicture> pictures;
  CAMNODE_ASSIGN_OR_RETURN(std::string png, EncodePng(small));
  pictures.push_back({std::move(png), caption});
  OverlayOptions options;
  options.max_long_side = 0;  // As small as the film already is.
  options.legend = false;
  for (const CaptionedResult& captioned : results) {
    CAMNODE_ASSIGN_OR_RETURN(const cv::Mat3b overlay,
                             RenderOverlay(small, *captioned.result, options));
    CAMNODE_ASSIGN_OR_RETURN(png, EncodePng(overlay));
    pictures.push_back({std::move(png), captioned.caption});
  }
  return pictures;
}

absl::StatusOr<std::vector<HtmlPicture>> RenderGalleryFilm(const EvaluationResult& result,
                                                           size_t film,
                                                           const FilmReader& read_film) {
  const EvaluatedFilm& evaluated = result.films[film];
  std::vector<CaptionedResult> maps;
  for (size_t i = 0; i < result.models.size(); ++i) {
    maps.push_back({&evaluated.results[i], Caption(result.models[i], film)});
  }
  return RenderFilmWithMaps(evaluated.path, evaluated.name,
                            absl::StrFormat("%s, labelled %s", evaluated.name,
                                            evaluated.positive ? "with the finding" : "without"),
                            maps, read_film);
}

}  // namespace camnode
