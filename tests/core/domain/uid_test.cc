#include "core/domain/uid.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string Longest(size_t length) { return "1." + std::string(length - 2, '2'); }

TEST(UidTest, TakesWhatTheStandardAllows) {
  for (const std::string& text :
       {std::string("1"), std::string("1.2.840.10008.1.2"), std::string("2.25.0"), Longest(64)}) {
    const auto uid = Uid::Parse(text);
    ASSERT_THAT(uid, IsOk()) << text;
    EXPECT_EQ(uid->text(), text);
  }
}

TEST(UidTest, DropsPadding) {
  for (const absl::string_view padded :
       {absl::string_view("1.2\0", 4), absl::string_view("1.2 "), absl::string_view("1.2 \0", 5),
        absl::string_view("  1.2 ")}) {
    const auto uid = Uid::Parse(padded);
    ASSERT_THAT(uid, IsOk());
    EXPECT_EQ(uid->text(), "1.2");
  }
}

// Real archives hold such films.
TEST(UidTest, LetsLeadingZerosPass) { EXPECT_THAT(Uid::Parse("1.02.003"), IsOk()); }

TEST(UidTest, RefusesEverythingElse) {
  for (const std::string& text :
       {std::string(), std::string(" "), std::string("."), std::string(".1"), std::string("1."),
        std::string("1..2"), std::string("1.2a"), std::string("1.-2"), std::string("1 .2"),
        std::string("\0001.2", 4), std::string("1\0.2", 4), std::string("../../etc/passwd"),
        Longest(65), Longest(100'000)}) {
    EXPECT_THAT(Uid::Parse(text), StatusIs(absl::StatusCode::kInvalidArgument)) << text;
  }
}

TEST(UidTest, DoesNotRepeatThePeersTextInTheError) {
  EXPECT_THAT(Uid::Parse("DOE^JANE"),
              StatusIs(absl::StatusCode::kInvalidArgument, Not(HasSubstr("DOE"))));
}

// Worked out with Python's hashlib: the first 16 bytes of SHA-256 with version 8
// and the variant set, as one decimal number.
TEST(UidTest, DerivesTheSameUidFromANameOnEveryMachine) {
  EXPECT_EQ(Uid::Derive("abc").text(), "2.25.247859944228867097191300499870369849891");
  EXPECT_EQ(Uid::Derive("camnode").text(), "2.25.279819397768870383348323157877086716621");
}

TEST(UidTest, DerivesValidAndDifferentUidsFromDifferentNames) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const Uid uid = Uid::Derive(absl::StrCat("film ", i));
    EXPECT_THAT(Uid::Parse(uid.text()), IsOkAndHolds(uid));
    EXPECT_LE(uid.text().size(), 44u);
    seen.insert(uid.text());
  }
  EXPECT_EQ(seen.size(), 1000u);
}

TEST(UidTest, IsEmptyUntilGivenAValue) {
  EXPECT_TRUE(Uid().empty());
  EXPECT_FALSE(Uid::Derive("").empty());
}

}  // namespace
}  // namespace camnode
