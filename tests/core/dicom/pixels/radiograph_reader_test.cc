// Also: colour, core/dicom/codec/pixel_format.

#include "core/dicom/pixels/radiograph_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <fstream>
#include <opencv2/core.hpp>
#include <sstream>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "core/base/sha256.h"
#include "tests/core/dicom/file/scanner_bytes.h"
#include "tests/testing/dicom_builder.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/test_data.h"

namespace camnode {
namespace {

using ::testing::HasSubstr;

constexpr int kRows = 64;
constexpr int kColumns = 80;

absl::StatusOr<Radiograph> Read(const DicomBuilder& film,
                                const std::string& syntax = "1.2.840.10008.1.2.1") {
  return ReadRadiograph(film.WriteTo(testing::TempDir() + "/radiograph_test.dcm", syntax),
                        RadiographLimits());
}

// A film of smooth 12-bit values.
std::vector<int> FilmValues() {
  std::vector<int> values;
  for (int row = 0; row < kRows; ++row) {
    for (int column = 0; column < kColumns; ++column) values.push_back(row * 40 + column * 15);
  }
  return values;
}

DicomBuilder Film() { return DicomBuilder().Pixels(kRows, kColumns, FilmValues()); }

// LINEAR with center 2048 and width 4096 over values v: round(v / 4095 * 255).
cv::Mat1b Expected() {
  cv::Mat1b expected(kRows, kColumns);
  const std::vector<int> values = FilmValues();
  for (size_t i = 0; i < values.size(); ++i) {
    expected.data[i] = static_cast<uint8_t>(std::floor(values[i] / 4095.0 * 255.0 + 0.5));
  }
  return expected;
}

int Difference(const cv::Mat1b& a, const cv::Mat1b& b) {
  if (a.size() != b.size()) return 1'000;
  return static_cast<int>(cv::norm(a, b, cv::NORM_INF));
}

TEST(RadiographReaderTest, OneFilmInEveryLosslessTransferSyntaxIsOnePicture) {
  for (const char* syntax :
       {"1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99",
        "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70",
        "1.2.840.10008.1.2.4.80"}) {
    const auto film = Read(Film(), syntax);
    ASSERT_THAT(film, IsOk()) << syntax;
    EXPECT_EQ(Difference(film->presentation, Expected()), 0) << syntax;
    EXPECT_EQ(film->modality_values(2, 3), 2.0f * 40 + 3 * 15) << syntax;
    EXPECT_EQ(film->colour_spread, 0);
  }
}

TEST(RadiographReaderTest, OneFilmDescribedInManyWaysIsOnePicture) {
  std::vector<int> inverse, shifted, halved;
  for (const int value : FilmValues()) {
    inverse.push_back(4095 - value);
    shifted.push_back(value - 2048);
    halved.push_back(value * 2);
  }
  std::vector<uint16_t> identity(4096);
  for (size_t i = 0; i < identity.size(); ++i) identity[i] = static_cast<uint16_t>(i);
  const std::pair<const char*, DicomBuilder> variants[] = {
      {"MONOCHROME1",
       DicomBuilder().Pixels(kRows, kColumns, inverse).Text(0x00280004, "MONOCHROME1")},
      {"MONOCHROME1 and INVERSE", DicomBuilder()
                                      .Pixels(kRows, kColumns, inverse)
                                      .Text(0x00280004, "MONOCHROME1")
                                      .Text(0x20500020, "INVERSE")},
      {"signed with intercept", DicomBuilder()
                                    .Pixels(kRows, kColumns, shifted, 16, 12, true)
                                    .Text(0x00281052, "2048")
                                    .Text(0x00281053, "1")},
      {"signed with window",
       DicomBuilder().Pixels(kRows, kColumns, shifted, 16, 12, true).Text(0x00281050, "0")},
      {"slope", DicomBuilder()
                    .Pixels(kRows, kColumns, halved, 16, 13)
                    .Text(0x00281052, "0")
                    .Text(0x00281053, "0.5")},
      {"negative slope", DicomBuilder()
                             .Pixels(kRows, kColumns, inverse)
                             .Text(0x00281052, "4095")
                             .Text(0x00281053, "-1")},
      {"second window ignored", Film().Text(0x00281050, "2048\\40").Text(0x00281051, "4096\\80")},
      {"LINEAR_EXACT",
       Film().Text(0x00281050, "2047.5").Text(0x00281051, "4095").Text(0x00281056, "LINEAR_EXACT")},
      {"VOI LUT", Film().LookupTable(0x00283010, 0, 12, identity)},
      {"Modality LUT", Film().LookupTable(0x00283000, 0, 12, identity)},
  };
  for (const auto& [name, variant] : variants) {
    for (const char* syntax : {"1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.2",
                               "1.2.840.10008.1.2.5"}) {
      const auto film = Read(variant, syntax);
      ASSERT_THAT(film, IsOk()) << name;
      EXPECT_EQ(Difference(film->presentation, Expected()), 0) << name << " " << syntax;
    }
  }
}

// Bits beyond the stored ones hold overlays of old, or nothing anybody cleared.
TEST(RadiographReaderTest, BitsBesideTheStoredOnesAreNoPartOfTheFilm) {
  std::vector<int> above, below;
  for (const int value : FilmValues()) {
    above.push_back(value | (value * 7 % 16) << 12);
    below.push_back(value << 4 | value % 16);
  }
  const auto stored_as = [](const std::vector<int>& values, int high_bit) {
    return DicomBuilder()
        .Pixels(kRows, kColumns, values, 16, 16)
        .Number(0x00280101, 12)
        .Number(0x00280102, high_bit);
  };
  for (const char* syntax : {"1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.5"}) {
    for (const auto& variant : {stored_as(above, 11), stored_as(below, 15)}) {
      const auto film = Read(variant, syntax);
      ASSERT_THAT(film, IsOk());
      EXPECT_EQ(Difference(film->presentation, Expected()), 0) << syntax;
    }
  }
}

// 0 to 255 as they are; times 16 in 12 bits, windowed from 0 to 4080; times 257 in 16
// bits, from 0 to 65,535; less 128 in 8 signed bits.
TEST(RadiographReaderTest, OneFilmOfEightTwelveAndSixteenBitsIsOnePicture) {
  std::vector<int> eight, twelve, sixteen, with_sign;
  cv::Mat1b expected(kRows, kColumns);
  for (int i = 0; i < kRows * kColumns; ++i) {
    const int value = i * 31 % 256;
    expected(i / kColumns, i % kColumns) = static_cast<uint8_t>(value);
    eight.push_back(value);
    twelve.push_back(value * 16);
    sixteen.push_back(value * 257);
    with_sign.push_back(value - 128);
  }
  const auto windowed = [](DicomBuilder film, const char* center, const char* width) {
    return film.Text(0x00281050, center).Text(0x00281051, width).Text(0x00281056, "LINEAR_EXACT");
  };
  const auto pixels = [](const std::vector<int>& values, int allocated, int stored, bool sign) {
    return DicomBuilder().Pixels(kRows, kColumns, values, allocated, stored, sign);
  };
  const DicomBuilder variants[] = {pixels(eight, 8, 8, false).Remove(0x00281050).Remove(0x00281051),
                                   windowed(pixels(eight, 16, 8, false), "127.5", "255"),
                                   windowed(pixels(twelve, 16, 12, false), "2040", "4080"),
                                   windowed(pixels(sixteen, 16, 16, false), "32767.5", "65535"),
                                   windowed(pixels(with_sign, 8, 8, true), "-0.5", "255"),
                                   windowed(pixels(with_sign, 16, 16, true), "-0.5", "255")};
  int number = 0;
  for (const DicomBuilder& variant : variants) {
    for (const char* syntax : {"1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"}) {
      const auto film = Read(variant, syntax);
      ASSERT_THAT(film, IsOk());
      EXPECT_EQ(Difference(film->presentation, expected), 0) << number << " " << syntax;
    }
    ++number;
  }
}

TEST(RadiographReaderTest, ModalityValuesAreLeftOutWhereNobodyNeedsThem) {
  RadiographLimits limits;
  limits.modality_values = false;
  const auto film = ReadRadiograph(Film().WriteTo(testing::TempDir() + "/lean.dcm"), limits);
  ASSERT_THAT(film, IsOk());
  EXPECT_TRUE(film->modality_values.empty());
  EXPECT_EQ(Difference(film->presentation, Expected()), 0);
}

TEST(RadiographReaderTest, ModalityValuesAreNeitherWindowedNorInverted) {
  const auto film =
      Read(Film().Text(0x00280004, "MONOCHROME1").Text(0x00281052, "-1000").Text(0x00281053, "2"));
  ASSERT_THAT(film, IsOk());
  EXPECT_EQ(film->modality_values(0, 0), -1000.0f);
  EXPECT_EQ(film->modality_values(1, 1), 55.0f * 2 - 1000);
}

TEST(RadiographReaderTest, AColourPictureBecomesItsLuma) {
  std::vector<uint8_t> values;
  for (int i = 0; i < kRows * kColumns; ++i) values.insert(values.end(), {200, 100, 50});
  const auto film = Read(DicomBuilder().RgbPixels(kRows, kColumns, values));
  ASSERT_THAT(film, IsOk());
  EXPECT_EQ(film->presentation(5, 5), 124);  // 0.299 x 200 + 0.587 x 100 + 0.114 x 50 = 124.2
  EXPECT_EQ(film->colour_spread, 150);
  EXPECT_TRUE(film->modality_values.empty());
}

TEST(RadiographReaderTest, GrayStoredAsColourHasNoSpreadAndSurvivesJpeg) {
  std::vector<uint8_t> values;
  for (int i = 0; i < kRows * kColumns; ++i) {
    const auto gray = static_cast<uint8_t>(i / kColumns * 3);
    values.insert(values.end(), {gray, gray, gray});
  }
  const DicomBuilder film = DicomBuilder().RgbPixels(kRows, kColumns, values);
  const auto plain = Read(film);
  const auto jpeg = Read(film, "1.2.840.10008.1.2.4.50");
  ASSERT_THAT(plain, IsOk());
  ASSERT_THAT(jpeg, IsOk());
  EXPECT_EQ(plain->colour_spread, 0);
  EXPECT_LE(jpeg->colour_spread, 4);
  EXPECT_LE(Difference(plain->presentation, jpeg->presentation), 6);
}

TEST(RadiographReaderTest, RefusesPixelDataThatIsTooShort) {
  const std::vector<int> values(kRows * kColumns, 1);
  EXPECT_THAT(Read(DicomBuilder().Pixels(kRows, kColumns, values).Number(0x00280010, kRows + 1)),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("one frame needs")));
}

TEST(RadiographReaderTest, ChecksTheLimitBeforeAnythingIsDecoded) {
  RadiographLimits limits;
  limits.max_pixels = kRows * kColumns - 1;
  const std::string path = Film().WriteTo(testing::TempDir() + "/limit.dcm");
  EXPECT_THAT(ReadRadiograph(path, limits),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("are allowed")));
  limits.max_pixels = kRows * kColumns;
  EXPECT_THAT(ReadRadiograph(path, limits), IsOk());
}

