#include "services/worker/arguments.h"

#include <vector>

#include "absl/status/status.h"
#include "services/command_line/command_line.h"
#include "tests/services/command_line/help_checks.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using absl::StatusCode;
using ::testing::HasSubstr;

absl::StatusOr<WorkerArguments> Parse(std::vector<std::string> words) {
  words.insert(words.end(), {"--config", "camnode.textproto"});
  const CommandLine line = ParseCommandLine(WorkerProgram(), words);
  if (!line.status.ok()) return line.status;
  return MakeWorkerArguments(line.arguments);
}

TEST(WorkerArgumentsTest, HelpNamesEveryOption) { ExpectHelpNamesEveryOption(WorkerProgram()); }

TEST(WorkerArgumentsTest, TakesWhatTheSupervisorGives) {
  const auto arguments = Parse({"--name", "node:1", "--life-pipe", "3"});
  ASSERT_THAT(arguments, IsOk());
  EXPECT_EQ(arguments->config, "camnode.textproto");
  EXPECT_EQ(arguments->name, "node:1");
  EXPECT_EQ(arguments->life_pipe, 3);
  EXPECT_EQ(Parse({"--name", "mine"})->life_pipe, -1);
}

TEST(WorkerArgumentsTest, RefusesNamesAndPipesThatCannotBe) {
  for (const std::string& name : {std::string("two words"), std::string("gr\xc3\xbcn"),
                                  std::string(65, 'x'), std::string("tab\t")}) {
    EXPECT_THAT(Parse({"--name", name}),
                StatusIs(StatusCode::kInvalidArgument, HasSubstr("visible ASCII")))
        << name;
  }
  EXPECT_THAT(Parse({"--name", std::string(64, 'x')}), IsOk());
  EXPECT_THAT(Parse({}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("--name NAME is missing")));
  for (const char* pipe : {"-1", "x", "2147483648"}) {
    EXPECT_THAT(Parse({"--name", "mine", "--life-pipe", pipe}),
                StatusIs(StatusCode::kInvalidArgument, HasSubstr("--life-pipe")))
        << pipe;
  }
}

}  // namespace
}  // namespace camnode
