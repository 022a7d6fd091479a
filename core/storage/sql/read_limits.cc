#include "core/storage/sql/read_limits.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

namespace camnode {
namespace {

thread_local const ScopedReadLimits* innermost = nullptr;

}  // namespace

ScopedReadLimits::ScopedReadLimits(ReadLimits limits)
    : limits_(std::move(limits)), outer_(std::exchange(innermost, this)) {}

ScopedReadLimits::~ScopedReadLimits() { innermost = outer_; }

ReadWatch::ReadWatch()
    : limits_(innermost == nullptr ? nullptr : &innermost->limits_),
      longest_(limits_ == nullptr
                   ? ReadLimits().longest_read
                   : std::min(limits_->longest_read, limits_->call_ends.Remaining())),
      ends_(longest_) {}

absl::Status ReadWatch::Check() const {
  if (limits_ != nullptr && limits_->cancelled && limits_->cancelled()) {
    return absl::CancelledError("the caller does not wait for the answer any more");
  }
  if (!ends_.Expired()) return absl::OkStatus();
  if (limits_ == nullptr) {
    return absl::UnavailableError(
        absl::StrCat("reading the database took longer than ", absl::FormatDuration(longest_),
                     " and was broken off: is its disk, its server or the machine overloaded?"));
  }
  return absl::DeadlineExceededError(
      absl::StrCat("reading the database took longer than the ", absl::FormatDuration(longest_),
                   " that were left to this call; ask for less, or later"));
}

absl::Status ReadWatch::NoConnection(int connections) const {
  const std::string what =
      absl::StrCat("all ", connections, " connections for reading the database were in use for ",
                   absl::FormatDuration(longest_), "; try again later");
  return limits_ == nullptr ? absl::UnavailableError(what) : absl::ResourceExhaustedError(what);
}

}  // namespace camnode