TEST(RadiographReaderTest, NamesAttributesThatContradictEachOther) {
  const auto invalid = [](absl::string_view what) {
    return StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(std::string(what)));
  };
  EXPECT_THAT(Read(Film().Number(0x00280010, 0)), invalid("Rows"));
  EXPECT_THAT(Read(Film().Number(0x00280101, 17)), invalid("Bits Stored"));
  EXPECT_THAT(Read(Film().Number(0x00280102, 3)), invalid("High Bit"));
  EXPECT_THAT(Read(Film().Number(0x00280103, 2)), invalid("Pixel Representation"));
  EXPECT_THAT(Read(Film().Number(0x00280002, 3)), invalid("Samples per Pixel"));
  EXPECT_THAT(Read(Film().Text(0x00281053, "0")), invalid("Rescale Slope"));
  EXPECT_THAT(Read(Film().Text(0x00281053, "1e200")), invalid("Rescale Slope"));
  EXPECT_THAT(Read(Film().Remove(0x7FE00010)), invalid("Pixel Data"));
}

TEST(RadiographReaderTest, NamesWhatIsNotSupported) {
  EXPECT_THAT(Read(Film().Text(0x00280004, "CMYK")),
              StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("CMYK")));
  EXPECT_THAT(Read(Film().Number(0x00280100, 32)),
              StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("Bits Allocated")));
  std::string file =
      ReadBytes(Film().WriteTo(testing::TempDir() + "/other.dcm", "1.2.840.10008.1.2.4.80"));
  const size_t at = file.find("1.2.840.10008.1.2.4.80");
  file.replace(at, 22, "1.2.840.10008.1.2.4.93");
  EXPECT_THAT(ReadRadiograph(WriteBytes("other.dcm", file), RadiographLimits()),
              StatusIs(absl::StatusCode::kUnimplemented,
                       HasSubstr("JPEG 2000 Part 2 (1.2.840.10008.1.2.4.93)")));
}

