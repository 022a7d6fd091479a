#include "core/render/blend_row.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <random>
#include <vector>

#include "core/base/vector_unit.h"

namespace camnode {
namespace {

constexpr uint8_t kUntouched = 77;
constexpr size_t kBeyond = 64;  // Bytes behind the row that nobody may write.

// A row of noise under a map of noise.
struct Row {
  explicit Row(int pixels) : film(static_cast<size_t>(pixels)), colours(256) {
    std::mt19937 random(static_cast<uint32_t>(pixels));
    std::uniform_real_distribution<float> share(0.0f, 1.0f);
    for (uint8_t& gray : film) gray = static_cast<uint8_t>(random());
    for (uint32_t& colour : colours) colour = random() & 0xffffff;
    for (int i = 0; i < pixels; ++i) {
      above.push_back(i % 7 == 0 ? 1.0f : share(random));
      below.push_back(i % 11 == 0 ? 0.0f : share(random));
    }
  }

  std::vector<uint8_t> Blend(BlendRowFunction blend) const {
    std::vector<uint8_t> out(3 * film.size() + kBeyond, kUntouched);
    blend({film.data(), static_cast<int>(film.size()), above.data(), below.data(), kShareOfBelow,
           kAlpha, colours.data(), out.data()});
    return out;
  }

  // film + alpha * v * (colour(v) - film)
  double Exact(size_t pixel, size_t channel) const {
    const float v = above[pixel] + (below[pixel] - above[pixel]) * kShareOfBelow;
    const auto strength = static_cast<size_t>(v * 255.0f + 0.5f);
    const auto colour = static_cast<uint8_t>(colours[strength] >> (8 * channel));
    return film[pixel] + double{kAlpha} * double{v} * (colour - film[pixel]);
  }

  static constexpr float kShareOfBelow = 0.3f;
  static constexpr float kAlpha = 0.8f;
  std::vector<uint8_t> film;
  std::vector<uint32_t> colours;
  std::vector<float> above;
  std::vector<float> below;
};

class BlendRowTest : public ::testing::TestWithParam<int> {};

TEST_P(BlendRowTest, RoundsTheFormulaAndWritesNothingBehindTheRow) {
  const Row row(GetParam());
  const std::vector<uint8_t> out = row.Blend(baseline::BlendRow);
  for (size_t pixel = 0; pixel < row.film.size(); ++pixel) {
    for (size_t channel = 0; channel < 3; ++channel) {
      EXPECT_NEAR(out[3 * pixel + channel], row.Exact(pixel, channel), 0.51) << pixel;
    }
  }
  for (size_t i = 3 * row.film.size(); i < out.size(); ++i) EXPECT_EQ(out[i], kUntouched);
}

TEST_P(BlendRowTest, EveryInstructionSetGivesTheSamePixels) {
  const Row row(GetParam());
  const std::vector<uint8_t> plain = row.Blend(baseline::BlendRow);
  const VectorUnit unit = BestVectorUnit();
  if (unit >= VectorUnit::kAvx2) {
    EXPECT_EQ(row.Blend(avx2::BlendRow), plain);
  }
  EXPECT_EQ(row.Blend(BestBlendRow()), plain);
}

INSTANTIATE_TEST_SUITE_P(Pixels, BlendRowTest, ::testing::Values(1, 63, 64, 65, 127, 128, 1000));

}  // namespace
}  // namespace camnode
