// The grayscale chain against numbers worked out on paper from PS3.3 C.11.

#include "core/dicom/pixels/grayscale.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace camnode {
namespace {

using ::testing::ElementsAre;

PixelFormat Format(int bits_allocated, int bits_stored, int high_bit, bool is_signed) {
  PixelFormat format;
  format.rows = 1;
  format.columns = 5;
  format.bits_allocated = bits_allocated;
  format.bits_stored = bits_stored;
  format.high_bit = high_bit;
  format.is_signed = is_signed;
  format.photometric = "MONOCHROME2";
  return format;
}

std::vector<int> Row(const cv::Mat1b& image) { return {image.begin(), image.end()}; }

TEST(StoredValueTest, TakesTheStoredBitsAndNoOthers) {
  EXPECT_EQ(StoredValue(0xF123, Format(16, 12, 11, false)), 0x123);
  EXPECT_EQ(StoredValue(0x1230, Format(16, 12, 15, false)), 0x123);
  EXPECT_EQ(StoredValue(0xFFFF, Format(16, 16, 15, false)), 65'535);
}

TEST(StoredValueTest, ExtendsTheSignOfTheStoredBits) {
  EXPECT_EQ(StoredValue(0x0FFF, Format(16, 12, 11, true)), -1);
  EXPECT_EQ(StoredValue(0x0800, Format(16, 12, 11, true)), -2'048);
  EXPECT_EQ(StoredValue(0x07FF, Format(16, 12, 11, true)), 2'047);
  EXPECT_EQ(StoredValue(0x80, Format(8, 8, 7, true)), -128);
}

// PS3.3 C.11.2.1.2.2: with a center of 2048 and a width of 4096, 0 is black and 4095
// white; with a center of 0 and a width of 1, below 0 is black and from 0 on white.
TEST(WindowTest, LinearIsTheExamplesOfTheStandard) {
  const Window wide{WindowFunction::kLinear, 2'048.0, 4'096.0};
  EXPECT_DOUBLE_EQ(wide.Apply(0.0), 0.0);
  EXPECT_DOUBLE_EQ(wide.Apply(2'047.5), 0.5);
  EXPECT_DOUBLE_EQ(wide.Apply(4'095.0), 1.0);
  const Window threshold{WindowFunction::kLinear, 0.0, 1.0};
  EXPECT_DOUBLE_EQ(threshold.Apply(-1.0), 0.0);
  EXPECT_DOUBLE_EQ(threshold.Apply(0.0), 1.0);
  const Window hundred{WindowFunction::kLinear, 0.0, 100.0};
  EXPECT_DOUBLE_EQ(hundred.Apply(-50.0), 0.0);
  EXPECT_DOUBLE_EQ(hundred.Apply(49.0), 1.0);
}

TEST(WindowTest, LinearExactGoesFromEdgeToEdge) {
  const Window window{WindowFunction::kLinearExact, 10.0, 4.0};
  EXPECT_DOUBLE_EQ(window.Apply(8.0), 0.0);
  EXPECT_DOUBLE_EQ(window.Apply(9.0), 0.25);
  EXPECT_DOUBLE_EQ(window.Apply(12.0), 1.0);
}

TEST(WindowTest, SigmoidIsOneHalfAtItsCenter) {
  const Window window{WindowFunction::kSigmoid, 100.0, 40.0};
  EXPECT_DOUBLE_EQ(window.Apply(100.0), 0.5);
  // 1 / (1 + exp(-4 * 10 / 40)) = 1 / (1 + 1/e).
  EXPECT_NEAR(window.Apply(110.0), 0.731058579, 1e-9);
  EXPECT_NEAR(window.Apply(90.0), 0.268941421, 1e-9);
}

TEST(LookupTableTest, HoldsItsEndsBeyondItsEnds) {
  const LookupTable lut{-2, 16, {10, 20, 30}};
  EXPECT_EQ(lut.Look(-100), 10);
  EXPECT_EQ(lut.Look(-2), 10);
  EXPECT_EQ(lut.Look(-1), 20);
  EXPECT_EQ(lut.Look(0), 30);
  EXPECT_EQ(lut.Look(1e9), 30);
}

TEST(GrayscaleChainTest, RescalesThenWindowsThenRounds) {
  GrayscaleChain chain;
  chain.slope = 2.0;
  chain.intercept = -10.0;
  chain.window = Window{WindowFunction::kLinearExact, 0.0, 20.0};
  const std::string samples("\x00\x05\x06\x0A\x0F", 5);  // Modality -10, 0, 2, 10, 20.
  const GrayscaleFilm film = ApplyGrayscaleChain(samples, 1, Format(8, 8, 7, false), chain);
  EXPECT_THAT(film.modality_values, testing::ElementsAre(-10.0f, 0.0f, 2.0f, 10.0f, 20.0f));
  // 0; 0.5 x 255 = 127.5; 0.6 x 255 = 153; 255; 255.
  EXPECT_THAT(Row(film.presentation), ElementsAre(0, 128, 153, 255, 255));
}

TEST(GrayscaleChainTest, InvertsOnceAfterTheWindow) {
  GrayscaleChain chain;
  chain.window = Window{WindowFunction::kLinearExact, 2.0, 4.0};
  chain.inverted = true;
  const std::string samples("\x00\x01\x02\x03\x04", 5);
  const GrayscaleFilm film = ApplyGrayscaleChain(samples, 1, Format(8, 8, 7, false), chain);
  EXPECT_THAT(Row(film.presentation), ElementsAre(255, 191, 128, 64, 0));
  EXPECT_THAT(film.modality_values, testing::ElementsAre(0.0f, 1.0f, 2.0f, 3.0f, 4.0f));
}

TEST(GrayscaleChainTest, ScalesAVoiLutByItsBits) {
  GrayscaleChain chain;
  chain.voi_lut = LookupTable{1, 10, {0, 512, 1'023}};
  const std::string samples("\x00\x01\x02\x03\x04", 5);
  const GrayscaleFilm film = ApplyGrayscaleChain(samples, 1, Format(8, 8, 7, false), chain);
  // 512 / 1023 x 255 = 127.6.
  EXPECT_THAT(Row(film.presentation), ElementsAre(0, 0, 128, 255, 255));
}

TEST(GrayscaleChainTest, ShowsAnOrdinaryEightBitPictureAsItIs) {
  const std::string samples("\x00\x01\x7F\x80\xFF", 5);
  const GrayscaleFilm film =
      ApplyGrayscaleChain(samples, 1, Format(8, 8, 7, false), GrayscaleChain());
  EXPECT_THAT(Row(film.presentation), ElementsAre(0, 1, 127, 128, 255));
}

// 1,000 pixels: padding aside, 990 of them hold 1,000 to 1,989 once each.  Rank 10 of
// 990 (1 %) holds 1,009; rank 981 (99 %) holds 1,980.
TEST(GrayscaleChainTest, ASilentFilmIsShownFromItsFirstToItsNinetyNinthPercentile) {
  PixelFormat format = Format(16, 12, 11, false);
  format.rows = 10;
  format.columns = 100;
  std::string samples;
  for (int i = 0; i < 1'000; ++i) {
    const int value = i < 10 ? 4'095 : 990 + i;
    samples += {static_cast<char>(value & 0xff), static_cast<char>(value >> 8)};
  }
  GrayscaleChain chain;
  chain.padding_low = 4'095;
  chain.padding_high = 4'095;
  const GrayscaleFilm film = ApplyGrayscaleChain(samples, 2, format, chain);
  const auto shown = [&film](int value) {
    return film.presentation.at<uint8_t>((value - 990) / 100, (value - 990) % 100);
  };
  EXPECT_EQ(shown(1'000), 0);
  EXPECT_EQ(shown(1'009), 0);
  EXPECT_GT(shown(1'012), 0);
  // (1495 - 1494.5) / 971 + 0.5 = 0.500515, x 255 = 127.63.
  EXPECT_EQ(shown(1'495), 128);
  EXPECT_LT(shown(1'977), 255);
  EXPECT_EQ(shown(1'980), 255);
}

TEST(GrayscaleChainTest, AConstantSilentFilmStaysConstant) {
  const std::string samples("\x10\x00\x10\x00\x10\x00\x10\x00\x10\x00", 10);
  const GrayscaleFilm film =
      ApplyGrayscaleChain(samples, 2, Format(16, 12, 11, false), GrayscaleChain());
  EXPECT_THAT(Row(film.presentation), testing::Each(128));
}

}  // namespace
}  // namespace camnode
