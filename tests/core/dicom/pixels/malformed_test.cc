// Every file of the malformed set through all that reads a received file, with limits on
// memory and time, and the status each must get (tests/testdata/malformed_statuses.tsv).

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/stopwatch.h"
#include "core/dicom/derived/derived_attributes.h"
#include "core/dicom/film/eligibility.h"
#include "core/dicom/film/instance_header.h"
#include "core/dicom/film/pixel_check.h"
#include "core/dicom/pixels/radiograph_reader.h"
#include "tests/testing/test_data.h"

// Read by the address sanitizer's runtime: more than this ends the process.
extern "C" const char* __asan_default_options() { return "hard_rss_limit_mb=1500"; }

namespace camnode {
namespace {

constexpr char kStatusFile[] = "tests/testdata/malformed_statuses.tsv";
constexpr char kStatusHead[] =
    "# What each file of the malformed set is answered with: its header, the attributes that "
    "outputs\n"
    "# carry, its film.  Written by malformed_test with CAMNODE_WRITE_TABLES=1.\n";
constexpr absl::Duration kMostTime = absl::Seconds(10);  // For one file, under sanitizers too.

std::vector<std::filesystem::path> MalformedFiles() {
  std::vector<std::filesystem::path> files;
  const std::filesystem::path root = TestDataPath("dicom_malformed");
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    if (entry.is_regular_file() && entry.path().filename() != "LICENSE") {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

// The sanitizers' shadow memory is address space too, so there the limit is above.
void LimitAddressSpace() {
#ifndef CAMNODE_SANITIZE_ADDRESS
  const rlimit limit = {rlim_t{2} << 30, RLIM_INFINITY};
  ASSERT_EQ(setrlimit(RLIMIT_AS, &limit), 0);
#endif
}

std::string Code(const absl::Status& status) { return absl::StatusCodeToString(status.code()); }

// Header, carried attributes and film, as one line.
std::string StatusesOf(const std::string& path) {
  const auto header = ReadInstanceHeader(path);
  if (header.ok()) CheckHeader(*header);
  const auto source = SourceAttributes::FromFile(path);
  const auto film = ReadRadiograph(path, RadiographLimits());
  if (film.ok()) CheckPixels(*film);
  return absl::StrCat(Code(header.status()), "\t", Code(source.status()), "\t",
                      Code(film.status()));
}

TEST(MalformedTest, EveryFileHasItsStatusWithinItsLimits) {
  CAMNODE_NEEDS_TEST_DATA("dicom_malformed");
  LimitAddressSpace();
  std::map<std::string, std::string> expected;
  std::ifstream file(kStatusFile);
  for (std::string line; std::getline(file, line);) {
    const size_t tab = line.find('\t');
    if (tab != std::string::npos) expected[line.substr(0, tab)] = line.substr(tab + 1);
  }
  const bool write = std::getenv("CAMNODE_WRITE_TABLES") != nullptr;
  std::ostringstream written;
  int files = 0;
  for (const std::filesystem::path& path : MalformedFiles()) {
    const std::string name =
        std::filesystem::relative(path, TestDataPath("dicom_malformed")).string();
    const Stopwatch stopwatch;
    const std::string statuses = StatusesOf(path.string());
    EXPECT_LT(stopwatch.Elapsed(), kMostTime) << name;
    written << name << "\t" << statuses << "\n";
    EXPECT_TRUE(write || statuses == expected[name]) << name << " is " << statuses;
    ++files;
  }
  EXPECT_GT(files, 300);
  if (write) std::ofstream(kStatusFile) << kStatusHead << written.str();
}

}  // namespace
}  // namespace camnode
