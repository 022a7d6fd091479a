#include "services/command_line/words.h"

#include <cstddef>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace camnode {

bool IsOptionWord(absl::string_view word) { return word.size() > 1 && word[0] == '-'; }

OptionWord SplitOptionWord(absl::string_view word) {
  OptionWord parts;
  if (!absl::ConsumePrefix(&word, "--")) return parts;
  const size_t equals = word.find('=');
  parts.name = word.substr(0, equals);
  if (equals != absl::string_view::npos) parts.value = word.substr(equals + 1);
  return parts;
}

absl::Status NoOption(absl::string_view command, absl::string_view word) {
  const absl::string_view name = word.substr(0, word.find('='));
  return absl::InvalidArgumentError(command.empty()
                                        ? absl::StrCat("there is no option ", name)
                                        : absl::StrCat(command, " knows no option ", name));
}

}  // namespace camnode
