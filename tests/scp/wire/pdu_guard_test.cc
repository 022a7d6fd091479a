#include "scp/wire/pdu_guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/scp/raw_scu.h"
#include "tests/testing/small_data_set.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

constexpr int kCommand = 1;
constexpr int kLast = 2;

std::string Associate() {
  return RawScu::AssociateRequest("A", "B", {{kCrSopClass, {kExplicitVr}}});
}

// One command element: tag, length, that many bytes.
std::string Element(int group, int element, uint32_t length, size_t bytes) {
  std::string text;
  for (const uint32_t part : {static_cast<uint32_t>(group), static_cast<uint32_t>(element)}) {
    text.push_back(static_cast<char>(part));
    text.push_back(static_cast<char>(part >> 8));
  }
  for (int i = 0; i < 4; ++i) text.push_back(static_cast<char>(length >> (8 * i)));
  return text + std::string(bytes, 'v');
}

absl::Status Feed(const std::string& bytes, size_t at_once = std::string::npos,
                  const PduGuardOptions& options = {}) {
  PduGuard guard(options);
  for (size_t i = 0; i < bytes.size(); i += std::min(at_once, bytes.size())) {
    const absl::Status status = guard.Consume(absl::string_view(bytes).substr(i, at_once));
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

TEST(PduGuardTest, LetsAWholeConversationPassHoweverItIsCut) {
  const std::string command = RawScu::StoreCommand(kCrSopClass, "1.2.3");
  const std::string conversation =
      Associate() + RawScu::DataPdu(1, kCommand, command.substr(0, 11)) +
      RawScu::DataPdu(1, kCommand | kLast, command.substr(11)) +
      RawScu::DataPdu(1, 0, std::string(100'000, '\xFF')) + RawScu::DataPdu(1, kLast, "") +
      RawScu::DataPdu(1, kCommand | kLast, command) + RawScu::DataPdu(1, kLast, "ab") +
      std::string("\x05\0\0\0\0\x04\0\0\0\0", 10);
  for (const size_t at_once : {size_t{1}, size_t{7}, size_t{4096}, std::string::npos}) {
    EXPECT_THAT(Feed(conversation, at_once), IsOk()) << at_once;
  }
}

TEST(PduGuardTest, TellsThatADestinationWantsTls) {
  PduGuardOptions options;
  options.peer_is_requestor = false;
  EXPECT_THAT(Feed(std::string("\x15\x03\x03\x00\x02\x02\x46", 7), std::string::npos, options),
              StatusIs(absl::StatusCode::kInvalidArgument, ::testing::HasSubstr("set tls: true")));
}

TEST(PduGuardTest, WantsAnAssociationFirst) {
  EXPECT_THAT(Feed("GET / HTTP/1.1\r\n"),
              StatusIs(absl::StatusCode::kInvalidArgument, ::testing::HasSubstr("HTTP")));
  EXPECT_THAT(Feed("\x16\x03\x01\x02\x03\x01"),
              StatusIs(absl::StatusCode::kInvalidArgument, ::testing::HasSubstr("dicom.tls.port")));
  EXPECT_THAT(Feed(RawScu::DataPdu(1, kLast, "ab")), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Feed(Associate() + Associate()), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Feed(std::string("\x07\0\0\0\0\x04\0\0\0\0", 10)), IsOk()) << "abort";

  PduGuardOptions we_ask;
  we_ask.peer_is_requestor = false;
  EXPECT_THAT(Feed(Associate(), 64, we_ask), StatusIs(absl::StatusCode::kInvalidArgument));
  std::string accept = RawScu::AssociateRequest("A", "B", {});
  accept[0] = 2;
  EXPECT_THAT(Feed(accept + RawScu::DataPdu(1, kLast, "ab"), 64, we_ask), IsOk());
}

TEST(PduGuardTest, BoundsThePdu) {
  PduGuardOptions options;
  options.max_data_pdu_bytes = 1000;
  EXPECT_THAT(Feed(Associate() + RawScu::DataPdu(1, 0, std::string(994, 'x')), 64, options),
              IsOk());
  EXPECT_THAT(Feed(Associate() + RawScu::DataPdu(1, 0, std::string(995, 'x')), 64, options),
              StatusIs(absl::StatusCode::kInvalidArgument));
  options.max_associate_bytes = 50;
  EXPECT_THAT(Feed(Associate(), 64, options), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(PduGuardTest, RefusesAPdvThatDoesNotFitItsPdu) {
  for (const int length_byte : {0, 1, 5, 255}) {
    std::string pdu = RawScu::DataPdu(1, 0, "ab");
    pdu[9] = static_cast<char>(length_byte);  // Says 4 where it is right.
    EXPECT_THAT(Feed(Associate() + pdu), StatusIs(absl::StatusCode::kInvalidArgument))
        << length_byte;
  }
}

TEST(PduGuardTest, BoundsACommandSetOverAllItsFragments) {
  PduGuardOptions options;
  options.max_command_bytes = 100;
  const std::string fragment = RawScu::DataPdu(1, kCommand, Element(0, 2, 32, 32));
  const std::string last = RawScu::DataPdu(1, kCommand | kLast, Element(0, 2, 2, 2));
  EXPECT_THAT(Feed(Associate() + fragment + fragment + last, 64, options), IsOk());
  EXPECT_THAT(Feed(Associate() + fragment + last + fragment + last, 64, options), IsOk())
      << "each command is counted anew";
  EXPECT_THAT(Feed(Associate() + fragment + fragment + fragment, 64, options),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(PduGuardTest, RefusesWhateverDcmtkWouldTakeForASequence) {
  const auto command = [](const std::string& elements) {
    return Associate() + RawScu::DataPdu(1, kCommand | kLast, elements);
  };
  EXPECT_THAT(Feed(command(Element(0, 0x0100, 2, 2))), IsOk());
  EXPECT_THAT(Feed(command(Element(8, 0x1115, 8, 8))),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Feed(command(Element(0, 0x0100, 0xFFFFFFFF, 8))),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Feed(command(Element(0, 0x0100, 2, 2) + Element(8, 0x1115, 8, 8)), 1),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace camnode
