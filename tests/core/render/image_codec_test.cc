// Files made here by libpng and libjpeg themselves, then damaged.
// Also: jpeg_decoder, png_codec.

#include "core/render/image_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <jpeglib.h>
#include <png.h>
#include <pngconf.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

#include "absl/status/status.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/test_data.h"

namespace camnode {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int64_t kManyPixels = 1'000'000;

// One row of raw samples as a PNG of any kind.
struct RawPng {
  int width = 0;
  int height = 1;
  int bit_depth = 8;
  int colour_type = PNG_COLOR_TYPE_GRAY;
  std::vector<unsigned char> rows;  // Packed, high byte first.
  std::vector<png_color> palette;
  std::vector<unsigned char> transparency;  // Alpha of the palette's entries.
  bool interlaced = false;
};

std::string WriteRawPng(const RawPng& raw) {
  std::string bytes;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(
      png, &bytes,
      [](png_structp p, png_bytep data, png_size_t size) {
        static_cast<std::string*>(png_get_io_ptr(p))
            ->append(reinterpret_cast<const char*>(data), size);
      },
      [](png_structp) {});
  png_set_IHDR(png, info, static_cast<png_uint_32>(raw.width), static_cast<png_uint_32>(raw.height),
               raw.bit_depth, raw.colour_type,
               raw.interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  if (!raw.palette.empty()) {
    png_set_PLTE(png, info, raw.palette.data(), static_cast<int>(raw.palette.size()));
  }
  if (!raw.transparency.empty()) {
    png_set_tRNS(png, info, raw.transparency.data(), static_cast<int>(raw.transparency.size()),
                 nullptr);
  }
  png_write_info(png, info);
  std::vector<png_bytep> rows;
  const size_t stride = png_get_rowbytes(png, info);
  for (int y = 0; y < raw.height; ++y) {
    rows.push_back(const_cast<png_bytep>(raw.rows.data() + stride * static_cast<size_t>(y)));
  }
  png_write_image(png, rows.data());
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  return bytes;
}

std::string WriteJpeg(const cv::Mat& pixels, J_COLOR_SPACE space, bool progressive = false) {
  jpeg_compress_struct jpeg;
  jpeg_error_mgr errors;
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  unsigned char* buffer = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&jpeg, &buffer, &size);
  jpeg.image_width = static_cast<JDIMENSION>(pixels.cols);
  jpeg.image_height = static_cast<JDIMENSION>(pixels.rows);
  jpeg.input_components = pixels.channels();
  jpeg.in_color_space = space;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, 100, TRUE);
  if (progressive) jpeg_simple_progression(&jpeg);
  jpeg_start_compress(&jpeg, TRUE);
  for (int y = 0; y < pixels.rows; ++y) {
    JSAMPROW row = const_cast<JSAMPROW>(pixels.ptr(y));
    jpeg_write_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  std::string bytes(reinterpret_cast<char*>(buffer), size);
  std::free(buffer);
  return bytes;
}

std::vector<int> Samples(const cv::Mat& pixels) {
  std::vector<int> samples;
  const cv::Mat flat = pixels.reshape(1, 1);
  for (int i = 0; i < flat.cols; ++i) samples.push_back(flat.at<uint8_t>(0, i));
  return samples;
}

cv::Mat1b Ramp(int width, int height) {
  cv::Mat1b ramp(height, width);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) ramp(y, x) = static_cast<uint8_t>(3 * x + 5 * y);
  }
  return ramp;
}

TEST(PngTest, GrayAndColourComeBackAsTheyWere) {
  const cv::Mat1b gray = Ramp(37, 23);
  cv::Mat3b colour(2, 2);
  colour(0, 0) = {255, 0, 0};
  colour(0, 1) = {0, 255, 0};
  colour(1, 0) = {0, 0, 255};
  colour(1, 1) = {1, 2, 3};

  const auto gray_again = DecodeImage(EncodePng(gray).value(), kManyPixels);
  const auto colour_again = DecodeImage(EncodePng(colour).value(), kManyPixels);

  ASSERT_THAT(gray_again, IsOk());
  ASSERT_THAT(colour_again, IsOk());
  EXPECT_EQ(gray_again->channels(), 1);
  EXPECT_EQ(Samples(*gray_again), Samples(gray));
  EXPECT_EQ(colour_again->channels(), 3);
  EXPECT_EQ(Samples(*colour_again), Samples(colour));
}

TEST(PngTest, APictureThatIsPartOfAnotherIsWrittenByItsOwnRows) {
  const cv::Mat1b ramp = Ramp(10, 10);
  const cv::Mat1b part = ramp(cv::Rect(3, 4, 2, 2));
  const auto again = DecodeImage(EncodePng(part).value(), kManyPixels);
  ASSERT_THAT(again, IsOk());
  EXPECT_THAT(Samples(*again), ElementsAre(29, 32, 34, 37));
}

