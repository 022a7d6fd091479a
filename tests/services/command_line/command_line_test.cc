// A program of three commands, of which one has an option called as one that all have.
// Also: help.

#include "services/command_line/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "services/command_line/help.h"
#include "services/command_line/option.h"
#include "tests/services/command_line/help_checks.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using absl::StatusCode;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using Wish = CommandLine::Wish;

constexpr Option kCommon[] = {Option::Text("address", "HOST:PORT", "of the node"),
                              Option::Flag("json", "one line for each answer")};
constexpr Option kGetOptions[] = {Option::Text("output", "FILE", "where").Required(),
                                  Option::WholeNumber("limit", "NUMBER", "at most", 1).Default(50)};
constexpr Option kImportOptions[] = {Option::Text("version", "NUMBER", "of the model")};
constexpr Command kGet = {
    "get", "Gets a film.\n\nWhatever it is.", {"UID", 1, 1, "a UID"}, kGetOptions};
constexpr Command kImport = {"import", "Imports a model.", {}, kImportOptions};
constexpr Command kStatus = {"status", "How it is.", {}, {}};

Program Three() {
  Program program;
  program.name = "three";
  program.summary = "three: does three things.";
  program.commands = {&kGet, &kImport, &kStatus};
  program.common_options = kCommon;
  program.notes = "Exit code: 0 done.";
  return program;
}

Program One() {
  static constexpr Option kOptions[] = {Option::Text("config", "FILE", "all it needs").Required()};
  static constexpr Command kRun = {"", "Runs.", {}, kOptions};
  Program program;
  program.name = "one";
  program.commands = {&kRun};
  return program;
}

TEST(CommandLineTest, OptionsMayStandBeforeTheCommandAndAfterIt) {
  const CommandLine line =
      ParseCommandLine(Three(), {"--address", "a:1", "--limit", "7", "get", "--output=x", "1.2"});
  ASSERT_THAT(line.status, IsOk());
  EXPECT_EQ(line.wish, Wish::kRun);
  EXPECT_EQ(line.command, &kGet);
  EXPECT_EQ(line.arguments.Text("address"), "a:1");
  EXPECT_EQ(line.arguments.WholeNumber("limit"), 7);
  EXPECT_EQ(line.arguments.Text("output"), "x");
  EXPECT_THAT(line.arguments.operands(), ElementsAre("1.2"));
}

TEST(CommandLineTest, AProgramOfOneCommandHasNoWordForIt) {
  const CommandLine line = ParseCommandLine(One(), {"--config", "x"});
  ASSERT_THAT(line.status, IsOk());
  EXPECT_EQ(line.arguments.Text("config"), "x");
  EXPECT_THAT(ParseCommandLine(One(), {"--config", "x", "help"}).status,
              StatusIs(StatusCode::kInvalidArgument, "wants no argument, got 1 ('help')"));
}

TEST(CommandLineTest, HelpWinsOverEveryMistakeBeforeTheEndOfTheOptions) {
  const struct {
    std::vector<std::string> words;
    const Command* command;
  } lines[] = {
      {{"--help"}, nullptr},
      {{"-h"}, nullptr},
      {{"help"}, nullptr},
      {{"help", "get"}, &kGet},
      {{"get", "--help"}, &kGet},
      {{"--help", "get"}, &kGet},
      {{"get", "-h", "1.2"}, &kGet},
      {{"get", "--colour", "--help"}, &kGet},
      {{"frobnicate", "-h"}, nullptr},
      {{"get", "--output", "--help"}, &kGet},
  };
  for (const auto& asked : lines) {
    const CommandLine line = ParseCommandLine(Three(), asked.words);
    EXPECT_THAT(line.status, IsOk());
    EXPECT_EQ(line.wish, Wish::kHelp) << asked.words[0];
    EXPECT_EQ(line.command, asked.command) << asked.words[0];
  }
  EXPECT_EQ(ParseCommandLine(Three(), {"get", "--output", "x", "--", "--help"}).wish, Wish::kRun);
}

