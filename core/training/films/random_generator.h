// Random numbers that are the same on every machine, for the same seed.

#ifndef CAMNODE_CORE_TRAINING_FILMS_RANDOM_GENERATOR_H_
#define CAMNODE_CORE_TRAINING_FILMS_RANDOM_GENERATOR_H_

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <utility>
#include <vector>

namespace camnode {

// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): 64 bits of state, passes BigCrush,
// and every seed is as good as another.  Used instead of <random> because the standard
// leaves its distributions to each library: figures must be the same everywhere.
// Not thread-safe; copies continue alike.
class RandomGenerator {
 public:
  explicit RandomGenerator(uint64_t seed) : state_(seed) {}

  // The generator of part `stream` of what `seed` decides (a bootstrap round): streams
  // may be used in any order or left out.
  RandomGenerator(uint64_t seed, uint64_t stream) : state_(seed) {
    state_ = Next() + stream;
    state_ = Next();
  }

  uint64_t Next() {
    state_ += 0x9e3779b97f4a7c15u;
    uint64_t bits = state_;
    bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9u;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebu;
    return bits ^ (bits >> 31);
  }

  // 0 to `count` - 1, each equally likely (Lemire 2019, with rejection).
  // REQUIRES: count > 0.
  uint64_t Below(uint64_t count) {
    const uint64_t rejected = (0 - count) % count;
    while (true) {
      const auto product = static_cast<Wide>(Next()) * count;
      if (static_cast<uint64_t>(product) >= rejected) return static_cast<uint64_t>(product >> 64);
    }
  }

  // 0 <= u < 1, a multiple of 2^-53.
  double Uniform() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }
  // From `low` to below `high`; `low` if they are equal.
  double Uniform(double low, double high) { return low + (high - low) * Uniform(); }
  bool Happens(double probability) { return Uniform() < probability; }

  // Mean 0, deviation 1, at most 3.5 away from 0: the sum of four uniforms of 16 bits.
  // Costs one Next: for noise on pixels.
  float RoughNormal() {
    const uint64_t bits = Next();
    const auto part = [bits](int i) { return static_cast<float>((bits >> (16 * i)) & 0xffff); };
    // The sum's mean is 2 * 65535, its deviation 65536 / sqrt(3).
    return (part(0) + part(1) + part(2) + part(3) - 131070.0f) * (1.7320508f / 65536.0f);
  }

 private:
  __extension__ using Wide = unsigned __int128;
  uint64_t state_;
};

// Every order equally likely (Fisher and Yates); std::shuffle differs from library to
// library.
template <typename Item>
void Shuffle(std::vector<Item>& items, RandomGenerator& random) {
  for (size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[random.Below(i)]);
}

// One seed of several numbers (a run's seed, an epoch, a film): other numbers, or the
// same in another order, give an unrelated one.
inline uint64_t MixSeeds(std::initializer_list<uint64_t> parts) {
  uint64_t seed = 0;
  for (const uint64_t part : parts) seed = RandomGenerator(seed, part).Next();
  return seed;
}

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_FILMS_RANDOM_GENERATOR_H_
