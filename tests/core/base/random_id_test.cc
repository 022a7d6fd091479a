// Names that nobody else draws.

#include "core/base/random_id.h"

#include <gmock/gmock.h>

#include <set>

#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

TEST(RandomIdTest, HasTheDigitsAskedForAndIsNeverDrawnTwice) {
  std::set<std::string> drawn;
  for (int i = 0; i < 1000; ++i) {
    const absl::StatusOr<std::string> id = RandomHexDigits(12);
    ASSERT_THAT(id, IsOk());
    EXPECT_TRUE(IsHexDigits(*id, 12)) << *id;
    drawn.insert(*id);
  }
  EXPECT_EQ(drawn.size(), 1000u);
  EXPECT_EQ(RandomHexDigits(64)->size(), 64u);
}

TEST(RandomIdTest, OnlyLowerCaseDigitsOfThatLengthAreOne) {
  for (const char* text : {"", "0123456789a", "0123456789abc", "0123456789AB", "0123456789/b"}) {
    EXPECT_FALSE(IsHexDigits(text, 12)) << text;
  }
}

}  // namespace
}  // namespace camnode
