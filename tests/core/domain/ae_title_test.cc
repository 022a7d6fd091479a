#include "core/domain/ae_title.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/status/status.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

TEST(AeTitleTest, DropsPaddingAndKeepsSpacesInside) {
  for (const std::string& text :
       {std::string("MY PACS"), std::string("  MY PACS   "), std::string("MY PACS \0\0\0", 11)}) {
    const auto title = AeTitle::Parse(text);
    ASSERT_THAT(title, IsOk());
    EXPECT_EQ(title->text(), "MY PACS");
  }
  EXPECT_THAT(AeTitle::Parse("SIXTEEN_LETTERS_"), IsOk());
}

TEST(AeTitleTest, RefusesWhatTheStandardForbidsWithoutRepeatingIt) {
  for (const std::string& text :
       {std::string(), std::string("    "), std::string("SEVENTEEN_LETTERS"), std::string("A\\B"),
        std::string("A\nB"), std::string("A\0B", 3), std::string("\xC3\x84")}) {
    const auto title = AeTitle::Parse(text);
    EXPECT_THAT(title, StatusIs(absl::StatusCode::kInvalidArgument));
    if (text.size() > 2) {
      EXPECT_THAT(std::string(title.status().message()),
                  ::testing::Not(::testing::HasSubstr(text)));
    }
  }
}

}  // namespace
}  // namespace camnode
