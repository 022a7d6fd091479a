#include "services/ctl/address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <ios>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "services/command_line/command_line.h"
#include "services/ctl/commands.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

absl::StatusOr<std::string> AddressFor(std::vector<std::string> words) {
  words.push_back("list");
  const CommandLine line = ParseCommandLine(CtlProgram(), words);
  EXPECT_THAT(line.status, IsOk());
  return NodeAddress(line.arguments);
}

class CtlAddressTest : public ::testing::Test {
 protected:
  CtlAddressTest() { fs::create_directories(folder_ / "kept here"); }
  ~CtlAddressTest() override { fs::remove_all(folder_); }

  void Write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }
  absl::StatusOr<std::string> FromConfig() {
    return AddressFor({"--config", (folder_ / "camnode.textproto").string()});
  }
  absl::StatusOr<std::string> FromDataDirectory() {
    return AddressFor({"--data-directory", (folder_ / "kept here").string()});
  }

  const fs::path folder_ =
      fs::path(testing::TempDir()) / ("ctl address test " + std::to_string(::getpid()));
};

TEST_F(CtlAddressTest, IsTheDefaultUnlessToldOtherwise) {
  EXPECT_THAT(AddressFor({}), IsOkAndHolds(std::string("127.0.0.1:50051")));
  EXPECT_THAT(AddressFor({"--address", "node.example.org:1"}),
              IsOkAndHolds(std::string("node.example.org:1")));
}

TEST_F(CtlAddressTest, ARunningNodeSaysItsPortItself) {
  Write("kept here/ports.json", R"({"dicom": 11112, "grpc": 43210, "http": 8080})");
  EXPECT_THAT(FromDataDirectory(), IsOkAndHolds(std::string("127.0.0.1:43210")));
}

TEST_F(CtlAddressTest, WithoutPortsFileNoNodeRuns) {
  EXPECT_THAT(FromDataDirectory(),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("no node runs")));
}

TEST_F(CtlAddressTest, RefusesAPortsFileThatNamesNoPort) {
  for (const char* text : {"", "{", "[]", "{}", R"({"grpc": 0})", R"({"grpc": 65536})",
                           R"({"grpc": "50051"})", R"({"grpc": "NaN"})"}) {
    Write("kept here/ports.json", text);
    EXPECT_THAT(FromDataDirectory(), StatusIs(absl::StatusCode::kInvalidArgument)) << text;
  }
  Write("kept here/ports.json", std::string((1 << 20) + 1, ' '));
  EXPECT_THAT(FromDataDirectory(), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(CtlAddressTest, TheConfigurationLeadsToTheRunningNode) {
  Write("camnode.textproto", "data_directory: \"kept here\" grpc { port: 0 }\n");
  Write("kept here/ports.json", R"({"grpc": 43210})");
  EXPECT_THAT(FromConfig(), IsOkAndHolds(std::string("127.0.0.1:43210")));
}

TEST_F(CtlAddressTest, TheConfigurationsOwnPortIsTheNextBest) {
  Write("camnode.textproto", "grpc { address: \"10.0.0.7\" port: 6000 }\n");
  EXPECT_THAT(FromConfig(), IsOkAndHolds(std::string("10.0.0.7:6000")));
  Write("camnode.textproto", "grpc { address: \"0.0.0.0\" }\n");
  EXPECT_THAT(FromConfig(), IsOkAndHolds(std::string("127.0.0.1:50051")));
  Write("camnode.textproto", "grpc { address: \"::1\" }\n");
  EXPECT_THAT(FromConfig(), IsOkAndHolds(std::string("[::1]:50051")));
  Write("camnode.textproto", "grpc { port: 0 }\n");
  EXPECT_THAT(FromConfig(), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(CtlAddressTest, SaysWhatIsWrongWithTheConfiguration) {
  EXPECT_THAT(FromConfig(), StatusIs(absl::StatusCode::kNotFound, HasSubstr("no file")));
  Write("camnode.textproto", "grpc { port: }\n");
  EXPECT_THAT(FromConfig(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("--check-config")));
}

}  // namespace
}  // namespace camnode
