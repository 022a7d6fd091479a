// The command line of one camnode-lab command: options with values, then files.

#ifndef CAMNODE_SERVICES_LAB_ARGUMENTS_H_
#define CAMNODE_SERVICES_LAB_ARGUMENTS_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace camnode {

class LabArguments {
 public:
  // "--name value" or "--name=value" for each name in `known`, "--name" for each in
  // `flags`; everything else, and everything after "--", is a file.
  // Errors: kInvalidArgument (unknown option, one without value, or a flag with one:
  // names it).
  static absl::StatusOr<LabArguments> Parse(const std::vector<std::string>& words,
                                            const std::vector<std::string>& known,
                                            const std::vector<std::string>& flags = {});

  // Whether the flag, or the option, is given.
  bool Has(const std::string& name) const { return values_.count(name) > 0; }

  // The option's value; `fallback` if it is not given.
  // Errors: kInvalidArgument if it is given twice.
  absl::StatusOr<std::string> One(const std::string& name, const std::string& fallback) const;
  // Errors: kInvalidArgument if it is not given exactly once.
  absl::StatusOr<std::string> Required(const std::string& name) const;
  // Errors: kInvalidArgument unless it is a finite number.
  absl::StatusOr<double> Number(const std::string& name, double fallback) const;
  // Errors: kInvalidArgument unless it is a whole number from `low` to `high`.
  absl::StatusOr<int> WholeNumber(const std::string& name, int fallback, int low, int high) const;
  // Every value in the order given.
  std::vector<std::string> All(const std::string& name) const;

  const std::vector<std::string>& files() const { return files_; }

 private:
  std::map<std::string, std::vector<std::string>> values_;
  std::vector<std::string> files_;
};

}  // namespace camnode

#endif  // CAMNODE_SERVICES_LAB_ARGUMENTS_H_
