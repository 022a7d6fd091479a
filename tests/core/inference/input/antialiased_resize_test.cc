// Against LibTorch's filter, to the bit: what networks were trained with.

#include "core/inference/input/antialiased_resize.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <opencv2/core.hpp>
#include <vector>

#include "core/base/vector_unit.h"
#include "core/inference/input/resize_passes.h"
#include "torch/torch.h"

namespace camnode {
namespace {

// Noise of black, white and all between.
cv::Mat1b Noise(int rows, int columns) {
  cv::Mat1b film(rows, columns);
  cv::RNG random(static_cast<uint64_t>(rows * 10'000 + columns));
  random.fill(film, cv::RNG::UNIFORM, -100, 356, /*saturateRange=*/true);
  return film;
}

cv::Mat1b ByLibTorch(const cv::Mat1b& film, const cv::Size& size) {
  const torch::Tensor pixels =
      torch::from_blob(film.data, {1, 1, film.rows, film.cols}, torch::kUInt8);
  const torch::Tensor resized =
      at::_upsample_bilinear2d_aa(pixels, {size.height, size.width}, /*align_corners=*/false)
          .contiguous();
  return cv::Mat1b(size.height, size.width, resized.data_ptr<uint8_t>()).clone();
}

TEST(AntialiasedResizeTest, IsLibTorchsToTheBitForFilmsOfEveryShape) {
  for (const cv::Size& from :
       {cv::Size(2348, 1851), cv::Size(1857, 1317), cv::Size(1024, 1024), cv::Size(300, 2999),
        cv::Size(225, 223), cv::Size(224, 500), cv::Size(500, 224), cv::Size(64, 70),
        cv::Size(1, 9), cv::Size(7, 1), cv::Size(9001, 33)}) {
    const cv::Mat1b film = Noise(from.height, from.width);
    for (const cv::Size& to : {cv::Size(224, 224), cv::Size(160, 160), cv::Size(224, 177),
                               cv::Size(1, 1), cv::Size(33, 299)}) {
      const cv::Mat1b ours = AntialiasedResize(film, to);
      ASSERT_EQ(ours.size(), to);
      EXPECT_EQ(cv::norm(ours, ByLibTorch(film, to), cv::NORM_INF), 0.0) << from << to;
    }
  }
}

TEST(AntialiasedResizeTest, TakesAPartOfAFilmAndCopiesOneOfTheSize) {
  const cv::Mat1b part = Noise(400, 500)(cv::Rect(30, 20, 224, 300));
  const cv::Mat1b whole = part.clone();
  EXPECT_EQ(cv::norm(AntialiasedResize(part, {100, 90}), AntialiasedResize(whole, {100, 90}),
                     cv::NORM_INF),
            0.0);
  EXPECT_EQ(cv::norm(AntialiasedResize(part, {224, 90}), AntialiasedResize(whole, {224, 90}),
                     cv::NORM_INF),
            0.0);
  const cv::Mat1b same = AntialiasedResize(whole, whole.size());
  EXPECT_EQ(cv::norm(same, whole, cv::NORM_INF), 0.0);
  EXPECT_NE(same.data, whole.data) << "who writes into the result would change the film";
}

std::vector<uint8_t> Columns(const ResizePasses& passes, const cv::Mat1b& row) {
  constexpr int kOut = 37;
  std::vector<int16_t> weights(kOut * kTapsAtOnce);
  std::vector<int> firsts;
  for (size_t i = 0; i < weights.size(); ++i) {
    weights[i] = static_cast<int16_t>(static_cast<int>(i * 7919 % 3000) - 700);
  }
  for (int x = 0; x < kOut; ++x) firsts.push_back(x * (row.cols - 1) / kOut);
  std::vector<int16_t> room(static_cast<size_t>(row.cols + kTapsAtOnce), 99);
  std::vector<uint8_t> out(kOut);
  passes.columns({row.data, row.cols, weights.data(), firsts.data(), kTapsAtOnce, 14, kOut,
                  room.data(), out.data()});
  return out;
}

std::vector<uint8_t> Rows(const ResizePasses& passes, const cv::Mat1b& rows) {
  std::vector<int16_t> weights;
  for (int k = 0; k < rows.rows; ++k) weights.push_back(static_cast<int16_t>(k * 700 - 500));
  std::vector<uint8_t> out(static_cast<size_t>(rows.cols));
  passes.rows({rows.data, rows.cols, weights.data(), rows.rows, 14, out.data()});
  return out;
}

TEST(AntialiasedResizeTest, EveryInstructionSetGivesTheSamePixels) {
  const cv::Mat1b film = Noise(9, 201);
  const VectorUnit unit = BestVectorUnit();
  for (const ResizePasses* passes : {&avx2::kResizePasses, &avx512::kResizePasses}) {
    if (unit < (passes == &avx2::kResizePasses ? VectorUnit::kAvx2 : VectorUnit::kAvx512)) continue;
    EXPECT_EQ(Columns(*passes, film), Columns(baseline::kResizePasses, film));
    EXPECT_EQ(Rows(*passes, film), Rows(baseline::kResizePasses, film));
  }
  EXPECT_THAT(Columns(baseline::kResizePasses, film), ::testing::Contains(255)) << "nothing cut";
}

}  // namespace
}  // namespace camnode
