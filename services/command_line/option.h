// One option of a command line.  It is read and explained from the same row of a table, so
// that neither the help nor the parser can know an option that the other does not.

#ifndef CAMNODE_SERVICES_COMMAND_LINE_OPTION_H_
#define CAMNODE_SERVICES_COMMAND_LINE_OPTION_H_

#include <cstdint>
#include <limits>

#include "absl/strings/string_view.h"

namespace camnode {

// Made by one of the functions below and refined by the ones after them:
//
//   constexpr Option kOptions[] = {
//       Option::Text("report", "OUT", "a folder").Required(),
//       Option::Text("subgroup", "COLUMN", "a table of figures by it").Repeated(),
//       Option::WholeNumber("seed", "NUMBER", "of resampling", 0).Default(1),
//       Option::Flag("corruptions", "also with blur and gamma"),
//   };
//
// Texts must outlive the option: they are literals.
struct Option {
  enum class Kind { kFlag, kText, kChoice, kWholeNumber, kNumber, kHeading };
  static constexpr int64_t kAnyNumber = std::numeric_limits<int64_t>::max();

  // "--name": given or not.
  static constexpr Option Flag(absl::string_view name, absl::string_view help) {
    return Option(Kind::kFlag, name, "", help);
  }
  // "--name VALUE": any text but the empty one.
  static constexpr Option Text(absl::string_view name, absl::string_view value,
                               absl::string_view help) {
    return Option(Kind::kText, name, value, help);
  }
  // One of the words in `words`, "sigmoid|softmax".
  static constexpr Option Choice(absl::string_view name, absl::string_view words,
                                 absl::string_view help) {
    return Option(Kind::kChoice, name, words, help);
  }
  // Digits that make a number from `lowest` to `highest`, both included.
  static constexpr Option WholeNumber(absl::string_view name, absl::string_view value,
                                      absl::string_view help, int64_t lowest,
                                      int64_t highest = kAnyNumber) {
    Option option(Kind::kWholeNumber, name, value, help);
    option.whole_low = lowest;
    option.whole_high = highest;
    return option;
  }
  // A finite number.
  static constexpr Option Number(absl::string_view name, absl::string_view value,
                                 absl::string_view help) {
    return Option(Kind::kNumber, name, value, help);
  }
  // No option: a paragraph of the help before those that follow.
  static constexpr Option Heading(absl::string_view paragraph) {
    return Option(Kind::kHeading, "", "", paragraph);
  }

  // The command line is wrong without it.
  constexpr Option Required() const {
    Option option = *this;
    option.required = true;
    return option;
  }
  // May be given several times.
  constexpr Option Repeated() const {
    Option option = *this;
    option.repeated = true;
    return option;
  }
  // Of a number; both are included.
  constexpr Option Between(double lowest, double highest) const {
    Option option = *this;
    option.low = lowest;
    option.high = highest;
    return option;
  }
  // Of a number.
  constexpr Option AboveZero() const {
    Option option = *this;
    option.above_zero = true;
    return option;
  }
  // What counts if it is not given; the help says so.
  constexpr Option Default(absl::string_view text) const {
    Option option = *this;
    option.has_default = true;
    option.default_text = text;
    return option;
  }
  constexpr Option Default(double number) const {
    Option option = *this;
    option.has_default = true;
    option.default_number = number;
    return option;
  }

  Kind kind;
  absl::string_view name;   // Without dashes.
  absl::string_view value;  // What usage and help call its value; empty: a flag.
  absl::string_view help;
  bool required = false;
  bool repeated = false;
  int64_t whole_low = 0;
  int64_t whole_high = kAnyNumber;
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool above_zero = false;
  bool has_default = false;
  absl::string_view default_text;  // Of a text or a choice.
  double default_number = 0.0;     // Of the others; exact up to 2^53.

 private:
  constexpr Option(Kind kind_of, absl::string_view its_name, absl::string_view its_value,
                   absl::string_view its_help)
      : kind(kind_of), name(its_name), value(its_value), help(its_help) {}
};

}  // namespace camnode

#endif  // CAMNODE_SERVICES_COMMAND_LINE_OPTION_H_
