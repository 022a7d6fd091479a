#include "services/command_line/arguments.h"

#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/types/span.h"
#include "core/base/status_macros.h"
#include "services/command_line/option.h"
#include "services/command_line/words.h"

namespace camnode {
namespace {

// Of one choice or several: "float32, bfloat16 or float16".
std::string AnyOf(absl::string_view words) {
  std::vector<std::string> all = absl::StrSplit(words, '|');
  const std::string last = all.back();
  all.pop_back();
  return all.empty() ? last : absl::StrCat(absl::StrJoin(all, ", "), " or ", last);
}

// What the option wants, in words.
std::string WantedBy(const Option& option) {
  switch (option.kind) {
    case Option::Kind::kChoice:
      return AnyOf(option.value);
    case Option::Kind::kWholeNumber:
      if (option.whole_high == Option::kAnyNumber) {
        return absl::StrCat("a whole number from ", option.whole_low);
      }
      return absl::StrCat("a whole number from ", option.whole_low, " to ", option.whole_high);
    case Option::Kind::kNumber:
      if (option.above_zero) return "a number above 0";
      if (std::isinf(option.high)) return "a number";
      return absl::StrCat("a number from ", option.low, " to ", option.high);
    case Option::Kind::kFlag:
    case Option::Kind::kText:
    case Option::Kind::kHeading:
      break;
  }
  return "a value";
}

bool IsGood(const Option& option, const std::string& text) {
  switch (option.kind) {
    case Option::Kind::kChoice:
      for (const absl::string_view word : absl::StrSplit(option.value, '|')) {
        if (text == word) return true;
      }
      return false;
    case Option::Kind::kWholeNumber: {
      int64_t number = 0;
      return absl::SimpleAtoi(text, &number) && number >= option.whole_low &&
             number <= option.whole_high;
    }
    case Option::Kind::kNumber: {
      double number = 0.0;
      return absl::SimpleAtod(text, &number) && std::isfinite(number) && number >= option.low &&
             number <= option.high && (number > 0.0 || !option.above_zero);
    }
    case Option::Kind::kFlag:
    case Option::Kind::kText:
    case Option::Kind::kHeading:
      break;
  }
  return true;
}

absl::Status Wrong(const Option& option, absl::string_view wanted, absl::string_view value) {
  return absl::InvalidArgumentError(
      absl::StrCat("--", option.name, " wants ", wanted, ", not '", value, "'"));
}

[[noreturn]] void NoSuchOption(absl::string_view name) {
  std::fprintf(stderr, "the table of options lacks --%s, or has no value for it\n",
               std::string(name).c_str());
  std::abort();
}

}  // namespace

absl::StatusOr<Arguments> Arguments::Parse(const Command& command,
                                           const std::vector<std::string>& words,
                                           absl::Span<const Option> common) {
  Arguments arguments;
  for (const auto& table : {command.options, common}) {
    arguments.options_.insert(arguments.options_.end(), table.begin(), table.end());
  }
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i] == kEndOfOptions) {
      arguments.operands_.insert(arguments.operands_.end(),
                                 words.begin() + static_cast<std::ptrdiff_t>(i) + 1, words.end());
      break;
    }
    if (!IsOptionWord(words[i])) {
      arguments.operands_.push_back(words[i]);
      continue;
    }
    bool took_next = false;
    CAMNODE_RETURN_IF_ERROR(arguments.Add(words[i], i + 1 < words.size() ? &words[i + 1] : nullptr,
                                          took_next, command.name));
    if (took_next) ++i;
  }
  CAMNODE_RETURN_IF_ERROR(arguments.CheckComplete(command));
  return arguments;
}

absl::Status Arguments::Add(const std::string& word, const std::string* next, bool& took_next,
                            absl::string_view command) {
  const OptionWord parts = SplitOptionWord(word);
  const Option* option = Find(parts.name);
  if (option == nullptr) return NoOption(command, word);
  std::vector<std::string>& values = values_[std::string(option->name)];
  if (option->kind == Option::Kind::kFlag) {
    if (parts.value.has_value()) return Wrong(*option, "no value", *parts.value);
    values.emplace_back();
    return absl::OkStatus();
  }
  took_next = !parts.value.has_value() && next != nullptr;
  const std::string value = took_next ? *next : std::string(parts.value.value_or(""));
  if (value.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("--", option->name, " wants a value"));
  }
  if (!IsGood(*option, value)) return Wrong(*option, WantedBy(*option), value);
  if (!values.empty() && !option->repeated) {
    return absl::InvalidArgumentError(absl::StrCat("--", option->name, " is given twice"));
  }
  values.push_back(value);
  return absl::OkStatus();
}

absl::Status Arguments::CheckComplete(const Command& command) const {
  const Operands& wanted = command.operands;
  if (operands_.size() < wanted.min || operands_.size() > wanted.max) {
    const bool too_many = operands_.size() > wanted.max;
    return absl::InvalidArgumentError(absl::StrCat(
        command.name, command.name.empty() ? "" : " ", "wants ", wanted.wanted, ", got ",
        operands_.size(), too_many ? absl::StrCat(" ('", operands_[wanted.max], "')") : ""));
  }
  for (const Option& option : options_) {
    if (option.required && !Has(option.name)) {
      return absl::InvalidArgumentError(
          absl::StrCat("--", option.name, " ", option.value, " is missing"));
    }
  }
  return absl::OkStatus();
}

const Option* Arguments::Find(absl::string_view name) const {
  for (const Option& option : options_) {
    if (option.kind != Option::Kind::kHeading && option.name == name) return &option;
  }
  return nullptr;
}

const Option& Arguments::Get(absl::string_view name) const {
  const Option* option = Find(name);
  if (option == nullptr) NoSuchOption(name);
  return *option;
}

const std::string* Arguments::Value(const Option& option) const {
  const auto found = values_.find(std::string(option.name));
  return found == values_.end() ? nullptr : &found->second.front();
}

bool Arguments::Has(absl::string_view name) const { return Value(Get(name)) != nullptr; }

std::string Arguments::Text(absl::string_view name) const {
  return TextOr(name, std::string(Get(name).default_text));
}

std::string Arguments::TextOr(absl::string_view name, const std::string& fallback) const {
  const std::string* value = Value(Get(name));
  return value == nullptr ? fallback : *value;
}

std::vector<std::string> Arguments::Texts(absl::string_view name) const {
  const auto found = values_.find(std::string(Get(name).name));
  return found == values_.end() ? std::vector<std::string>() : found->second;
}

int64_t Arguments::WholeNumberOf(absl::string_view name) const {
  const Option& option = Get(name);
  const std::string* value = Value(option);
  int64_t number = static_cast<int64_t>(option.default_number);
  if (option.kind != Option::Kind::kWholeNumber ||
      !(value == nullptr ? option.has_default : absl::SimpleAtoi(*value, &number))) {
    NoSuchOption(name);
  }
  return number;
}

std::vector<int64_t> Arguments::WholeNumbers(absl::string_view name) const {
  std::vector<int64_t> numbers;
  for (const std::string& text : Texts(name)) {
    if (!absl::SimpleAtoi(text, &numbers.emplace_back())) NoSuchOption(name);
  }
  return numbers;
}

double Arguments::Number(absl::string_view name) const {
  const Option& option = Get(name);
  const std::string* value = Value(option);
  double number = option.default_number;
  if (option.kind != Option::Kind::kNumber ||
      !(value == nullptr ? option.has_default : absl::SimpleAtod(*value, &number))) {
    NoSuchOption(name);
  }
  return number;
}

}  // namespace camnode