// A stream that claims another size than the header must not reach its decoder.
TEST(RadiographReaderTest, RefusesAStreamOfAnotherSizeThanTheHeader) {
  for (const char* syntax : {"1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.4.80"}) {
    std::string file = ReadBytes(Film().WriteTo(testing::TempDir() + "/size.dcm", syntax));
    const size_t at = file.find(std::string("\x28\x00\x10\x00US\x02\x00", 8));
    ASSERT_NE(at, std::string::npos);
    file[at + 8] = kRows - 1;
    EXPECT_THAT(ReadRadiograph(WriteBytes("size.dcm", file), RadiographLimits()),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("contradict")))
        << syntax;
  }
}

TEST(RadiographReaderTest, DamagedStreamsAreStatuses) {
  for (const char* syntax : {"1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.4.80",
                             "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.1.99"}) {
    const std::string file = ReadBytes(Film().WriteTo(testing::TempDir() + "/damaged.dcm", syntax));
    for (size_t at = file.size() / 2; at < file.size(); at += 53) {
      std::string damaged = file;
      damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
      ReadRadiograph(WriteBytes("damaged.dcm", damaged), RadiographLimits()).status().IgnoreError();
    }
  }
}

// Every lossless film of the conformance set that pydicom can read and that is not too
// large for a quick test, bit by bit; conformance_test compares stored values of all.
TEST(RadiographReaderTest, ModalityValuesAreThoseOfPydicom) {
  CAMNODE_NEEDS_TEST_DATA("dicom_conformance");
  std::ifstream golden("tests/testdata/dicom_golden.tsv");
  int films = 0;
  for (std::string line; std::getline(golden, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream fields(line);
    std::string file, sha256;
    int rows = 0, columns = 0;
    fields >> file >> rows >> columns >> sha256;
    if (rows * columns > 600'000) continue;
    const auto film = ReadRadiograph(TestDataPath(file), RadiographLimits());
    ASSERT_THAT(film, IsOk()) << file;
    ASSERT_EQ(film->modality_values.size(), cv::Size(columns, rows)) << file;
    const std::string bytes(reinterpret_cast<const char*>(film->modality_values.data),
                            film->modality_values.total() * sizeof(float));
    EXPECT_EQ(Sha256Hex(bytes), sha256) << file;
    ++films;
  }
  EXPECT_GE(films, 40);
}

TEST(RadiographReaderTest, ADamagedJpeg2000StreamIsSaidToBeDamaged) {
  CAMNODE_NEEDS_TEST_DATA("dicom_chest/966.dcm");
  EXPECT_THAT(ReadRadiograph(TestDataPath("dicom_chest/966.dcm"), RadiographLimits()),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("JPEG 2000")));
}

}  // namespace
}  // namespace camnode
