#include "services/command_line/command_line.h"

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "core/base/version.h"
#include "services/command_line/help.h"
#include "services/command_line/option.h"
#include "services/command_line/words.h"

namespace camnode {
namespace {

using Wish = CommandLine::Wish;

const Option* FindOption(absl::Span<const Option> options, absl::string_view name) {
  const auto found = std::find_if(options.begin(), options.end(), [&](const Option& option) {
    return option.kind != Option::Kind::kHeading && option.name == name;
  });
  return found == options.end() ? nullptr : &*found;
}

// Of the program or of any command: all that can be known before the command is.
const Option* FindOption(const Program& program, absl::string_view name) {
  const Option* option = FindOption(program.common_options, name);
  for (size_t i = 0; option == nullptr && i < program.commands.size(); ++i) {
    option = FindOption(program.commands[i]->options, name);
  }
  return option;
}

const Command* FindCommand(const Program& program, absl::string_view name) {
  for (const Command* command : program.commands) {
    if (command->name == name) return command;
  }
  return nullptr;
}

// Whether one of `words` stands before the end of the options.
bool Asks(const std::vector<std::string>& words, std::initializer_list<absl::string_view> asked) {
  const auto end = std::find(words.begin(), words.end(), kEndOfOptions);
  return std::find_first_of(words.begin(), end, asked.begin(), asked.end()) != end;
}

// The place of the first word that is neither an option nor its value; words.size(): none.
absl::StatusOr<size_t> FindCommandWord(const Program& program,
                                       const std::vector<std::string>& words) {
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i] == kEndOfOptions) continue;
    if (!IsOptionWord(words[i])) return i;
    if (words[i] == "--help" || words[i] == "-h" || words[i] == "--version") continue;
    const OptionWord parts = SplitOptionWord(words[i]);
    const Option* option = FindOption(program, parts.name);
    if (option == nullptr) return NoOption("", words[i]);
    if (option->kind != Option::Kind::kFlag && !parts.value.has_value()) ++i;
  }
  return words.size();
}

// Sets the command, or the wish that stands in its place, and takes its word away.
absl::Status TakeCommand(const Program& program, std::vector<std::string>& words,
                         CommandLine& line) {
  absl::StatusOr<size_t> place = FindCommandWord(program, words);
  if (!place.ok()) return place.status();
  if (*place >= words.size()) return absl::InvalidArgumentError("no command given");
  const std::string name = words[*place];
  line.command = FindCommand(program, name);
  if (line.command == nullptr && name == "version") line.wish = Wish::kVersion;
  if (line.command == nullptr && name == "help") {
    line.wish = Wish::kHelp;
    if (*place + 1 < words.size()) line.command = FindCommand(program, words[*place + 1]);
  }
  if (line.command == nullptr && line.wish == Wish::kRun) {
    return absl::InvalidArgumentError(absl::StrCat("there is no command '", name, "'"));
  }
  words.erase(words.begin() + static_cast<std::ptrdiff_t>(*place));
  return absl::OkStatus();
}

}  // namespace

CommandLine ParseCommandLine(const Program& program, const std::vector<std::string>& words) {
  CommandLine line;
  std::vector<std::string> rest = words;
  if (program.has_commands()) {
    line.status = TakeCommand(program, rest, line);
  } else {
    line.command = program.commands.front();
  }
  if (Asks(words, {"--help", "-h"})) line.wish = Wish::kHelp;
  if (line.wish == Wish::kRun && Asks(words, {"--version"}) &&
      (line.command == nullptr || FindOption(line.command->options, "version") == nullptr)) {
    line.wish = Wish::kVersion;
  }
  if (line.wish != Wish::kRun) line.status = absl::OkStatus();
  if (line.wish != Wish::kRun || !line.status.ok()) return line;
  absl::StatusOr<Arguments> arguments =
      Arguments::Parse(*line.command, rest, program.common_options);
  line.status = arguments.status();
  if (arguments.ok()) line.arguments = *std::move(arguments);
  return line;
}

absl::optional<int> AnswerCommandLine(const Program& program, const CommandLine& line,
                                      std::ostream& out, std::ostream& error) {
  if (!line.status.ok()) return PrintMisuse(error, program, line.command, line.status.message());
  switch (line.wish) {
    case Wish::kRun:
      return absl::nullopt;
    case Wish::kHelp:
      out << (line.command == nullptr ? ProgramHelp(program) : CommandHelp(program, *line.command));
      break;
    case Wish::kVersion:
      out << program.name << " " << kCamnodeVersion << "\n";
      break;
  }
  return out.flush() ? 0 : 1;
}

void PrintError(std::ostream& error, absl::string_view program, absl::string_view sentence) {
  error << program << ": " << sentence << std::endl;
}

int PrintMisuse(std::ostream& error, const Program& program, const Command* command,
                absl::string_view sentence) {
  const bool named = command != nullptr && !command->name.empty();
  PrintError(error, program.name, sentence);
  error << "See " << program.name << (named ? " " : "") << (named ? command->name : "") << " --help"
        << std::endl;
  return kMisusedExitCode;
}

}  // namespace camnode
