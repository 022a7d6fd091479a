// Every film of the conformance set, against what pydicom makes of it
// (tests/testdata/make_stored_frames.py), and the table of scp/README.md that says so.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/base/sha256.h"
#include "core/dicom/codec/pixel_format.h"
#include "core/dicom/file/attribute_table.h"
#include "core/dicom/file/dataset_scanner.h"
#include "core/dicom/file/tags.h"
#include "core/dicom/file/transfer_syntax.h"
#include "core/dicom/pixels/grayscale.h"
#include "core/dicom/pixels/stored_frame.h"
#include "tests/testing/test_data.h"

namespace camnode {
namespace {

constexpr int64_t kMaxPixels = 100'000'000;
constexpr int kGrid = 12;           // Points of a lossy film, in each direction.
constexpr int kMostDifference = 2;  // At any of them.
constexpr char kTableFile[] = "scp/README.md";
constexpr char kTableBegin[] = "<!-- table of decoded films: written by conformance_test -->\n";
constexpr char kTableEnd[] = "<!-- end of the table of decoded films -->\n";

constexpr WantedAttribute kPixelModule[] = {
    {tags::kSamplesPerPixel},     {tags::kPhotometricInterpretation},
    {tags::kPlanarConfiguration}, {tags::kBitsAllocated},
    {tags::kBitsStored},          {tags::kPixelRepresentation},
};

// Where a sample of a pixel lies among the frame's samples.
size_t IndexOf(const StoredFrame& stored, size_t pixel, size_t sample) {
  const auto pixels = static_cast<size_t>(stored.format.Pixels());
  const auto columns = static_cast<size_t>(stored.format.columns);
  if (stored.frame.photometric == "YBR_FULL_422") {  // Two luma, blue, red.
    const size_t pair = pixel / columns * ((columns + 1) / 2) + pixel % columns / 2;
    return 4 * pair + (sample == 0 ? pixel % columns % 2 : sample + 1);
  }
  return stored.frame.planar ? sample * pixels + pixel
                             : pixel * static_cast<size_t>(stored.format.samples) + sample;
}

// Colour by pixel, whatever the frame's layout.
std::vector<int32_t> Values(const StoredFrame& stored) {
  const auto pixels = static_cast<size_t>(stored.format.Pixels());
  const auto samples = static_cast<size_t>(stored.format.samples);
  std::vector<int32_t> values;
  values.reserve(pixels * samples);
  for (size_t pixel = 0; pixel < pixels; ++pixel) {
    for (size_t sample = 0; sample < samples; ++sample) {
      values.push_back(
          StoredValue(SampleContainer(stored.frame.samples, IndexOf(stored, pixel, sample),
                                      stored.frame.bytes_per_sample),
                      stored.format));
    }
  }
  return values;
}

// What the table says of a film that was decoded; fails where it is not pydicom's.
std::string Compare(const StoredFrame& stored, const std::vector<std::string>& golden) {
  const std::vector<int32_t> values = Values(stored);
  EXPECT_EQ(std::to_string(stored.format.rows), golden[2]);
  EXPECT_EQ(std::to_string(stored.format.columns), golden[3]);
  EXPECT_EQ(std::to_string(stored.format.samples), golden[4]);
  if (golden[1] == "exact") {
    const absl::string_view bytes(reinterpret_cast<const char*>(values.data()),
                                  values.size() * sizeof(int32_t));
    EXPECT_EQ(Sha256Hex(std::string(bytes)), golden[5]);
    return "identical";
  }
  double sum = 0.0;
  for (const int32_t value : values) sum += value;
  double mean = 0.0;
  EXPECT_TRUE(absl::SimpleAtod(golden[5], &mean));
  EXPECT_NEAR(sum / static_cast<double>(values.size()), mean, 0.5);
  const std::vector<std::string> points = absl::StrSplit(golden[6], ',');
  const int samples = stored.format.samples;
  EXPECT_EQ(points.size(), static_cast<size_t>(kGrid * kGrid * samples));
  int most = 0;
  for (size_t point = 0; point < points.size(); ++point) {
    const auto cell = static_cast<int>(point) / samples;
    const int64_t row = int64_t{cell / kGrid} * stored.format.rows / kGrid;
    const int64_t column = int64_t{cell % kGrid} * stored.format.columns / kGrid;
    const int64_t index =
        (row * stored.format.columns + column) * samples + static_cast<int>(point) % samples;
    most = std::max(
        most, std::abs(values[static_cast<size_t>(index)] - std::atoi(points[point].c_str())));
  }
  EXPECT_LE(most, kMostDifference);
  return most == 0 ? "identical" : absl::StrCat("within ", most);
}

std::string PixelModule(const std::string& path, std::string& transfer_syntax) {
  AttributeTable table(kPixelModule);
  ScanDicomFile(path, ScanExtent::kHeader, table).IgnoreError();
  transfer_syntax = table.meta().transfer_syntax_uid.text();
  const std::string photometric = table.Text(tags::kPhotometricInterpretation);
  if (photometric.empty() || !table.Word(tags::kBitsAllocated)) return "incomplete";
  const bool planar = table.Word(tags::kPlanarConfiguration).value_or(0) == 1;
  const bool is_signed = table.Word(tags::kPixelRepresentation).value_or(0) == 1;
  return absl::StrCat(photometric, planar ? ", by plane" : "", ", ",
                      table.Word(tags::kBitsStored).value_or(0), " of ",
                      *table.Word(tags::kBitsAllocated), " bits", is_signed ? ", signed" : "");
}

std::string Cell(const std::string& transfer_syntax) {
  const absl::string_view name = TransferSyntaxName(transfer_syntax);
  return absl::StrCat(name, " (", transfer_syntax, ")");
}

TEST(ConformanceTest, EveryFilmIsDecodedToPydicomsPixelsOrRefusedForANamedReason) {
  CAMNODE_NEEDS_TEST_DATA("dicom_conformance");
  std::map<std::array<std::string, 3>, int> rows;  // Syntax, pixel module, outcome: films.
  std::ifstream golden_file("tests/testdata/stored_frames.tsv");
  for (std::string line; std::getline(golden_file, line);) {
    if (line.empty() || line[0] == '#') continue;
    const std::vector<std::string> golden = absl::StrSplit(line, '\t');
    SCOPED_TRACE(golden[0]);
    const std::string path = TestDataPath("dicom_conformance/" + golden[0]);
    std::string transfer_syntax;
    const std::string module = PixelModule(path, transfer_syntax);
    const auto stored = ReadStoredFrame(path, kMaxPixels, {});
    std::string outcome;
    if (stored.ok() && golden[1] != "none") {
      outcome = Compare(*stored, golden);
    } else if (stored.ok()) {
      outcome = "decoded; pydicom refuses";
    } else {
      EXPECT_TRUE(golden[1] == "none" || stored.status().code() == absl::StatusCode::kUnimplemented)
          << stored.status();
      outcome = absl::StrCat("refused: ", stored.status().message());
    }
    ++rows[{Cell(transfer_syntax), module, outcome}];
  }
  ASSERT_GT(rows.size(), 50u);

  std::ostringstream table;
  table << "\n| transfer syntax | pixels | films | first frame, against pydicom "
           "|\n|---|---|---|---|\n";
  for (const auto& [row, films] : rows) {
    table << "| " << row[0] << " | " << row[1] << " | " << films << " | " << row[2] << " |\n";
  }
  table << "\n";
  std::ostringstream readme;
  readme << std::ifstream(kTableFile).rdbuf();
  const std::string text = readme.str();
  const size_t begin = text.find(kTableBegin);
  const size_t end = text.find(kTableEnd);
  ASSERT_NE(begin, std::string::npos);
  ASSERT_NE(end, std::string::npos);
  const size_t inside = begin + std::string(kTableBegin).size();
  if (std::getenv("CAMNODE_WRITE_TABLES") != nullptr) {
    std::ofstream(kTableFile) << text.substr(0, inside) << table.str() << text.substr(end);
    return;
  }
  EXPECT_EQ(text.substr(inside, end - inside), table.str())
      << "the table in " << kTableFile << " is not what was decoded; run this test with "
      << "CAMNODE_WRITE_TABLES=1";
}

}  // namespace
}  // namespace camnode