TEST(PngTest, NothingIsNotAPicture) {
  EXPECT_THAT(EncodePng(cv::Mat1b()), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(PngTest, SixteenBitsAreScaledToEight) {
  // 65535 / 257 = 255; 32896 / 257 = 128; 255 / 257, rounded, is 1.
  const auto gray = DecodeImage(
      WriteRawPng(
          {3, 1, 16, PNG_COLOR_TYPE_GRAY, {0xff, 0xff, 0x80, 0x80, 0x00, 0xff}, {}, {}, false}),
      kManyPixels);
  ASSERT_THAT(gray, IsOk());
  EXPECT_THAT(Samples(*gray), ElementsAre(255, 128, 1));
}

TEST(PngTest, OneBitGrayBecomesBlackAndWhite) {
  const auto gray = DecodeImage(
      WriteRawPng({4, 1, 1, PNG_COLOR_TYPE_GRAY, {0b10100000}, {}, {}, false}), kManyPixels);
  ASSERT_THAT(gray, IsOk());
  EXPECT_EQ(gray->channels(), 1);
  EXPECT_THAT(Samples(*gray), ElementsAre(255, 0, 255, 0));
}

TEST(PngTest, APaletteBecomesColourAndItsTransparencyIsDropped) {
  const auto colour = DecodeImage(
      WriteRawPng(
          {2, 1, 8, PNG_COLOR_TYPE_PALETTE, {1, 0}, {{10, 20, 30}, {40, 50, 60}}, {0, 9}, false}),
      kManyPixels);
  ASSERT_THAT(colour, IsOk());
  EXPECT_EQ(colour->channels(), 3);
  EXPECT_THAT(Samples(*colour), ElementsAre(40, 50, 60, 10, 20, 30));
}

TEST(PngTest, AlphaIsDroppedAndNotBlended) {
  const auto gray = DecodeImage(
      WriteRawPng({2, 1, 8, PNG_COLOR_TYPE_GRAY_ALPHA, {70, 0, 80, 255}, {}, {}, false}),
      kManyPixels);
  const auto colour = DecodeImage(
      WriteRawPng({1, 1, 8, PNG_COLOR_TYPE_RGB_ALPHA, {1, 2, 3, 0}, {}, {}, false}), kManyPixels);
  ASSERT_THAT(gray, IsOk());
  ASSERT_THAT(colour, IsOk());
  EXPECT_THAT(Samples(*gray), ElementsAre(70, 80));
  EXPECT_THAT(Samples(*colour), ElementsAre(1, 2, 3));
}

TEST(PngTest, AnInterlacedFilmIsPutTogether) {
  const cv::Mat1b ramp = Ramp(11, 9);
  RawPng raw = {11, 9, 8, PNG_COLOR_TYPE_GRAY, {ramp.begin(), ramp.end()}, {}, {}, false};
  raw.interlaced = true;
  const auto again = DecodeImage(WriteRawPng(raw), kManyPixels);
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(Samples(*again), Samples(ramp));
}

TEST(JpegTest, GrayStaysGrayAndColourIsRedFirst) {
  const cv::Mat1b gray(16, 16, static_cast<uint8_t>(90));
  const cv::Mat3b red(16, 16, cv::Vec3b(250, 10, 10));
  const auto gray_again = DecodeImage(WriteJpeg(gray, JCS_GRAYSCALE), kManyPixels);
  const auto red_again = DecodeImage(WriteJpeg(red, JCS_RGB), kManyPixels);
  ASSERT_THAT(gray_again, IsOk());
  ASSERT_THAT(red_again, IsOk());
  EXPECT_EQ(gray_again->at<uint8_t>(8, 8), 90);
  ASSERT_EQ(red_again->channels(), 3);
  EXPECT_NEAR(red_again->at<cv::Vec3b>(8, 8)[0], 250, 2);
  EXPECT_NEAR(red_again->at<cv::Vec3b>(8, 8)[2], 10, 2);
}

TEST(JpegTest, ProgressiveFilmsAreRead) {
  EXPECT_THAT(DecodeImage(WriteJpeg(Ramp(64, 64), JCS_GRAYSCALE, true), kManyPixels), IsOk());
}

TEST(JpegTest, CmykIsRefused) {
  const cv::Mat cmyk(16, 16, CV_8UC4, cv::Scalar(1, 2, 3, 4));
  EXPECT_THAT(DecodeImage(WriteJpeg(cmyk, JCS_CMYK), kManyPixels),
              StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("CMYK")));
}

// A progressive file whose last scan is repeated for ever costs its reader one
// pass over the film each time.
TEST(JpegTest, AFileOfThousandsOfScansIsRefused) {
  std::string bytes = WriteJpeg(Ramp(64, 64), JCS_GRAYSCALE, true);
  const size_t last_scan = bytes.rfind("\xff\xda");
  const std::string scan = bytes.substr(last_scan, bytes.size() - last_scan - 2);
  for (int i = 0; i < 3000; ++i) bytes.insert(bytes.size() - 2, scan);
  EXPECT_THAT(DecodeImage(bytes, kManyPixels),
              StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("100 scans")));
}

