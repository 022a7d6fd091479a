#include "scp/wire/associate_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

constexpr char kName[] = "1.2.840.10008.3.1.1.1";

std::string Item(int type, const std::string& content) {
  return absl::StrCat(std::string(1, static_cast<char>(type)), std::string(1, '\0'),
                      std::string(1, static_cast<char>(content.size() >> 8)),
                      std::string(1, static_cast<char>(content.size())), content);
}

// Number of two bytes.
std::string Two(size_t value) { return {static_cast<char>(value >> 8), static_cast<char>(value)}; }

std::string Context(const std::string& sub_items, char result = 0) {
  return std::string("\1\0", 2) + std::string(1, result) + std::string(1, '\0') + sub_items;
}

const std::string kGoodContext =
    Item(0x20, Context(Item(0x30, kName) + Item(0x40, kName) + Item(0x40, kName)));

absl::Status CheckItems(const std::string& items, bool is_request = true) {
  return CheckAssociateBody(std::string(68, 'x') + items, is_request);
}

TEST(AssociateCheckTest, PassesWhatRealPeersSend) {
  const std::vector<std::string> user_items = {
      Item(0x51, "1234"),
      Item(0x52, kName),
      Item(0x53, "1234"),
      Item(0x54, Two(3) + "1.2" + "ab"),
      Item(0x55, "VERSION"),
      Item(0x56, Two(3) + "1.2" + "application information"),
      Item(0x57, "service class of its own"),
      Item(0x58, "\2" + std::string(1, '\0') + Two(4) + "user" + Two(6) + "secret")};
  std::string user;
  for (const std::string& item : user_items) user += item;
  EXPECT_THAT(CheckItems(Item(0x10, kName) + kGoodContext + kGoodContext + Item(0x50, user)),
              IsOk());
  EXPECT_THAT(CheckItems(Item(0x10, kName) + Item(0x77, "of a later standard")), IsOk());
}

TEST(AssociateCheckTest, PassesAnswersWithRefusedContexts) {
  const std::string accepted = Item(0x21, Context(Item(0x40, kName)));
  const std::string refused = Item(0x21, Context(Item(0x40, ""), 3));
  EXPECT_THAT(CheckItems(Item(0x10, kName) + accepted + refused, false), IsOk());
  EXPECT_THAT(CheckItems(accepted, true), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(CheckItems(kGoodContext, false), StatusIs(absl::StatusCode::kInvalidArgument));
}

// Each of these makes DCMTK 3.6.7 give up in the middle, and lose what it had.
TEST(AssociateCheckTest, RefusesWhatDoesNotAddUp) {
  const std::string long_name(65, '1');
  std::string many_syntaxes = Item(0x30, kName);
  for (int i = 0; i < 51; ++i) many_syntaxes += Item(0x40, kName);
  std::string many_contexts;
  for (int i = 0; i < 129; ++i) many_contexts += kGoodContext;
  const std::string identity = Item(0x58, "\2" + std::string(1, '\0') + Two(1) + "u" + Two(0));

  for (const std::string& items :
       {std::string("\x10"),
        std::string("\x10\0\0\x05zz", 6),
        Item(0x10, long_name),
        Item(0x10, kName) + Item(0x10, kName),
        Item(0x20, "abc"),
        Item(0x20, Context(Item(0x40, kName))),
        Item(0x20, Context(Item(0x30, kName))),
        Item(0x20, Context(Item(0x30, kName) + Item(0x30, kName) + Item(0x40, kName))),
        Item(0x20, Context(Item(0x30, long_name) + Item(0x40, kName))),
        Item(0x20, Context(Item(0x30, kName) + std::string("\x40\0\0\x7Fz", 5))),
        Item(0x20, Context(many_syntaxes)),
        many_contexts,
        Item(0x50, Item(0x51, "12345")),
        Item(0x50, Item(0x52, long_name)),
        Item(0x50, Item(0x54, Two(9) + "1.2" + "ab")),
        Item(0x50, Item(0x54, "a")),
        Item(0x50, Item(0x56, Two(30) + "1.2")),
        Item(0x50, identity + identity),
        Item(0x50, Item(0x58, "\2" + std::string(1, '\0') + Two(9) + "u" + Two(0))),
        Item(0x50, Item(0x59, Two(0))),
        Item(0x50, "") + Item(0x50, "")}) {
    EXPECT_THAT(CheckItems(items), StatusIs(absl::StatusCode::kInvalidArgument))
        << ::testing::PrintToString(items);
  }
  EXPECT_THAT(CheckAssociateBody(std::string(67, 'x'), true),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace camnode
