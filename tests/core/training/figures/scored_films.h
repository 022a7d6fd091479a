// Small sets of scored films for tests of the figures.

#ifndef CAMNODE_TESTS_CORE_TRAINING_FIGURES_SCORED_FILMS_H_
#define CAMNODE_TESTS_CORE_TRAINING_FIGURES_SCORED_FILMS_H_

#include <cmath>
#include <cstddef>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/training/figures/score_metrics.h"

namespace camnode {

// Each film is a patient; probability is the logit's.
inline ScoredFilm FilmOfLogit(bool positive, double logit, double weight = 1.0) {
  ScoredFilm film;
  film.positive = positive;
  film.logit = logit;
  film.probability = 1.0 / (1.0 + std::exp(-logit));
  film.weight = weight;
  return film;
}

inline ScoredFilm FilmOfProbability(bool positive, double probability, double weight = 1.0) {
  ScoredFilm film;
  film.positive = positive;
  film.logit = 10.0 * probability;
  film.probability = probability;
  film.weight = weight;
  return film;
}

inline std::vector<ScoredFilm> Named(std::vector<ScoredFilm> films) {
  for (std::size_t i = 0; i < films.size(); ++i) {
    films[i].name = absl::StrCat("film", i);
    films[i].patient = absl::StrCat("patient", i);
  }
  return films;
}

// Twelve films with ties between and within the classes.
inline std::vector<ScoredFilm> Twelve(bool weighted) {
  const bool positive[] = {false, false, true, false, true, true,
                           false, true,  true, false, true, true};
  const double logits[] = {-3.0, -2.0, -1.5, -1.0, -1.0, -0.5, 0.5, 0.5, 1.0, 1.5, 2.0, 3.0};
  const double weights[] = {1.0, 2.0, 1.0, 0.5, 1.0, 3.0, 1.0, 1.0, 2.0, 1.0, 0.5, 1.0};
  std::vector<ScoredFilm> films;
  for (int i = 0; i < 12; ++i) {
    films.push_back(FilmOfLogit(positive[i], logits[i], weighted ? weights[i] : 1.0));
    films.back().probability = std::round(films.back().probability * 1e4) / 1e4;
  }
  return Named(films);
}

}  // namespace camnode

#endif  // CAMNODE_TESTS_CORE_TRAINING_FIGURES_SCORED_FILMS_H_
