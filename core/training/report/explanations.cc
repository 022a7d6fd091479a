#include "core/training/report/explanations.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "core/training/evaluation/words.h"
#include "core/training/report/gallery.h"
#include "core/training/report/svg_plot.h"

namespace camnode {
namespace {

constexpr size_t kFilmsShown = 3;

std::string CurvePlot(const ModelExplanationQuality& model, bool insertion) {
  Plot plot;
  plot.title = insertion ? "Insertion: what the strongest pixels bring back"
                         : "Deletion: what is left without them";
  plot.x_name = "share of the pixels, strongest first";
  plot.y_name = "logit above all deleted; whole is 1 away";
  plot.x_range = PlotRange{0.0, 1.0};
  int colour = 0;
  for (const MapFaithfulness& map : model.faithfulness) {
    const std::vector<double>& curve = insertion ? map.insertion_curve : map.deletion_curve;
    if (curve.size() < 2) continue;
    PlotSeries series;
    series.name = map.map;
    series.colour = colour++;
    for (size_t i = 0; i < curve.size(); ++i) {
      series.points.push_back(
          {static_cast<double>(i) / static_cast<double>(curve.size() - 1), curve[i]});
    }
    plot.series.push_back(std::move(series));
  }
  return RenderSvg(plot);
}

void AddFaithfulness(const ModelExplanationQuality& model, HtmlPage& page) {
  HtmlTable table;
  table.caption =
      "Faithfulness: insertion less deletion, and by how much it beats maps that know "
      "nothing of the film";
  table.columns = {"map",         "films",          "score",
                   "over random", "over a centred", "over the mean map of other films",
                   "beats all"};
  for (const MapFaithfulness& map : model.faithfulness) {
    std::vector<std::string> row = {map.map, absl::StrCat(map.score.count),
                                    WithInterval(map.score)};
    if (map.over.has_value()) {
      row.insert(row.end(),
                 {WithInterval(map.over->random), WithInterval(map.over->centre),
                  WithInterval(map.over->mean_of_others), map.over->BeatsAll() ? "yes" : "no"});
    } else {
      row.insert(row.end(), {"", "", "", ""});
    }
    table.rows.push_back(std::move(row));
  }
  page.Table(table);
  page.Plots({CurvePlot(model, true), CurvePlot(model, false)});
  if (model.films_deleted_higher > 0) {
    page.Note(absl::StrFormat(
        "The network finds %s more like the finding with everything deleted than as they are: "
        "deletion does not lower the logit there.",
        Count(model.films_deleted_higher, "film", "films")));
  }
}

void AddRandomisation(const RandomisationCheck& check, HtmlPage& page) {
  HtmlTable table;
  table.caption = absl::StrFormat(
      "Weights made random from the head downwards (%d films, %d draws): rank correlation of the "
      "map to the original",
      check.films, check.draws);
  table.columns = {"random down to", "mean correlation", "mean of its size"};
  for (const RandomisationStage& stage : check.stages) {
    table.rows.push_back(
        {stage.name, WithInterval(stage.correlation), InDigits(stage.absolute_correlation)});
  }
  page.Table(table);
  page.Paragraph(absl::StrFormat(
      "Maps of different films by the trained network correlate by %.3f. Passed if the last row is "
      "below %.3f: %s.",
      check.between_films, check.pass_below,
      check.passed ? "passed, the map depends on the weights" : "NOT passed"));
}

void AddLungsAndStability(const ModelExplanationQuality& model, HtmlPage& page) {
  const LungFocus& lungs = model.lungs;
  HtmlTable focus;
  focus.caption = "Within the lungs";
  focus.columns = {"", "share", "more than chance"};
  focus.rows = {
      {"mass of the map", WithInterval(lungs.mass), WithInterval(lungs.mass_over_chance)},
      {"strongest cell", WithInterval(lungs.peaks), WithInterval(lungs.peaks_over_chance)}};
  page.Table(focus);
  if (lungs.empty_maps > 0) {
    page.Note(absl::StrCat(Count(lungs.empty_maps, "map is", "maps are"), " empty and left out."));
  }
  HtmlTable stability;
  stability.caption = "Stability under small changes of the film";
  stability.columns = {"change", "rank correlation of the maps", "the peak moves, in film widths",
                       "the logit moves"};
  for (const MapStability& change : model.stability) {
    stability.rows.push_back({change.change, WithInterval(change.correlation),
                              WithInterval(change.peak_moved), WithInterval(change.logit_change)});
  }
  page.Table(stability);
}

void AddAgreement(const AgreementSummary& agreement, HtmlPage& page) {
  HtmlTable table;
  table.caption = absl::StrFormat("Agreement of the models (medians of %d films)", agreement.films);
  table.columns = {"", "value", "percentile among maps of different films"};
  const auto& chance = agreement.percentiles;
  const auto percentile = [&](double AgreementSummary::Percentiles::*value) {
    return chance.has_value() ? InDigits((*chance).*value, 1) : std::string(kNoNumber);
  };
  using P = AgreementSummary::Percentiles;
  table.rows = {{"overlap of half the mass", InDigits(agreement.median_overlap),
                 percentile(&P::median_overlap)},
                {"distance of the centres, in film widths", InDigits(agreement.median_distance),
                 percentile(&P::median_distance)},
                {"rank correlation", InDigits(agreement.median_correlation),
                 percentile(&P::median_correlation)}};
  page.Table(table);
  if (!chance.has_value()) return;
  page.Paragraph(absl::StrFormat(
      "The models used the same area, more than chance explains, in %s of the films, and in part "
      "in %s.",
      InPercent(chance->same_area), InPercent(chance->partly_same_area)));
}

}  // namespace

void AddExplanations(const ExplanationQuality& quality, HtmlPage& page) {
  page.Paragraph(
      "None of these says that a map is right: they say that it is about the network, the film and "
      "the lungs.");
  page.Paragraph(quality.sample);
  page.Note(absl::StrFormat(
      "%s; variants on %d of them; %d steps, blur of %.3f film widths, seed %d. Lungs are %s of "
      "the "
      "film on average; on %s the region is the usual place of lungs instead.",
      Count(static_cast<int>(quality.films.size()), "film", "films"), quality.variant_films,
      quality.steps, quality.blur_sigma, quality.seed, InPercent(quality.lung_area),
      Count(quality.lung_fallbacks, "film", "films")));
  for (const ModelExplanationQuality& model : quality.models) {
    page.Heading(3, absl::StrCat(model.model, "/", model.version));
    AddFaithfulness(model, page);
    AddRandomisation(model.randomisation, page);
    AddLungsAndStability(model, page);
  }
  if (quality.agreement.has_value()) AddAgreement(*quality.agreement, page);
}

absl::Status AddExplainedFilms(const ExplanationQuality& quality, const FilmReader& read_film,
                               HtmlPage& page) {
  const auto mean_score = [](const ExplainedFilm& film) {
    double sum = 0.0;
    for (const ExplainedFilmModel& model : film.models) sum += model.score;
    return sum;
  };
  const auto show = [&](const std::string& title,
                        const std::function<double(const ExplainedFilm&)>& key) -> absl::Status {
    std::vector<std::pair<double, size_t>> order;
    for (size_t i = 0; i < quality.films.size(); ++i) order.emplace_back(key(quality.films[i]), i);
    std::sort(order.begin(), order.end());
    page.Heading(4, title);
    for (size_t i = 0; i < std::min(kFilmsShown, order.size()); ++i) {
      const ExplainedFilm& film = quality.films[order[i].second];
      std::vector<CaptionedResult> maps;
      for (const ExplainedFilmModel& model : film.models) {
        maps.push_back({&model.result, absl::StrFormat("%s: insertion less deletion %.2f",
                                                       model.result.model, model.score)});
      }
      CAMNODE_ASSIGN_OR_RETURN(
          const std::vector<HtmlPicture> pictures,
          RenderFilmWithMaps(film.path, film.name, film.name, maps, read_film));
      page.Pictures(pictures);
    }
    return absl::OkStatus();
  };
  CAMNODE_RETURN_IF_ERROR(
      show("Most faithful maps", [&](const ExplainedFilm& film) { return -mean_score(film); }));
  CAMNODE_RETURN_IF_ERROR(show("Least faithful maps", mean_score));
  if (quality.models.size() < 2) return absl::OkStatus();
  return show("Least agreement of the models",
              [](const ExplainedFilm& film) { return film.agreement.correlation; });
}

}  // namespace camnode