TEST(CommandLineTest, VersionIsTheProgramsUnlessTheCommandHasOne) {
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"--version"}, {"version"}, {"status", "--version"}, {"--json", "--version"}}) {
    const CommandLine line = ParseCommandLine(Three(), words);
    EXPECT_THAT(line.status, IsOk());
    EXPECT_EQ(line.wish, Wish::kVersion) << words[0];
  }
  const CommandLine line = ParseCommandLine(Three(), {"import", "--version", "7"});
  ASSERT_THAT(line.status, IsOk());
  EXPECT_EQ(line.wish, Wish::kRun);
  EXPECT_EQ(line.arguments.Text("version"), "7");
}

TEST(CommandLineTest, SaysWhatItDoesNotUnderstandAndWhereTheHelpIs) {
  const struct {
    std::vector<std::string> words;
    const char* said;
  } mistakes[] = {
      {{}, "three: no command given\nSee three --help\n"},
      {{"--json"}, "three: no command given\nSee three --help\n"},
      {{"frobnicate"}, "three: there is no command 'frobnicate'\nSee three --help\n"},
      {{"--colour", "get"}, "three: there is no option --colour\nSee three --help\n"},
      {{"status", "--limit", "7"},
       "three: status knows no option --limit\nSee three status --help\n"},
      {{"get", "1.2"}, "three: --output FILE is missing\nSee three get --help\n"},
  };
  for (const auto& mistake : mistakes) {
    std::ostringstream out, error;
    const CommandLine line = ParseCommandLine(Three(), mistake.words);
    EXPECT_EQ(AnswerCommandLine(Three(), line, out, error), kMisusedExitCode);
    EXPECT_EQ(error.str(), mistake.said);
    EXPECT_EQ(out.str(), "");
  }
  std::ostringstream out, error;
  EXPECT_EQ(AnswerCommandLine(One(), ParseCommandLine(One(), {}), out, error), kMisusedExitCode);
  EXPECT_EQ(error.str(), "one: --config FILE is missing\nSee one --help\n");
}

TEST(HelpTest, NamesEveryOption) {
  ExpectHelpNamesEveryOption(Three());
  ExpectHelpNamesEveryOption(One());
}

TEST(HelpTest, OfACommandIsUsageSummaryAndTables) {
  EXPECT_EQ(CommandHelp(Three(), kGet),
            "  three get --output FILE [--limit NUMBER] UID\n"
            "\n"
            "Gets a film.\n"
            "\n"
            "Whatever it is.\n"
            "\n"
            "  --output FILE            where\n"
            "  --limit NUMBER           at most; default: 50\n"
            "  --help                   or -h: prints this\n"
            "\n"
            "With every command:\n"
            "  --address HOST:PORT      of the node\n"
            "  --json                   one line for each answer\n"
            "\n"
            "Exit code: 0 done.\n");
}

TEST(HelpTest, OfAProgramIsTheFirstParagraphOfEachCommand) {
  EXPECT_THAT(ProgramHelp(Three()),
              AllOf(HasSubstr("  three get --output FILE [--limit NUMBER] UID\n"
                              "      Gets a film.\n"
                              "\n"
                              "  three import [--version NUMBER]\n"),
                    Not(HasSubstr("Whatever")), HasSubstr("three COMMAND --help")));
}

TEST(HelpTest, BreaksLinesBetweenWordsAndNeverInsideAnOption) {
  constexpr Option kLong[] = {
      Option::Text("a-name-that-fills-the-column", "VALUE",
                   "one two three four five six seven "
                   "eight nine ten eleven twelve thirteen fourteen"),
      Option::Text("second-long-option", "VALUE", "x").Repeated(),
      Option::Text("third-long-option", "VALUE", "x").Required().Repeated()};
  const Command command = {"long", "Is long.", {}, kLong};
  const std::string help = CommandHelp(Three(), command);
  EXPECT_THAT(help, HasSubstr("  --a-name-that-fills-the-column VALUE\n"
                              "                           one two three four five six seven eight "
                              "nine ten eleven\n"
                              "                           twelve thirteen fourteen\n"));
  EXPECT_THAT(help,
              HasSubstr("  three long --third-long-option VALUE [--third-long-option VALUE ...]\n"
                        "      [--a-name-that-fills-the-column VALUE] [--second-long-option "
                        "VALUE ...]\n"));
}

}  // namespace
}  // namespace camnode
