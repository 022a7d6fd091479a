// What a program can be asked: its commands, and what each takes.

#ifndef CAMNODE_SERVICES_COMMAND_LINE_COMMAND_H_
#define CAMNODE_SERVICES_COMMAND_LINE_COMMAND_H_

#include <cstddef>
#include <limits>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "services/command_line/option.h"

namespace camnode {

// What a command takes beside options: files, UIDs, numbers.
struct Operands {
  static constexpr size_t kMany = 10'000;
  static constexpr size_t kAnyNumber = std::numeric_limits<size_t>::max();

  absl::string_view value = "";  // As the usage shows them, "FILE..."; empty: none.
  size_t min = 0;
  size_t max = 0;
  absl::string_view wanted = "no argument";  // In words, for the error.
};

// Texts and options are literals: they outlive every command line.
struct Command {
  absl::string_view name;  // "" if the program is its only command.
  // Paragraphs of lines, without a newline at the end.  The program's help shows the first.
  absl::string_view summary;
  Operands operands;
  absl::Span<const Option> options;
};

// Every program also takes --help (-h) and --version; one with several commands also the
// words "help" and "version" in place of a command.
struct Program {
  absl::string_view name;     // "camnodectl"
  absl::string_view summary;  // Lines, without a newline at the end.
  std::vector<const Command*> commands;
  absl::Span<const Option> common_options;  // Taken with each command.
  absl::string_view notes;                  // Lines at the end of the help.

  bool has_commands() const { return commands.size() > 1; }
};

}  // namespace camnode

#endif  // CAMNODE_SERVICES_COMMAND_LINE_COMMAND_H_