TEST(DecodeImageTest, TheSizeInTheHeaderIsCheckedBeforeAnythingIsAllocated) {
  const std::string png = EncodePng(Ramp(100, 50)).value();
  const std::string jpeg = WriteJpeg(Ramp(100, 50), JCS_GRAYSCALE);
  for (const std::string& bytes : {png, jpeg}) {
    EXPECT_THAT(DecodeImage(bytes, 5000), IsOk());
    EXPECT_THAT(DecodeImage(bytes, 4999),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("100 x 50")));
  }
  // A header that declares 65,000 x 65,000 in front of 5,000 pixels.
  std::string liar = jpeg;
  const size_t frame = liar.find("\xff\xc0");
  ASSERT_NE(frame, std::string::npos);
  for (const size_t at : {frame + 5, frame + 7}) {
    liar[at] = '\xfd';
    liar[at + 1] = '\xe8';
  }
  EXPECT_THAT(DecodeImage(liar, 100'000'000), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(DecodeImageTest, AFileCutAnywhereIsDamagedAndNeverHalfAFilm) {
  const std::string png = EncodePng(Ramp(40, 40)).value();
  const std::string jpeg = WriteJpeg(Ramp(40, 40), JCS_GRAYSCALE);
  const std::string progressive = WriteJpeg(Ramp(40, 40), JCS_GRAYSCALE, true);
  for (const std::string& bytes : {png, jpeg, progressive}) {
    // Without the very end marker a JPEG still holds every pixel.
    for (size_t size = 8; size + 4 < bytes.size(); ++size) {
      EXPECT_THAT(DecodeImage(bytes.substr(0, size), kManyPixels),
                  StatusIs(absl::StatusCode::kDataLoss))
          << size << " of " << bytes.size();
    }
  }
}

TEST(DecodeImageTest, FlippedBytesNeverDoMoreThanDamage) {
  const std::string png = EncodePng(Ramp(40, 40)).value();
  const std::string jpeg = WriteJpeg(Ramp(40, 40), JCS_GRAYSCALE);
  for (const std::string& bytes : {png, jpeg}) {
    for (size_t i = 0; i < bytes.size(); ++i) {
      std::string flipped = bytes;
      flipped[i] = static_cast<char>(~flipped[i]);
      const auto decoded = DecodeImage(flipped, kManyPixels);
      if (!decoded.ok()) continue;
      EXPECT_LE(static_cast<int64_t>(decoded->total()), kManyPixels);
    }
  }
}

TEST(DecodeImageTest, OtherFilesAreNamedAsSuch) {
  for (const std::string& bytes :
       {std::string(), std::string("GIF89a"), std::string("hello, this is a text file"),
        std::string(200, '\0')}) {
    EXPECT_THAT(DecodeImage(bytes, kManyPixels),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("neither")));
  }
}

TEST(DecodePictureTest, AGrayFilmStoredAsColourComesBackAsItWas) {
  cv::Mat3b colour(1, 256);
  for (int i = 0; i < 256; ++i) colour(0, i) = cv::Vec3b::all(static_cast<uint8_t>(i));
  const auto film = DecodePicture(EncodePng(colour).value(), kManyPixels);
  ASSERT_THAT(film, IsOk());
  for (int i = 0; i < 256; ++i) EXPECT_EQ(film->presentation(0, i), i);
  EXPECT_EQ(film->colour_spread, 0);
  EXPECT_TRUE(film->modality_values.empty());
}

TEST(DecodePictureTest, ColourSpreadIsThatOfThe99thPercentile) {
  // 200 pixels: 2 of them red (one in a hundred), or 3.
  cv::Mat3b film(1, 200, cv::Vec3b(50, 50, 50));
  film(0, 0) = film(0, 1) = {255, 5, 5};
  EXPECT_EQ(DecodePicture(EncodePng(film).value(), kManyPixels)->colour_spread, 0);
  film(0, 2) = {255, 5, 5};
  EXPECT_EQ(DecodePicture(EncodePng(film).value(), kManyPixels)->colour_spread, 250);
}

TEST(DecodePictureTest, ReadsTheFilmsOfThePublicSet) {
  CAMNODE_NEEDS_TEST_DATA("kermany_original");
  const std::string path = TestDataPath("kermany_original/PNEUMONIA/person1202_bacteria_3152.jpeg");
  std::FILE* file = std::fopen(path.c_str(), "rb");
  ASSERT_NE(file, nullptr);
  std::string bytes(1 << 20, '\0');
  bytes.resize(std::fread(bytes.data(), 1, bytes.size(), file));
  std::fclose(file);
  const auto film = DecodePicture(bytes, 100'000'000);
  ASSERT_THAT(film, IsOk());
  EXPECT_EQ(film->presentation.size(), cv::Size(1008, 800));
}

}  // namespace
}  // namespace camnode
