// A part's options held to the ranges that the configuration reads them by.
//
// The options of a part stand in one struct, its ReadOptions beside it: name in the file,
// range, value.  services/config reads the file with it; this reads nothing, but says
// which of the values that are set already is out of its range:
//
//   OptionRanges ranges;
//   ReadOptions(ranges, &settings);
//   return ranges.status();

#ifndef CAMNODE_CORE_BASE_OPTION_RANGES_H_
#define CAMNODE_CORE_BASE_OPTION_RANGES_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace camnode {

// Used by one thread.
class OptionRanges {
 public:
  void Read(absl::string_view, const bool*) {}
  void Read(absl::string_view option, double min, double max, const double* value) {
    Check(option, *value >= min && *value <= max);
  }
  void Read(absl::string_view option, int min, int max, const int* value) {
    Check(option, *value >= min && *value <= max);
  }
  void Read(absl::string_view option, int64_t min, int64_t max, const int64_t* value) {
    Check(option, *value >= min && *value <= max);
  }
  // In whole milliseconds, from 1 to `max`.
  void Read(absl::string_view option, absl::Duration max, const absl::Duration* value) {
    Check(option, *value >= absl::Milliseconds(1) && *value <= max);
  }

  // kInvalidArgument: the first option out of its range, by name.
  const absl::Status& status() const { return status_; }

 private:
  void Check(absl::string_view option, bool good) {
    if (good || !status_.ok()) return;
    status_ = absl::InvalidArgumentError(absl::StrCat(option, " is out of range"));
  }

  absl::Status status_;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_BASE_OPTION_RANGES_H_
