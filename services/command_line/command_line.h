// Understands the words a program was started with.

#ifndef CAMNODE_SERVICES_COMMAND_LINE_COMMAND_LINE_H_
#define CAMNODE_SERVICES_COMMAND_LINE_COMMAND_LINE_H_

#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "services/command_line/arguments.h"
#include "services/command_line/command.h"

namespace camnode {

// The exit code of every program that does not understand its command line.
constexpr int kMisusedExitCode = 2;

struct CommandLine {
  enum class Wish { kRun, kHelp, kVersion };

  Wish wish = Wish::kRun;
  // The one named; of a program without several, its only one.  Null: none.
  const Command* command = nullptr;
  // Of the command; empty unless the wish is kRun and the status OK.
  Arguments arguments;
  // kInvalidArgument: one sentence for the user.
  absl::Status status;
};

// `words` without the program's name.  Options may stand before the command too.  --help and
// -h win over everything else before "--", mistakes included; --version does unless the
// command has an option of that name.  Borrows the commands for as long as the result lives.
CommandLine ParseCommandLine(const Program& program, const std::vector<std::string>& words);

// Does what every program does alike: help, version, and a word about a command line that is
// wrong.  Returns the exit code; absent: there is a command to run.
absl::optional<int> AnswerCommandLine(const Program& program, const CommandLine& line,
                                      std::ostream& out, std::ostream& error);

// The way every program says what went wrong: "camnodectl: SENTENCE".
void PrintError(std::ostream& error, absl::string_view program, absl::string_view sentence);

// Of the command line, or of what it names: also where the help is.  `command` may be null.
// Returns kMisusedExitCode.
int PrintMisuse(std::ostream& error, const Program& program, const Command* command,
                absl::string_view sentence);

}  // namespace camnode

#endif  // CAMNODE_SERVICES_COMMAND_LINE_COMMAND_LINE_H_
