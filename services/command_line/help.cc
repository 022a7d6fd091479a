#include "services/command_line/help.h"

#include <cstddef>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "services/command_line/option.h"

namespace camnode {
namespace {

constexpr size_t kColumns = 88;
constexpr size_t kHelpColumn = 27;  // Where the words about an option begin.
constexpr size_t kIndent = 2;       // Of usages and options.
constexpr size_t kHanging = 6;      // Of what continues them.

constexpr Option kHelpOption = Option::Flag("help", "or -h: prints this");
constexpr Option kVersionOption = Option::Flag("version", "prints the version");

// Appends pieces, a blank before each, to a text whose last line has so many columns; breaks
// the line where a piece would cross kColumns.
void AppendPieces(const std::vector<std::string>& pieces, size_t column, size_t indent,
                  std::string& text) {
  for (const std::string& piece : pieces) {
    if (column > indent && column + 1 + piece.size() > kColumns) {
      absl::StrAppend(&text, "\n", std::string(indent, ' '), piece);
      column = indent + piece.size();
    } else {
      absl::StrAppend(&text, " ", piece);
      column += 1 + piece.size();
    }
  }
}

std::string WithValue(const Option& option) {
  return option.value.empty() ? absl::StrCat("--", option.name)
                              : absl::StrCat("--", option.name, " ", option.value);
}

// "--model DIR [--model DIR ...]", "[--seed NUMBER]"
std::string UsageOf(const Option& option) {
  const std::string once = WithValue(option);
  if (option.required) {
    return option.repeated ? absl::StrCat(once, " [", once, " ...]") : once;
  }
  return absl::StrCat("[", once, option.repeated ? " ..." : "", "]");
}

// "  camnode-lab train --recipe FILE [--fold NUMBER] ...", in lines.
std::string Usage(const Program& program, const Command& command) {
  std::vector<std::string> pieces;
  for (const bool required : {true, false}) {
    for (const Option& option : command.options) {
      if (option.kind != Option::Kind::kHeading && option.required == required) {
        pieces.push_back(UsageOf(option));
      }
    }
  }
  if (!command.operands.value.empty()) pieces.emplace_back(command.operands.value);
  std::string text = absl::StrCat(std::string(kIndent, ' '), program.name,
                                  command.name.empty() ? "" : " ", command.name);
  AppendPieces(pieces, text.size(), kHanging, text);
  return absl::StrCat(text, "\n");
}

std::string DefaultOf(const Option& option) {
  if (!option.has_default) return "";
  const bool is_text = option.kind == Option::Kind::kText || option.kind == Option::Kind::kChoice;
  return absl::StrCat(
      option.help.empty() ? "" : "; ", "default: ",
      is_text ? std::string(option.default_text) : absl::StrCat(option.default_number));
}

std::string OptionLines(const Option& option) {
  if (option.kind == Option::Kind::kHeading) return absl::StrCat("\n", option.help, "\n\n");
  std::string text = absl::StrCat(std::string(kIndent, ' '), WithValue(option));
  size_t column = text.size();
  // A blank more comes with the first word.
  if (column + 2 > kHelpColumn) {
    text.push_back('\n');
    column = 0;
  }
  text.append(kHelpColumn - 1 - column, ' ');
  const std::string help = absl::StrCat(option.help, DefaultOf(option));
  AppendPieces(absl::StrSplit(help, ' ', absl::SkipEmpty()), kHelpColumn - 1, kHelpColumn, text);
  return absl::StrCat(text, "\n");
}

std::string OptionsText(absl::Span<const Option> options) {
  std::string text;
  for (const Option& option : options) absl::StrAppend(&text, OptionLines(option));
  return text;
}

std::string Indented(absl::string_view lines) {
  const std::string indent(kHanging, ' ');
  return absl::StrCat(indent, absl::StrReplaceAll(lines, {{"\n", absl::StrCat("\n", indent)}}));
}

}  // namespace

std::string CommandHelp(const Program& program, const Command& command) {
  std::string text = absl::StrCat(Usage(program, command), "\n", command.summary, "\n\n",
                                  OptionsText(command.options), OptionLines(kHelpOption));
  if (!program.has_commands()) absl::StrAppend(&text, OptionLines(kVersionOption));
  if (!program.common_options.empty()) {
    absl::StrAppend(&text, "\nWith every command:\n", OptionsText(program.common_options));
  }
  if (!program.notes.empty()) absl::StrAppend(&text, "\n", program.notes, "\n");
  return text;
}

std::string ProgramHelp(const Program& program) {
  if (!program.has_commands()) return CommandHelp(program, *program.commands.front());
  std::string text = absl::StrCat(program.summary, "\n");
  for (const Command* command : program.commands) {
    const absl::string_view first = command->summary.substr(0, command->summary.find("\n\n"));
    absl::StrAppend(&text, "\n", Usage(program, *command), Indented(first), "\n");
  }
  absl::StrAppend(&text, "\n  ", program.name, " COMMAND --help explains a command's options.\n");
  absl::StrAppend(&text, "\nWith every command:\n", OptionsText(program.common_options),
                  OptionLines(kHelpOption), OptionLines(kVersionOption));
  if (!program.notes.empty()) absl::StrAppend(&text, "\n", program.notes, "\n");
  return text;
}

}  // namespace camnode
