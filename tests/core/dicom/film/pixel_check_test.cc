#include "core/dicom/film/pixel_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <ios>
#include <opencv2/core.hpp>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "core/dicom/film/film_concerns.h"
#include "core/dicom/film/instance_header.h"
#include "core/dicom/pixels/radiograph_reader.h"
#include "core/render/image_codec.h"
#include "tests/testing/dicom_builder.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/test_data.h"

namespace camnode {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMaxPixels = 100'000'000;

Radiograph ReadPicture(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream bytes;
  bytes << file.rdbuf();
  auto film = DecodePicture(bytes.str(), kMaxPixels);
  EXPECT_THAT(film, IsOk()) << path;
  return film.ok() ? *std::move(film) : Radiograph();
}

// Every `step`th film below `folder`, in the order of names.
std::vector<std::string> FilmsBelow(const std::string& folder, size_t step) {
  std::vector<std::string> all;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) all.push_back(entry.path().string());
  }
  std::sort(all.begin(), all.end());
  std::vector<std::string> some;
  for (size_t i = 0; i < all.size(); i += step) some.push_back(all[i]);
  return some;
}

cv::Mat1b Turned(const cv::Mat1b& film, int code) {
  cv::Mat1b turned;
  cv::rotate(film, turned, code);
  return turned;
}

TEST(CheckPixelsTest, OnePixelThatDiffersAnywhereIsEnough) {
  const cv::Mat1b sheet(120, 140, uchar{7});
  Radiograph film;
  film.presentation = sheet(cv::Rect(10, 10, 100, 100));  // Rows with a gap between.
  ASSERT_EQ(CheckPixels(film)->code, "CONSTANT");
  for (const auto& [row, column] : {std::pair(0, 0), {0, 99}, {1, 0}, {50, 50}, {99, 99}}) {
    film.presentation(row, column) = 8;
    EXPECT_FALSE(CheckPixels(film)) << row << ", " << column;
    film.presentation(row, column) = 7;
  }
}

TEST(CheckPixelsTest, TheObviousIsSeen) {
  Radiograph film;
  film.presentation = cv::Mat1b(100, 100, uchar{7});
  EXPECT_EQ(CheckPixels(film)->code, "CONSTANT");
  film.presentation(0, 0) = 8;
  EXPECT_FALSE(CheckPixels(film));
  film.colour_spread = 32;
  EXPECT_FALSE(CheckPixels(film));
  film.colour_spread = 33;
  EXPECT_EQ(CheckPixels(film)->code, "COLOUR_PHOTOGRAPH");
  film.presentation = cv::Mat1b(63, 100, uchar{7});
  EXPECT_EQ(CheckPixels(film)->code, "TOO_SMALL");
}

TEST(CompareWithChestTest, ANegativeIsAsUnlikeAsThePositiveIsLike) {
  cv::Mat1b film(200, 300);
  for (int y = 0; y < film.rows; ++y) {
    for (int x = 0; x < film.cols; ++x)
      film(y, x) = static_cast<uint8_t>(x * (300 - x) / 100 + y / 20);
  }
  cv::Mat1b negative(film.size());
  cv::subtract(cv::Scalar::all(255), film, negative);
  const double like = CompareWithChest(film).upright;
  EXPECT_GT(like, 0.7) << "a bright middle between dark edges";
  EXPECT_NEAR(CompareWithChest(negative).upright, -like, 1e-9);
}

TEST(CompareWithChestTest, AFilmOfOnePixelOrOneValueIsLikeNothing) {
  EXPECT_EQ(CompareWithChest(cv::Mat1b(1, 1, uint8_t{9})).upright, 0.0);
  EXPECT_EQ(CompareWithChest(cv::Mat1b(500, 3, uint8_t{9})).upright, 0.0);
}

TEST(CompareWithChestTest, OriginalFilmsAreUprightAndTheirNegativesAndQuarterTurnsAreNot) {
  CAMNODE_NEEDS_TEST_DATA("kermany_original");
  const auto codes = [](const cv::Mat1b& film) {
    Radiograph radiograph;
    radiograph.presentation = film;
    const auto concerns = FindPixelConcerns(radiograph);
    return concerns.empty() ? std::string() : concerns[0].code;
  };
  for (const std::string& path : FilmsBelow(TestDataPath("kermany_original"), 1)) {
    const cv::Mat1b film = ReadPicture(path).presentation;
    cv::Mat1b negative(film.size());
    cv::subtract(cv::Scalar::all(255), film, negative);
    EXPECT_EQ(codes(film), "") << path;
    EXPECT_EQ(codes(negative), "INVERTED") << path;
    EXPECT_EQ(codes(Turned(film, cv::ROTATE_90_CLOCKWISE)), "ROTATED") << path;
    EXPECT_EQ(codes(Turned(film, cv::ROTATE_90_COUNTERCLOCKWISE)), "ROTATED") << path;
  }
}

TEST(CompareWithChestTest, GoodDicomFilmsRaiseNoConcernOfTheirPixels) {
  CAMNODE_NEEDS_TEST_DATA("dicom_chest");
  for (const char* file : {"CR-MONO1-10-chest_explicit.dcm", "RG1_J2KI.dcm",
                           "udacity_nih_test1.dcm", "udacity_nih_test3.dcm"}) {
    const auto film =
        ReadRadiograph(TestDataPath(std::string("dicom_chest/") + file), RadiographLimits());
    ASSERT_THAT(film, IsOk()) << file;
    EXPECT_FALSE(CheckPixels(*film)) << file;
    EXPECT_TRUE(FindPixelConcerns(*film).empty())
        << file << " " << CompareWithChest(film->presentation).upright;
  }
}

// Every 50th film; CAMNODE_FILM_STEP=1 takes all 5,232.
TEST(EligibilityTest, PublicFilmsSentAsSecondaryCaptureAreEligible) {
  CAMNODE_NEEDS_TEST_DATA("kermany224");
  const char* step = std::getenv("CAMNODE_FILM_STEP");
  int films = 0;
  int refused = 0;
  int concerned = 0;
  for (const std::string& path :
       FilmsBelow(TestDataPath("kermany224"), step ? std::stoul(step) : 50)) {
    const cv::Mat1b pixels = ReadPicture(path).presentation;
    const std::string file =
        DicomBuilder()
            .Text(0x00080016, "1.2.840.10008.5.1.4.1.1.7")
            .Text(0x00080060, "OT")
            .Remove(0x00281050)
            .Remove(0x00281051)
            .Pixels(pixels.rows, pixels.cols, {pixels.begin(), pixels.end()}, 8, 8)
            .WriteTo(testing::TempDir() + "/secondary_capture.dcm");
    const auto header = ReadInstanceHeader(file);
    const auto film = ReadRadiograph(file, RadiographLimits());
    ASSERT_THAT(header, IsOk()) << path;
    ASSERT_THAT(film, IsOk()) << path;
    EXPECT_EQ(cv::norm(film->presentation, pixels, cv::NORM_INF), 0.0) << path;
    ++films;
    if (CheckHeader(*header) || CheckPixels(*film)) ++refused;
    if (!FindPixelConcerns(*film).empty()) ++concerned;
  }
  std::printf("%d films: %d refused, %d flagged by their pixels\n", films, refused, concerned);
  EXPECT_GT(films, 100);
  EXPECT_EQ(refused, 0);
  EXPECT_EQ(concerned, 0);
}

}  // namespace
}  // namespace camnode
