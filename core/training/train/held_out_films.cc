#include "core/training/train/held_out_films.h"

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "core/base/status_macros.h"
#include "core/inference/ranked_scores.h"
#include "core/training/figures/score_metrics.h"
#include "core/training/films/film_reader.h"
#include "core/training/films/labelled_film.h"
#include "core/training/train/batch_loader.h"
#include "core/training/train/batch_scores.h"
#include "core/training/train/loss.h"
#include "core/training/train/out_of_fold.h"

namespace camnode {
namespace {

namespace v1 = camnode::training::v1;

constexpr int64_t kMeasuringBatch = 64;
constexpr int kScoringBatch = 8;

struct ScoredBatches {
  torch::Tensor scores;   // float32 [held-out films, outputs]
  torch::Tensor classes;  // int64 [held-out films]
};

ScoredBatches ScoreAll(const v1::Recipe& recipe, const torch::Device& device, Network& network,
                       const FilmStore& films, const FilmDivision& division) {
  const auto plain = [&films](size_t film, size_t) { return films.Film(film); };
  BatchLoader loader(division.held_out, division.classes, plain, kMeasuringBatch,
                     /*keep_remainder=*/true);
  std::vector<torch::Tensor> scores;
  std::vector<torch::Tensor> classes;
  for (int64_t i = 0; i < loader.batches(); ++i) {
    const Batch batch = loader.Next();
    scores.push_back(BatchScores(recipe, device, network, batch.gray));
    classes.push_back(batch.classes.to(device));
  }
  return {torch::cat(scores), torch::cat(classes)};
}

// nullopt if the films are of one kind.
absl::optional<double> AucOf(const torch::Tensor& logits, const torch::Tensor& is_reported) {
  std::vector<double> scores;
  std::vector<bool> positive;
  for (int64_t i = 0; i < logits.size(0); ++i) {
    scores.push_back(logits[i].item<double>());
    positive.push_back(is_reported[i].item<bool>());
  }
  return RankedScores(scores, positive).AreaUnderRoc();
}

}  // namespace

void MeasureHeldOut(const v1::Recipe& recipe, const torch::Device& device, Network& network,
                    const FilmStore& films, const FilmDivision& division, CurvePoint& curve) {
  if (division.held_out.empty()) return;
  const torch::NoGradGuard no_grad;
  const ScoredBatches all = ScoreAll(recipe, device, network, films, division);
  const torch::Tensor logits = ReportedLogits(recipe, all.scores).to(torch::kFloat64).cpu();
  curve.held_out_loss = TrainingLoss(recipe, all.scores, all.classes).item<double>();
  curve.held_out_accuracy = Accuracy(recipe, logits, all.classes.cpu());
  curve.held_out_auc = AucOf(logits, all.classes.cpu().eq(ReportedClass(recipe)));
}

absl::StatusOr<std::string> ScoreHeldOut(const v1::Recipe& recipe, const ModelFolder& model,
                                         const Dataset& dataset, const FilmDivision& division,
                                         const FilmReader& read_film,
                                         const FilmProgress& progress) {
  Dataset held_out;
  held_out.classes = dataset.classes;
  for (const size_t position : division.held_out) {
    held_out.films.push_back(dataset.films[position]);
  }
  CAMNODE_ASSIGN_OR_RETURN(
      const FilmScores scores,
      ScoreFilms({model}, held_out, ReportedClass(recipe), read_film, kScoringBatch, progress));
  if (!scores.unreadable.empty()) {
    return absl::DataLossError(
        absl::StrCat(scores.unreadable[0].name, ": ", scores.unreadable[0].reason));
  }
  std::vector<ScoredFilm> films;
  std::vector<std::string> classes;
  for (const EvaluatedFilm& film : scores.films) {
    ScoredFilm& scored = films.emplace_back();
    scored.name = film.name;
    scored.patient = film.patient;
    scored.fold = recipe.held_out_fold();
    scored.positive = film.positive;
    scored.logit = film.results[0].finding.log_odds;
    scored.probability = film.results[0].finding.probability;
  }
  for (const LabelledFilm& film : held_out.films) {
    classes.push_back(held_out.classes[static_cast<size_t>(film.class_index)]);
  }
  return FormatOutOfFold(films, classes);
}

}  // namespace camnode
