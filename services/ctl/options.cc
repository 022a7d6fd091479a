#include "services/ctl/options.h"

#include <algorithm>
#include <cmath>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/status_macros.h"

namespace camnode {
namespace {

struct CommandShape {
  absl::string_view name;
  size_t min_arguments;
  size_t max_arguments;
  absl::string_view wanted;   // In words, for the error message.
  absl::string_view options;  // Space-separated, beside the common ones.
};

constexpr size_t kMany = 10'000;

constexpr CommandShape kCommands[] = {
    {"list", 0, 0, "no argument", "--study --limit"},
    {"get", 1, 1, "the UID of a film or the number of an analysis", "--workflow"},
    {"watch", 0, 0, "no argument", "--study --after --count"},
    {"analyze", 1, kMany, "at least one file", "--no-wait --deliver --workflow"},
    {"render", 1, 1, "the UID of a film or the number of an analysis",
     "--model --alpha --output --workflow"},
    {"requeue", 0, kMany, "numbers of jobs", "--delivery"},
    {"quarantine", 0, 0, "no argument", "--remove"},
    {"status", 0, 0, "no argument", ""},
    {"doctor", 0, 0, "no argument", ""},
    {"help", 0, kMany, "", ""},
    {"version", 0, 0, "no argument", ""},
};

constexpr absl::string_view kCommonOptions =
    "--address --config --data-directory --json --timeout --help --version";
constexpr absl::string_view kSwitches = "--json --no-wait --deliver --help --version";

bool Contains(absl::string_view words, absl::string_view word) {
  return absl::StrContains(absl::StrCat(" ", words, " "), absl::StrCat(" ", word, " "));
}

const CommandShape* FindCommand(absl::string_view name) {
  for (const CommandShape& command : kCommands) {
    if (command.name == name) return &command;
  }
  return nullptr;
}

absl::Status Wrong(absl::string_view name, absl::string_view value, absl::string_view wanted) {
  return absl::InvalidArgumentError(absl::StrCat(name, " wants ", wanted, ", not '", value, "'"));
}

absl::StatusOr<int64_t> ParseNumber(absl::string_view name, absl::string_view value,
                                    int64_t minimum) {
  int64_t number = 0;
  if (!absl::SimpleAtoi(value, &number) || number < minimum) {
    return Wrong(name, value, absl::StrCat("a whole number from ", minimum));
  }
  return number;
}

absl::Status SetOption(const std::string& name, const std::string& value, CtlOptions& options) {
  if (value.empty() && !Contains(kSwitches, name)) return Wrong(name, value, "a value");
  if (name == "--address") {
    options.address = value;
  } else if (name == "--config") {
    options.config = value;
  } else if (name == "--data-directory") {
    options.data_directory = value;
  } else if (name == "--json") {
    options.json = true;
  } else if (name == "--timeout") {
    double seconds = 0;
    if (!absl::SimpleAtod(value, &seconds) || !std::isfinite(seconds) || seconds <= 0) {
      return Wrong(name, value, "seconds above 0");
    }
    options.timeout = absl::Seconds(seconds);
  } else if (name == "--study") {
    options.study = value;
  } else if (name == "--limit") {
    CAMNODE_ASSIGN_OR_RETURN(options.limit, ParseNumber(name, value, 1));
  } else if (name == "--after") {
    CAMNODE_ASSIGN_OR_RETURN(options.after, ParseNumber(name, value, 0));
  } else if (name == "--count") {
    CAMNODE_ASSIGN_OR_RETURN(options.count, ParseNumber(name, value, 1));
  } else if (name == "--no-wait") {
    options.wait = false;
  } else if (name == "--deliver") {
    options.deliver = true;
  } else if (name == "--model") {
    options.model = value;
  } else if (name == "--alpha") {
    double alpha = 0;
    if (!absl::SimpleAtod(value, &alpha) || !(alpha >= 0 && alpha <= 1)) {
      return Wrong(name, value, "an opacity from 0 to 1");
    }
    options.alpha = alpha;
  } else if (name == "--workflow") {
    options.workflow = value;
  } else if (name == "--output") {
    options.output = value;
  } else if (name == "--delivery") {
    CAMNODE_ASSIGN_OR_RETURN(const int64_t number, ParseNumber(name, value, 1));
    options.deliveries.push_back(number);
  } else if (name == "--remove") {
    CAMNODE_ASSIGN_OR_RETURN(const int64_t number, ParseNumber(name, value, 1));
    options.removals.push_back(number);
  } else if (name == "--help") {
    options.command = "help";
  } else if (name == "--version") {
    options.command = "version";
  }
  return absl::OkStatus();
}

absl::Status CheckCommand(const CtlOptions& options, const std::vector<std::string>& given) {
  if (options.command == "help" || options.command == "version") return absl::OkStatus();
  if (options.command.empty()) {
    return absl::InvalidArgumentError("no command given; see camnodectl --help");
  }
  const CommandShape* command = FindCommand(options.command);
  if (command == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("there is no command '", options.command, "'; see camnodectl --help"));
  }
  for (const std::string& name : given) {
    if (!Contains(kCommonOptions, name) && !Contains(command->options, name)) {
      return absl::InvalidArgumentError(absl::StrCat(command->name, " knows no option ", name));
    }
  }
  if (options.arguments.size() < command->min_arguments ||
      options.arguments.size() > command->max_arguments) {
    return absl::InvalidArgumentError(absl::StrCat(command->name, " wants ", command->wanted,
                                                   ", got ", options.arguments.size()));
  }
  if (options.command == "render" && options.output.empty()) {
    return absl::InvalidArgumentError("render wants --output FILE.png");
  }
  const int places =
      !options.address.empty() + !options.config.empty() + !options.data_directory.empty();
  if (places > 1) {
    return absl::InvalidArgumentError("give only one of --address, --config and --data-directory");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<CtlOptions> ParseCtlOptions(const std::vector<std::string>& arguments) {
  CtlOptions options;
  std::vector<std::string> given;
  bool options_ended = false;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (options_ended || !absl::StartsWith(argument, "-") || argument == "-") {
      if (options.command.empty()) {
        options.command = argument;
      } else {
        options.arguments.push_back(argument);
      }
      continue;
    }
    if (argument == "--") {
      options_ended = true;
      continue;
    }
    const size_t equals = argument.find('=');
    const std::string name = argument == "-h" ? "--help" : argument.substr(0, equals);
    const bool known =
        Contains(kCommonOptions, name) ||
        std::any_of(std::begin(kCommands), std::end(kCommands),
                    [&](const CommandShape& c) { return Contains(c.options, name); });
    if (!known) {
      return absl::InvalidArgumentError(
          absl::StrCat("there is no option ", name, "; see camnodectl --help"));
    }
    std::string value;
    if (Contains(kSwitches, name)) {
      if (equals != std::string::npos) return Wrong(name, argument.substr(equals + 1), "no value");
    } else if (equals != std::string::npos) {
      value = argument.substr(equals + 1);
    } else if (i + 1 < arguments.size()) {
      value = arguments[++i];
    }
    CAMNODE_RETURN_IF_ERROR(SetOption(name, value, options));
    given.push_back(name);
  }
  CAMNODE_RETURN_IF_ERROR(CheckCommand(options, given));
  return options;
}

std::string CtlUsage() {
  return R"(camnodectl asks a running camnode.  Research use only.

  camnodectl [WHERE] [--json] [--timeout SECONDS] COMMAND ...

  list [--limit N]              studies, newest first
  list --study UID              the films of one study
  get UID|NUMBER [--workflow NAME]
                                one analysis, by film or by its number: each model's
                                probability, threshold and verdict, their agreement,
                                the DICOM objects made and where they were sent; of a
                                film that several workflows analysed, the newest or
                                that of the workflow named
  watch [--study UID] [--after EVENT] [--count N]
                                analyses as they are committed, from now on or from
                                an event on (0: all of them); survives a restart of
                                the node
  analyze FILE... [--no-wait] [--deliver] [--workflow NAME]
                                uploads films (DICOM, PNG, JPEG) and prints their
                                analyses, by the first workflow unless one is named;
                                --deliver also sends the outputs to its destinations
  render UID|NUMBER --output FILE.png [--model NAME] [--alpha 0..1] [--workflow NAME]
                                the film under one model's map, or under all of them
  requeue                       lists films set aside for a human
  requeue JOB... [--delivery NUMBER]
                                gives buried jobs or a buried delivery another try
  quarantine                    lists films kept aside because their UID was here
                                already with other bytes
  quarantine --remove NUMBER    deletes one of them (repeat for more)
  status                        queue, workers, destinations, free space
  doctor                        is every part healthy?  In words, with what to do

WHERE (default --address 127.0.0.1:50051):
  --address HOST:PORT           the node's gRPC address
  --config FILE                 the node's camnode.textproto
  --data-directory DIR          the node's data directory

--json prints one line of protobuf JSON for each answer.

Exit code: 0 done; 1 the node refused or failed; 2 wrong command line; 3 no node
there; 4 not found or not analysed yet; 5 doctor found something wrong.
)";
}

}  // namespace camnode
