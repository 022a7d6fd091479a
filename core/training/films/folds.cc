#include "core/training/films/folds.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "core/base/sha256.h"
#include "core/training/films/random_generator.h"

namespace camnode {
namespace {

// Films that belong together: of one patient, of the same bytes, and so on through
// both.
struct FilmGroup {
  std::vector<size_t> films;
  std::vector<int64_t> films_per_class;
  uint64_t order = 0;
  std::string name;  // The first of its patients' names.
};

uint64_t Mix(uint64_t bits) { return RandomGenerator(bits).Next(); }

uint64_t SeededHash(const std::string& text, uint64_t seed) {
  uint64_t start = 0;
  // 16 digits of the digest are always a number.
  (void)absl::SimpleHexAtoi(Sha256Hex(text).substr(0, 16), &start);
  return Mix(start ^ Mix(seed));
}

// Disjoint sets with path halving.
class UnionFind {
 public:
  explicit UnionFind(size_t size) : parents_(size) {
    std::iota(parents_.begin(), parents_.end(), 0);
  }

  size_t RootOf(size_t item) {
    while (parents_[item] != item) item = parents_[item] = parents_[parents_[item]];
    return item;
  }

  // The smaller root stays one, so that the sets do not depend on the order of calls.
  void Join(size_t a, size_t b) {
    const auto [low, high] = std::minmax({RootOf(a), RootOf(b)});
    parents_[high] = low;
  }

 private:
  std::vector<size_t> parents_;
};

std::vector<FilmGroup> GroupFilms(const Dataset& dataset, uint64_t seed) {
  UnionFind sets(dataset.films.size());
  std::unordered_map<std::string, size_t> first_of_patient, first_of_bytes;
  for (size_t i = 0; i < dataset.films.size(); ++i) {
    sets.Join(i, first_of_patient.emplace(dataset.films[i].patient, i).first->second);
    sets.Join(i, first_of_bytes.emplace(dataset.films[i].sha256, i).first->second);
  }
  std::vector<FilmGroup> groups;
  std::unordered_map<size_t, size_t> group_of_root;
  for (size_t i = 0; i < dataset.films.size(); ++i) {
    const LabelledFilm& film = dataset.films[i];
    const auto [entry, is_new] = group_of_root.emplace(sets.RootOf(i), groups.size());
    if (is_new) {
      groups.emplace_back();
      groups.back().films_per_class.resize(dataset.classes.size());
      groups.back().name = film.patient;
    }
    FilmGroup& group = groups[entry->second];
    group.films.push_back(i);
    ++group.films_per_class[film.class_index];
    group.name = std::min(group.name, film.patient);
  }
  for (FilmGroup& group : groups) group.order = SeededHash(group.name, seed);
  return groups;
}

// Deals groups one by one to the fold that has least of what the group brings.
class FoldDealer {
 public:
  FoldDealer(const Dataset& dataset, int folds)
      : films_of_(folds, std::vector<int64_t>(dataset.classes.size())), size_of_(folds) {
    std::vector<int64_t> films_per_class(dataset.classes.size());
    for (const LabelledFilm& film : dataset.films) ++films_per_class[film.class_index];
    for (const int64_t films : films_per_class) {
      weights_.push_back(static_cast<int64_t>(dataset.films.size()) / std::max<int64_t>(1, films));
    }
  }

  int Deal(const FilmGroup& group) {
    const int folds = static_cast<int>(films_of_.size());
    int best = 0;
    auto best_cost = CostOf(group, 0);
    for (int fold = 1; fold < folds; ++fold) {
      const auto cost = CostOf(group, fold);
      if (cost < best_cost) std::tie(best, best_cost) = std::tie(fold, cost);
    }
    for (size_t i = 0; i < weights_.size(); ++i) films_of_[best][i] += group.films_per_class[i];
    size_of_[best] += static_cast<int64_t>(group.films.size());
    return best;
  }

 private:
  // First what the classes of the group have in the fold already, rare classes
  // weighing as much as frequent ones; then the fold's films; then chance.  Whole
  // numbers, so that every machine agrees: at most the films' number squared.
  std::tuple<int64_t, int64_t, uint64_t> CostOf(const FilmGroup& group, int fold) const {
    int64_t crowd = 0;
    for (size_t i = 0; i < weights_.size(); ++i) {
      crowd += films_of_[fold][i] * group.films_per_class[i] * weights_[i];
    }
    return {crowd, size_of_[fold], Mix(group.order + fold)};
  }

  std::vector<std::vector<int64_t>> films_of_;  // [fold][class]
  std::vector<int64_t> size_of_;                // [fold]
  std::vector<int64_t> weights_;                // [class]
};

}  // namespace

absl::StatusOr<std::vector<int>> AssignFolds(const Dataset& dataset, int folds, uint64_t seed) {
  std::vector<FilmGroup> groups = GroupFilms(dataset, seed);
  if (groups.size() < static_cast<size_t>(folds)) {
    return absl::InvalidArgumentError(absl::StrCat(
        folds, " folds of ", groups.size(), " patients or groups of patients with the same films"));
  }
  // Large groups first: the small ones level out what they leave uneven.
  absl::c_sort(groups, [](const FilmGroup& a, const FilmGroup& b) {
    const size_t size_of_a = a.films.size(), size_of_b = b.films.size();
    return std::tie(size_of_b, a.order, a.name) < std::tie(size_of_a, b.order, b.name);
  });
  std::vector<int> fold_of_film(dataset.films.size());
  FoldDealer dealer(dataset, folds);
  for (const FilmGroup& group : groups) {
    const int fold = dealer.Deal(group);
    for (const size_t film : group.films) fold_of_film[film] = fold;
  }
  return fold_of_film;
}

}  // namespace camnode
