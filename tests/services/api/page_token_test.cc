#include "services/api/page_token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>

#include "absl/status/status.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

TEST(PageTokenTest, GivesBackTheCursorItWasMadeOf) {
  const std::string token = MakePageToken("studies", "1.2", {"17", "1.2.3"});

  EXPECT_THAT(ParsePageToken(token, "studies", "1.2", 2), IsOkAndHolds(ElementsAre("17", "1.2.3")));
}

TEST(PageTokenTest, IsSafeInAUrl) {
  const std::string token = MakePageToken("studies", "\xfb\xff\xfe", {"1"});

  EXPECT_TRUE(std::all_of(token.begin(), token.end(), [](char c) {
    return isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_';
  })) << token;
}

TEST(PageTokenTest, NoTokenIsTheFirstPage) {
  EXPECT_THAT(ParsePageToken("", "studies", "", 2), IsOkAndHolds(IsEmpty()));
}

TEST(PageTokenTest, BelongsToItsListArgumentsAndForm) {
  const std::string token = MakePageToken("studies", "1.2", {"17"});

  EXPECT_THAT(ParsePageToken(token, "analyses", "1.2", 1), StatusIs(kInvalid));
  EXPECT_THAT(ParsePageToken(token, "studies", "1.3", 1), StatusIs(kInvalid));
  EXPECT_THAT(ParsePageToken(token, "studies", "1.2", 2), StatusIs(kInvalid));
  EXPECT_THAT(ParsePageToken("Mg" + token.substr(2), "studies", "1.2", 1), StatusIs(kInvalid));
  EXPECT_THAT(ParsePageToken("!", "studies", "1.2", 1), StatusIs(kInvalid));
  EXPECT_THAT(ParsePageToken(std::string(100'000, 'A'), "studies", "1.2", 1), StatusIs(kInvalid));
}

TEST(PageTokenTest, NumbersOfACursorAreCheckedToo) {
  EXPECT_THAT(CursorNumber("17"), IsOkAndHolds(17));
  for (const char* text : {"", "-1", "x", "1.5", "99999999999999999999"}) {
    EXPECT_THAT(CursorNumber(text), StatusIs(kInvalid)) << text;
  }
}

TEST(PageSizeTest, ZeroMeansFiftyAndMoreThanTwoHundredIsTwoHundred) {
  EXPECT_THAT(PageSizeOf(0), IsOkAndHolds(50));
  EXPECT_THAT(PageSizeOf(1), IsOkAndHolds(1));
  EXPECT_THAT(PageSizeOf(200), IsOkAndHolds(200));
  EXPECT_THAT(PageSizeOf(201), IsOkAndHolds(200));
  EXPECT_THAT(PageSizeOf(-1), StatusIs(kInvalid));
}

}  // namespace
}  // namespace camnode
