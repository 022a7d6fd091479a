#include "services/node/arguments.h"

#include "services/command_line/command_line.h"
#include "tests/services/command_line/help_checks.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

TEST(NodeArgumentsTest, HelpNamesEveryOption) { ExpectHelpNamesEveryOption(NodeProgram()); }

TEST(NodeArgumentsTest, ChecksAndTablesAreAskedForBesideTheConfiguration) {
  const CommandLine line =
      ParseCommandLine(NodeProgram(), {"--check-config", "--config=camnode.textproto"});
  ASSERT_THAT(line.status, IsOk());
  EXPECT_TRUE(line.arguments.Has("check-config"));
  EXPECT_EQ(line.arguments.Text("config"), "camnode.textproto");
  EXPECT_TRUE(ParseCommandLine(NodeProgram(), {"--conformance"}).arguments.Has("conformance"));
}

}  // namespace
}  // namespace camnode
