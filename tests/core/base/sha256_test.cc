// Against the examples that NIST published with FIPS 180.

#include "core/base/sha256.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <ios>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

constexpr char kOfNothing[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr char kOfAbc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr char kOfAMillionA[] = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

TEST(Sha256Test, GivesThePublishedDigests) {
  EXPECT_EQ(Sha256Hex(""), kOfNothing);
  EXPECT_EQ(Sha256Hex("abc"), kOfAbc);
  EXPECT_EQ(Sha256Hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(Sha256Test, DoesNotCareHowTheBytesArePieced) {
  const std::string million(1'000'000, 'a');
  for (const size_t piece : {size_t{1}, size_t{63}, size_t{64}, size_t{65'537}}) {
    Sha256 sha256;
    for (size_t at = 0; at < million.size(); at += piece) {
      sha256.Update(absl::string_view(million).substr(at, piece));
    }
    EXPECT_EQ(std::move(sha256).Finish(), kOfAMillionA) << piece;
  }
}

TEST(Sha256Test, CanBeMovedHalfWay) {
  Sha256 first;
  first.Update("a");
  Sha256 second = std::move(first);
  second.Update("bc");
  EXPECT_EQ(std::move(second).Finish(), kOfAbc);
}

TEST(Sha256Test, DigestsAFileLargerThanItsBuffer) {
  const std::string path = testing::TempDir() + "sha256_test_film";
  std::ofstream(path, std::ios::binary) << std::string(1'000'000, 'a');

  EXPECT_THAT(Sha256HexOfFile(path), IsOkAndHolds(std::string(kOfAMillionA)));
  std::remove(path.c_str());
}

TEST(Sha256Test, SaysWhichFileIsMissing) {
  EXPECT_THAT(Sha256HexOfFile("/nowhere/film"),
              StatusIs(absl::StatusCode::kNotFound, testing::HasSubstr("/nowhere/film")));
}

TEST(Sha256Test, CannotReadAFolder) {
  EXPECT_THAT(Sha256HexOfFile(testing::TempDir()), StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace camnode
