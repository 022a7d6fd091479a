#include "services/lab/arguments.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"

namespace camnode {

absl::StatusOr<LabArguments> LabArguments::Parse(const std::vector<std::string>& words,
                                                 const std::vector<std::string>& known,
                                                 const std::vector<std::string>& flags) {
  const auto contains = [](const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  LabArguments arguments;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--") {
      arguments.files_.insert(arguments.files_.end(), words.begin() + static_cast<long>(i) + 1,
                              words.end());
      break;
    }
    if (!absl::StartsWith(word, "--")) {
      arguments.files_.push_back(word);
      continue;
    }
    const size_t equals = word.find('=');
    const std::string name = word.substr(2, equals == std::string::npos ? equals : equals - 2);
    if (contains(flags, name)) {
      if (equals != std::string::npos) {
        return absl::InvalidArgumentError(absl::StrCat("option --", name, " takes no value"));
      }
      arguments.values_[name].emplace_back();
      continue;
    }
    if (!contains(known, name)) {
      return absl::InvalidArgumentError(absl::StrCat("unknown option --", name));
    }
    if (equals != std::string::npos) {
      arguments.values_[name].push_back(word.substr(equals + 1));
    } else if (i + 1 < words.size()) {
      arguments.values_[name].push_back(words[++i]);
    } else {
      return absl::InvalidArgumentError(absl::StrCat("option --", name, " needs a value"));
    }
  }
  return arguments;
}

std::vector<std::string> LabArguments::All(const std::string& name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::vector<std::string>() : found->second;
}

absl::StatusOr<std::string> LabArguments::One(const std::string& name,
                                              const std::string& fallback) const {
  const std::vector<std::string> all = All(name);
  if (all.size() > 1) {
    return absl::InvalidArgumentError(absl::StrCat("option --", name, " is given twice"));
  }
  return all.empty() ? fallback : all.front();
}

absl::StatusOr<std::string> LabArguments::Required(const std::string& name) const {
  if (All(name).empty()) {
    return absl::InvalidArgumentError(absl::StrCat("option --", name, " is missing"));
  }
  return One(name, "");
}

absl::StatusOr<double> LabArguments::Number(const std::string& name, double fallback) const {
  if (All(name).empty()) return fallback;
  CAMNODE_ASSIGN_OR_RETURN(const std::string text, One(name, ""));
  double number = 0.0;
  if (!absl::SimpleAtod(text, &number) || !std::isfinite(number)) {
    return absl::InvalidArgumentError(absl::StrCat("option --", name, " needs a number"));
  }
  return number;
}

absl::StatusOr<int> LabArguments::WholeNumber(const std::string& name, int fallback, int low,
                                              int high) const {
  CAMNODE_ASSIGN_OR_RETURN(const double number, Number(name, fallback));
  if (number < low || number > high || number != std::floor(number)) {
    return absl::InvalidArgumentError(
        absl::StrCat("option --", name, " must be a whole number from ", low, " to ", high));
  }
  return static_cast<int>(number);
}

}  // namespace camnode
