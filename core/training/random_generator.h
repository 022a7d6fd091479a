#ifndef CAMNODE_CORE_TRAINING_RANDOM_GENERATOR_H_
#define CAMNODE_CORE_TRAINING_RANDOM_GENERATOR_H_

#include <cstdint>

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

 private:
  __extension__ using Wide = unsigned __int128;
  uint64_t state_;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_RANDOM_GENERATOR_H_
