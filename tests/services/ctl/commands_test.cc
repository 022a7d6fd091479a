#include "services/ctl/commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "services/command_line/command_line.h"
#include "services/command_line/help.h"
#include "services/ctl/address.h"
#include "tests/services/command_line/help_checks.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

CommandLine Parse(const std::vector<std::string>& words) {
  return ParseCommandLine(CtlProgram(), words);
}

TEST(CtlCommandsTest, OptionsMayStandAnywhereAndTakeEitherForm) {
  const CommandLine line = Parse(
      {"--json", "render", "--model=resnet18", "1.2.3", "--alpha", "0.5", "--output", "a b.png"});

  ASSERT_THAT(line.status, IsOk());
  EXPECT_EQ(line.command->name, "render");
  EXPECT_THAT(line.arguments.operands(), ElementsAre("1.2.3"));
  EXPECT_TRUE(line.arguments.Has("json"));
  EXPECT_EQ(line.arguments.Text("model"), "resnet18");
  EXPECT_EQ(line.arguments.Number("alpha"), 0.5);
  EXPECT_EQ(line.arguments.Text("output"), "a b.png");
}

TEST(CtlCommandsTest, TwoDashesEndTheOptions) {
  const CommandLine line = Parse({"analyze", "--deliver", "--", "--film.dcm", "-"});

  ASSERT_THAT(line.status, IsOk());
  EXPECT_TRUE(line.arguments.Has("deliver"));
  EXPECT_THAT(line.arguments.operands(), ElementsAre("--film.dcm", "-"));
}

TEST(CtlCommandsTest, DefaultsAreThoseOfTheUsage) {
  const CommandLine line = Parse({"analyze", "film.dcm"});

  ASSERT_THAT(line.status, IsOk());
  EXPECT_FALSE(line.arguments.Has("no-wait"));
  EXPECT_FALSE(line.arguments.Has("deliver"));
  EXPECT_FALSE(line.arguments.Has("json"));
  EXPECT_FALSE(line.arguments.Has("timeout"));
  EXPECT_EQ(line.arguments.Text("address"), "");
  EXPECT_EQ(Parse({"list"}).arguments.WholeNumber("limit"), 50);
}

TEST(CtlCommandsTest, ReadsNumbersAndTimes) {
  const CommandLine watch = Parse({"watch", "--after", "0", "--count=3", "--timeout", "2.5"});
  ASSERT_THAT(watch.status, IsOk());
  EXPECT_EQ(watch.arguments.WholeNumber("after"), 0);
  EXPECT_EQ(watch.arguments.WholeNumber("count"), 3);
  EXPECT_EQ(watch.arguments.Number("timeout"), 2.5);

  const CommandLine requeue = Parse({"requeue", "7", "--delivery", "8", "--delivery", "9"});
  ASSERT_THAT(requeue.status, IsOk());
  EXPECT_THAT(requeue.arguments.operands(), ElementsAre("7"));
  EXPECT_THAT(requeue.arguments.WholeNumbers("delivery"), ElementsAre(8, 9));
}

TEST(CtlCommandsTest, HelpAndVersionNeedNothingElse) {
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"--help"}, {"-h"}, {"help"}, {"get", "--help"}, {"render", "-h", "1.2"}}) {
    const CommandLine line = Parse(words);
    ASSERT_THAT(line.status, IsOk());
    EXPECT_EQ(line.wish, CommandLine::Wish::kHelp);
  }
  EXPECT_EQ(Parse({"--version"}).wish, CommandLine::Wish::kVersion);
  EXPECT_EQ(Parse({"version"}).wish, CommandLine::Wish::kVersion);
}

TEST(CtlCommandsTest, HelpOfACommandIsAboutThatCommand) {
  const std::string help = HelpPrintedFor(CtlProgram(), {"render", "--help"});
  EXPECT_THAT(help, HasSubstr("camnodectl render --output FILE.png"));
  EXPECT_THAT(help, HasSubstr("--address HOST:PORT"));
  EXPECT_THAT(help, ::testing::Not(HasSubstr("requeue")));
}

TEST(CtlCommandsTest, RefusesWhatItDoesNotUnderstandAndSaysWhat) {
  const struct {
    std::vector<std::string> line;
    std::string said;
  } mistakes[] = {
      {{}, "no command"},
      {{"frobnicate"}, "frobnicate"},
      {{"list", "extra"}, "list wants no argument"},
      {{"get"}, "get wants the UID"},
      {{"get", "1", "2"}, "got 2"},
      {{"analyze"}, "at least one file"},
      {{"render", "1.2.3"}, "--output"},
      {{"list", "--colour", "red"}, "--colour"},
      {{"list", "--model", "resnet18"}, "list knows no option --model"},
      {{"list", "--limit"}, "--limit wants a value"},
      {{"list", "--limit", "0"}, "--limit wants a whole number from 1"},
      {{"list", "--limit", "1e3"}, "--limit"},
      {{"list", "--limit", "99999999999999999999"}, "--limit"},
      {{"list", "--timeout", "-1"}, "--timeout"},
      {{"list", "--timeout", "inf"}, "--timeout"},
      {{"list", "--json=yes"}, "--json wants no value"},
      {{"render", "1", "--output", "x", "--alpha", "1.1"}, "--alpha"},
      {{"render", "1", "--output", "x", "--alpha", "nan"}, "--alpha"},
      {{"requeue", "--delivery", "x"}, "--delivery"},
  };
  for (const auto& mistake : mistakes) {
    EXPECT_THAT(Parse(mistake.line).status,
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(mistake.said)));
  }
  EXPECT_THAT(NodeAddress(Parse({"list", "--address", "a:1", "--config", "b"}).arguments),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("only one")));
}

TEST(CtlCommandsTest, TheUsageNamesEveryCommandAndOption) {
  const std::string usage = ProgramHelp(CtlProgram());
  for (const char* word : {"list",      "get",       "watch",
                           "analyze",   "render",    "requeue",
                           "status",    "doctor",    "--study",
                           "--limit",   "--after",   "--count",
                           "--no-wait", "--deliver", "--model",
                           "--alpha",   "--output",  "--delivery",
                           "--address", "--config",  "--data-directory",
                           "--json",    "--timeout"}) {
    EXPECT_THAT(usage, HasSubstr(word));
  }
  ExpectHelpNamesEveryOption(CtlProgram());
}

}  // namespace
}  // namespace camnode
