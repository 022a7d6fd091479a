// What one line of the log holds, and what can never get into it.

#include "core/base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"

namespace camnode {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::vector<std::string>& Lines() {
  static std::vector<std::string> lines;
  return lines;
}

class LogTest : public ::testing::Test {
 protected:
  LogTest() {
    Lines().clear();
    SetLogLevel(LogLevel::kInfo);
    SetLogSinkForTesting([](absl::string_view line) { Lines().emplace_back(line); });
  }
  ~LogTest() override {
    SetLogSinkForTesting(nullptr);
    SetLogLevel(LogLevel::kInfo);
  }

  // The one line written, as a stranger's JSON parser reads it.
  static google::protobuf::Struct OnlyLine() {
    google::protobuf::Struct parsed;
    EXPECT_EQ(Lines().size(), 1u);
    if (!Lines().empty()) {
      EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(Lines().back(), &parsed).ok())
          << Lines().back();
    }
    return parsed;
  }
};

TEST_F(LogTest, WritesOneLineOfJsonWithTimeLevelProgramAndEvent) {
  SetLogProgram("camnode-worker");
  Log(LogLevel::kWarning, "job_done", {{LogField::kJob, 17}, {LogField::kDurationMs, 8.5}});
  SetLogProgram("camnode");

  const auto line = OnlyLine();
  EXPECT_EQ(line.fields().at("level").string_value(), "warning");
  EXPECT_EQ(line.fields().at("program").string_value(), "camnode-worker");
  EXPECT_EQ(line.fields().at("event").string_value(), "job_done");
  EXPECT_EQ(line.fields().at("job").number_value(), 17);
  EXPECT_EQ(line.fields().at("duration_ms").number_value(), 8.5);
  EXPECT_THAT(Lines()[0], StartsWith("{\"time\":\"20"));
  EXPECT_EQ(Lines()[0].find('\n'), Lines()[0].size() - 1);
}

TEST_F(LogTest, DropsWhatIsBelowTheLevel) {
  SetLogLevel(LogLevel::kWarning);
  Log(LogLevel::kInfo, "quiet", {});
  Log(LogLevel::kWarning, "loud", {});

  EXPECT_EQ(OnlyLine().fields().at("event").string_value(), "loud");
}

TEST_F(LogTest, APeerCannotForgeALine) {
  const std::string hostile = "X\"}\n{\"level\":\"error\",\"event\":\"forged\\";
  Log(LogLevel::kInfo, "association", {{LogField::kCallingAe, hostile}});

  EXPECT_EQ(OnlyLine().fields().at("calling_ae").string_value(), hostile);
  EXPECT_THAT(Lines()[0], HasSubstr("\\u000a"));
}

TEST_F(LogTest, EscapesBytesThatAreNoAscii) {
  Log(LogLevel::kInfo, "association", {{LogField::kCallingAe, "\x7f\x1b[2J\xff"}});

  EXPECT_THAT(Lines()[0], HasSubstr("\\u007f\\u001b[2J\\u00ff"));
  OnlyLine();
}

TEST_F(LogTest, CutsLongTextsAtAThousandBytes) {
  Log(LogLevel::kInfo, "rpc", {{LogField::kReason, std::string(5000, 'x')}});

  EXPECT_EQ(OnlyLine().fields().at("reason").string_value(), std::string(1000, 'x'));
}

TEST_F(LogTest, WritesNullForNumbersThatJsonHasNotGot) {
  Log(LogLevel::kInfo, "job_done",
      {{LogField::kDurationMs, std::numeric_limits<double>::quiet_NaN()},
       {LogField::kSizeBytes, std::numeric_limits<double>::infinity()}});

  EXPECT_THAT(Lines()[0], HasSubstr("\"duration_ms\":null,\"size_bytes\":null"));
  OnlyLine();
}

TEST_F(LogTest, HasANameForEveryField) {
  for (int field = 0; field <= static_cast<int>(LogField::kWorker); ++field) {
    Lines().clear();
    Log(LogLevel::kInfo, "event", {{static_cast<LogField>(field), 1}});
    EXPECT_THAT(Lines()[0], Not(HasSubstr("unknown"))) << field;
  }
}

}  // namespace
}  // namespace camnode
