// Shutters and padding in files, counted on paper.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <opencv2/core.hpp>
#include <utility>
#include <vector>

#include "core/dicom/pixels/radiograph_reader.h"
#include "core/domain/radiograph.h"
#include "tests/testing/dicom_builder.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

constexpr int kRows = 64;
constexpr int kColumns = 80;

// Every pixel 200 of 8 bits: what is seen is 200.
DicomBuilder Film() {
  return DicomBuilder()
      .Pixels(kRows, kColumns, std::vector<int>(kRows * kColumns, 200), 8, 8)
      .Remove(0x00281050)
      .Remove(0x00281051);
}

Radiograph Read(const DicomBuilder& film) {
  auto read =
      ReadRadiograph(film.WriteTo(testing::TempDir() + "/shutter_test.dcm"), RadiographLimits());
  EXPECT_THAT(read, IsOk());
  return read.ok() ? *std::move(read) : Radiograph();
}

// Pixels that are seen, 0 if none are covered; presentation must agree.
int Seen(const Radiograph& film) {
  if (film.background.empty()) return 0;
  int seen = 0;
  for (int y = 0; y < film.background.rows; ++y) {
    for (int x = 0; x < film.background.cols; ++x) {
      const bool covered = film.background(y, x) != 0;
      EXPECT_EQ(film.presentation(y, x), covered ? 0 : 200) << y << " " << x;
      if (!covered) ++seen;
    }
  }
  return seen;
}

DicomBuilder Rectangle(const char* left, const char* right, const char* top, const char* bottom) {
  return Film()
      .Text(0x00181600, "RECTANGULAR")
      .Text(0x00181602, left)
      .Text(0x00181604, right)
      .Text(0x00181606, top)
      .Text(0x00181608, bottom);
}

TEST(ShutterTest, ARectanglesEdgesAreSeenAndCountFromOne) {
  const Radiograph film = Read(Rectangle("3", "6", "2", "4"));
  EXPECT_EQ(Seen(film), 4 * 3);
  EXPECT_EQ(film.background(1, 2), 0);
  EXPECT_EQ(film.background(3, 5), 0);
  EXPECT_EQ(film.background(0, 2), 255);
  EXPECT_EQ(film.background(1, 1), 255);
}

// Within 2 of row 10, column 20: 1 + 3 + 5 + 3 + 1 pixels.
TEST(ShutterTest, ACirclesRimIsSeen) {
  const Radiograph film =
      Read(Film().Text(0x00181600, "CIRCULAR").Text(0x00181610, "10\\20").Text(0x00181612, "2"));
  EXPECT_EQ(Seen(film), 13);
  EXPECT_EQ(film.background(9, 17), 0);
  EXPECT_EQ(film.background(9, 21), 0);
  EXPECT_EQ(film.background(8, 17), 255);
}

// Rows 1 to 9 of a triangle (1,1), (1,11), (11,1): row r has 12 - r columns, 11 to 2 of
// rows 1 to 10.
TEST(ShutterTest, APolygonIsFilledRowByRow) {
  const Radiograph film =
      Read(Film().Text(0x00181600, "POLYGONAL").Text(0x00181620, "1\\1\\1\\11\\11\\1"));
  EXPECT_EQ(Seen(film), 11 + 10 + 9 + 8 + 7 + 6 + 5 + 4 + 3 + 2);
  EXPECT_EQ(film.background(0, 10), 0);
  EXPECT_EQ(film.background(1, 10), 255);
}

TEST(ShutterTest, OfTwoShapesBothMustLeaveAPixelFree) {
  const Radiograph film = Read(Rectangle("1", "20", "1", "10")
                                   .Text(0x00181600, "RECTANGULAR\\CIRCULAR")
                                   .Text(0x00181610, "10\\20")
                                   .Text(0x00181612, "2"));
  EXPECT_EQ(Seen(film), 3 + 2 + 1) << "the upper left quarter of the circle, with its axes";
}

TEST(ShutterTest, AShutterThatSaysNothingUsableIsNone) {
  EXPECT_TRUE(Read(Film()).background.empty());
  EXPECT_TRUE(Read(Rectangle("6", "3", "2", "4")).background.empty()) << "nothing left to see";
  EXPECT_TRUE(Read(Rectangle("1", "80", "1", "64")).background.empty()) << "nothing covered";
  EXPECT_TRUE(Read(Rectangle("a", "6", "2", "4")).background.empty());
  EXPECT_TRUE(Read(Rectangle("3\\4", "6", "2", "4")).background.empty());
  EXPECT_TRUE(Read(Rectangle("3", "6", "2", "99999999")).background.empty());
  EXPECT_TRUE(Read(Film().Text(0x00181600, "BITMAP")).background.empty());
  EXPECT_TRUE(
      Read(Film().Text(0x00181600, "POLYGONAL").Text(0x00181620, "1\\1\\5\\5")).background.empty());
}

// 64 x 80 film of 12 bits: 1,000 in its upper half, 3,000 in its lower, a stripe of 4,095
// that is padding or shut.  Without the stripe the percentiles are 1,000 and 3,000.
std::vector<int> Halves() {
  std::vector<int> values(kRows * kColumns, 1'000);
  std::fill(values.begin() + kRows * kColumns / 2, values.end(), 3'000);
  std::fill(values.begin(), values.begin() + 4 * kColumns, 4'095);
  return values;
}

TEST(BackgroundTest, PaddingAndShutterAreBlackAndOutsideThePercentiles) {
  const DicomBuilder silent =
      DicomBuilder().Pixels(kRows, kColumns, Halves()).Remove(0x00281050).Remove(0x00281051);
  const DicomBuilder padded = DicomBuilder(silent).Number(0x00280120, 4'095);
  const DicomBuilder range =
      DicomBuilder(silent).Number(0x00280120, 4'095).Number(0x00280121, 4'000);
  const DicomBuilder shut = DicomBuilder(silent)
                                .Text(0x00181600, "RECTANGULAR")
                                .Text(0x00181602, "1")
                                .Text(0x00181604, "80")
                                .Text(0x00181606, "5")
                                .Text(0x00181608, "64");
  const Radiograph plain = Read(silent);
  EXPECT_EQ(plain.presentation(63, 0), 165) << "2000 / 3095 of 255";
  for (const DicomBuilder& film : {padded, range, shut}) {
    for (const bool negative : {false, true}) {
      DicomBuilder variant = film;
      if (negative) variant.Text(0x00280004, "MONOCHROME1");
      const Radiograph read = Read(variant);
      EXPECT_EQ(read.presentation(0, 0), 0);
      EXPECT_EQ(read.presentation(3, 79), 0);
      EXPECT_EQ(read.presentation(4, 0), negative ? 255 : 0);
      EXPECT_EQ(read.presentation(63, 0), negative ? 0 : 255);
      EXPECT_EQ(cv::countNonZero(read.background), 4 * kColumns);
    }
  }
}

}  // namespace
}  // namespace camnode
