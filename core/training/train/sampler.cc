#include "core/training/train/sampler.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "core/training/films/random_generator.h"

namespace camnode {
namespace {

namespace v1 = camnode::training::v1;

// One class's films, again and again, each time in another order.
class Deck {
 public:
  void Add(size_t film) { films_.push_back(film); }
  size_t Draw(RandomGenerator& random) {
    if (next_ == 0) Shuffle(films_, random);
    const size_t film = films_[next_];
    next_ = (next_ + 1) % films_.size();
    return film;
  }

 private:
  std::vector<size_t> films_;
  size_t next_ = 0;
};

std::vector<size_t> Balanced(const std::vector<int>& classes, RandomGenerator& random) {
  std::map<int, Deck> decks;
  for (size_t i = 0; i < classes.size(); ++i) decks[classes[i]].Add(i);
  std::vector<size_t> order;
  while (order.size() < classes.size()) {
    for (auto& [label, deck] : decks) order.push_back(deck.Draw(random));
  }
  order.resize(classes.size());
  // So that a batch is not half and half by rote, and its remainder is of any class.
  Shuffle(order, random);
  return order;
}

std::vector<size_t> Weighted(const std::vector<double>& weights, RandomGenerator& random) {
  std::vector<double> sums(weights.size());
  std::partial_sum(weights.begin(), weights.end(), sums.begin());
  std::vector<size_t> order(weights.size());
  for (size_t& index : order) {
    const double point = random.Uniform(0.0, sums.back());
    index = static_cast<size_t>(std::upper_bound(sums.begin(), sums.end(), point) - sums.begin());
  }
  return order;
}

}  // namespace

std::vector<size_t> EpochOrder(const std::vector<int>& classes, const std::vector<double>& weights,
                               v1::Sampling sampling, uint64_t seed) {
  RandomGenerator random(seed);
  if (sampling == v1::SAMPLING_BALANCED) return Balanced(classes, random);
  if (sampling == v1::SAMPLING_WEIGHTED) return Weighted(weights, random);
  std::vector<size_t> order(classes.size());
  std::iota(order.begin(), order.end(), size_t{0});
  Shuffle(order, random);
  return order;
}

}  // namespace camnode
