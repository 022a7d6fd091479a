// What holds for the help of every program: that it is made from the table its parser reads.

#ifndef CAMNODE_TESTS_SERVICES_COMMAND_LINE_HELP_CHECKS_H_
#define CAMNODE_TESTS_SERVICES_COMMAND_LINE_HELP_CHECKS_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "services/command_line/command.h"
#include "services/command_line/command_line.h"
#include "services/command_line/option.h"

namespace camnode {

// What the program prints when it is started so; it must be content.
inline std::string HelpPrintedFor(const Program& program, const std::vector<std::string>& words) {
  std::ostringstream out, error;
  const CommandLine line = ParseCommandLine(program, words);
  EXPECT_EQ(AnswerCommandLine(program, line, out, error), 0);
  EXPECT_EQ(error.str(), "");
  return out.str();
}

// Each command's help can be printed and names every option of it with its value; the
// program's own help does too, and names every command.
inline void ExpectHelpNamesEveryOption(const Program& program) {
  using ::testing::HasSubstr;
  const std::string all = HelpPrintedFor(program, {"--help"});
  for (const Command* command : program.commands) {
    std::vector<std::string> words = {"--help"};
    if (program.has_commands()) words.insert(words.begin(), std::string(command->name));
    const std::string help = HelpPrintedFor(program, words);
    EXPECT_THAT(all, HasSubstr(absl::StrCat(program.name, command->name.empty() ? "" : " ",
                                            command->name)));
    EXPECT_THAT(help, HasSubstr(std::string(command->summary)));
    EXPECT_THAT(help, HasSubstr("--help"));
    for (const auto& options : {command->options, program.common_options}) {
      for (const Option& option : options) {
        if (option.kind == Option::Kind::kHeading) continue;
        const std::string name =
            absl::StrCat("--", option.name, option.value.empty() ? "" : " ", option.value);
        EXPECT_THAT(help, HasSubstr(absl::StrCat("\n  ", name))) << command->name;
        EXPECT_THAT(all, HasSubstr(name)) << command->name;
        EXPECT_FALSE(option.help.empty()) << name;
      }
    }
  }
  EXPECT_THAT(all, HasSubstr("--version"));
}

}  // namespace camnode

#endif  // CAMNODE_TESTS_SERVICES_COMMAND_LINE_HELP_CHECKS_H_
