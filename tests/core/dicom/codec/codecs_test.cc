// Damaged streams, whatever their codec: gray where samples are missing would be
// analysed as lung.
// Also: jpeg2000_decoder, jpeg_decoder.

#include "core/dicom/codec/codecs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "core/dicom/file/dataset_scanner.h"
#include "core/dicom/file/transfer_syntax.h"
#include "tests/core/dicom/file/scanner_bytes.h"
#include "tests/testing/dicom_builder.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

constexpr int kRows = 64;
constexpr int kColumns = 64;
const std::string kEndOfImage = "\xFF\xD9";

class Fragments final : public DataSetVisitor {
 public:
  uint64_t WantedBytes(const ScannedElement& element) override {
    return element.tag == kItemTag && element.item > 0 ? element.length : 0;
  }
  absl::Status OnValue(const ScannedElement&, std::string value) override {
    bytes += value;
    return absl::OkStatus();
  }
  std::string bytes;
};

struct Coded {
  std::string syntax;
  PixelFormat format;
  std::string stream;
};

// A film with some texture, as each encoder at hand writes it.
std::vector<Coded> CodedFilms() {
  std::vector<int> values;
  for (int i = 0; i < kRows * kColumns; ++i) values.push_back((i * i / 7 + i * 31) % 200 + 20);
  std::vector<Coded> films;
  for (const char* syntax :
       {kRleLossless, kJpegBaseline, kJpegLossless, kJpegLosslessFirstOrder, kJpegLsLossless}) {
    const std::string path = DicomBuilder()
                                 .Pixels(kRows, kColumns, values, 8, 8)
                                 .WriteTo(testing::TempDir() + "/coded.dcm", syntax);
    Fragments fragments;
    EXPECT_THAT(ScanDicomFile(path, ScanExtent::kHeader, fragments), IsOk());
    Coded film;
    film.syntax = syntax;
    film.format.rows = kRows;
    film.format.columns = kColumns;
    film.format.bits_allocated = film.format.bits_stored = 8;
    film.format.high_bit = 7;
    film.format.photometric = "MONOCHROME2";
    film.stream = fragments.bytes;
    films.push_back(film);
  }
  // A seed of the fuzzer: five bytes of its own, then a frame of 64 x 64.
  Coded film = films.front();
  film.syntax = kJpeg2000Lossless;
  film.format.bits_allocated = film.format.bits_stored = 16;
  film.format.high_bit = 15;
  film.format.is_signed = true;
  film.stream =
      ReadBytes("tests/fuzz/corpus/frame_fuzzer/ts4.90__pydicom__MR_small_jp2klossless").substr(5);
  films.push_back(film);
  return films;
}

bool HasEndOfImage(const Coded& film) { return film.syntax != kRleLossless; }

TEST(CodecsTest, EveryFilmIsDecodedWhileItIsWhole) {
  for (const Coded& film : CodedFilms()) {
    EXPECT_THAT(DecodeFrame(film.syntax, {film.stream}, film.format), IsOk()) << film.syntax;
  }
}

TEST(CodecsTest, OneFrameMayComeInManyFragments) {
  for (const Coded& film : CodedFilms()) {
    const auto whole = DecodeFrame(film.syntax, {film.stream}, film.format);
    const size_t middle = film.stream.size() / 2;
    const auto parts = DecodeFrame(
        film.syntax, {film.stream.substr(0, middle), film.stream.substr(middle)}, film.format);
    ASSERT_THAT(parts, IsOk()) << film.syntax;
    EXPECT_EQ(parts->samples, whole->samples) << film.syntax;
  }
}

TEST(CodecsTest, AStreamThatWasCutIsDataLossEvenWithAnEndPutBehindIt) {
  for (const Coded& film : CodedFilms()) {
    for (size_t size = film.stream.size() - 40; size > 0; size -= std::min<size_t>(size, 97)) {
      const std::string cut = film.stream.substr(0, size);
      EXPECT_THAT(DecodeFrame(film.syntax, {cut}, film.format),
                  StatusIs(absl::StatusCode::kDataLoss))
          << film.syntax << " cut to " << size;
      if (!HasEndOfImage(film)) continue;
      EXPECT_THAT(DecodeFrame(film.syntax, {cut + kEndOfImage}, film.format),
                  StatusIs(absl::StatusCode::kDataLoss))
          << film.syntax << " cut to " << size << ", ended";
    }
  }
}

TEST(CodecsTest, AStreamThatLacksItsMiddleIsDataLoss) {
  for (const Coded& film : CodedFilms()) {
    const size_t half = film.stream.size() / 2;
    const std::string shorter = film.stream.substr(0, half) + film.stream.substr(half + 300);
    EXPECT_THAT(DecodeFrame(film.syntax, {shorter}, film.format),
                StatusIs(absl::StatusCode::kDataLoss))
        << film.syntax;
  }
}

TEST(CodecsTest, NoiseInPlaceOfTheSecondHalfIsDataLoss) {
  for (const Coded& film : CodedFilms()) {
    std::string noisy = film.stream;
    uint32_t state = 1;
    for (size_t at = noisy.size() / 2; at + 4 < noisy.size(); ++at) {
      state = state * 1'664'525 + 1'013'904'223;
      noisy[at] = static_cast<char>(state >> 24);
    }
    EXPECT_THAT(DecodeFrame(film.syntax, {noisy}, film.format),
                StatusIs(absl::StatusCode::kDataLoss))
        << film.syntax;
  }
}

TEST(CodecsTest, AnUnknownTransferSyntaxIsRefusedByItsName) {
  EXPECT_THAT(DecodeFrame("1.2.840.10008.1.2.4.110", {"x"}, PixelFormat()),
              StatusIs(absl::StatusCode::kUnimplemented, testing::HasSubstr("JPEG XL Lossless")));
  EXPECT_THAT(DecodeFrame("1.2.3", {"x"}, PixelFormat()),
              StatusIs(absl::StatusCode::kUnimplemented, testing::HasSubstr("syntax 1.2.3")));
}

}  // namespace
}  // namespace camnode
