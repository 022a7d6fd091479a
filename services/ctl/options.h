// The command line of camnodectl as one struct.

#ifndef CAMNODE_SERVICES_CTL_OPTIONS_H_
#define CAMNODE_SERVICES_CTL_OPTIONS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"

namespace camnode {

struct CtlOptions {
  std::string command;                 // "list", "get", ...; "help" prints the usage.
  std::vector<std::string> arguments;  // What follows the command and is no option.

  // Where the node is; at most one is set.  None: 127.0.0.1:50051.
  std::string address;         // "host:port"
  std::string config;          // camnode.textproto, which names the data directory.
  std::string data_directory;  // Holds ports.json while the node runs.

  bool json = false;  // One line of protobuf JSON for each answer.
  // How long one answer may take.  `watch` waits for ever unless this is given.
  absl::optional<absl::Duration> timeout;

  std::string study;                // list, watch
  int64_t limit = 50;               // list: rows at most.
  absl::optional<int64_t> after;    // watch: events after this number.
  int64_t count = 0;                // watch: end after so many events; 0: never.
  bool wait = true;                 // analyze
  bool deliver = false;             // analyze
  std::string workflow;             // get, analyze, render
  std::string model;                // render
  absl::optional<double> alpha;     // render
  std::string output;               // render
  std::vector<int64_t> deliveries;  // requeue
  std::vector<int64_t> removals;    // quarantine
};

// `arguments` without the program's name.  Options may stand anywhere; "--" ends
// them; "--name value" and "--name=value" are the same.
// Errors: kInvalidArgument with one sentence for the user.
absl::StatusOr<CtlOptions> ParseCtlOptions(const std::vector<std::string>& arguments);

// What `camnodectl --help` prints.
std::string CtlUsage();

}  // namespace camnode

#endif  // CAMNODE_SERVICES_CTL_OPTIONS_H_
