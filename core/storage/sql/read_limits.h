// How long a read of the database may take, and who may break it off.
//
//   const ScopedReadLimits scope(limits);  // At the top of a call; then, far below,
//   store.List(...);                       // each read of this thread ends with the call.
//
// Limits hang on the thread, as a call's context does elsewhere: one call of gRPC is one
// thread from beginning to end, and the stores between it and the database have no other
// business with its deadline.

#ifndef CAMNODE_CORE_STORAGE_SQL_READ_LIMITS_H_
#define CAMNODE_CORE_STORAGE_SQL_READ_LIMITS_H_

#include <functional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/base/stopwatch.h"

namespace camnode {

struct ReadLimits {
  // Of one read, with its wait for a connection.
  absl::Duration longest_read = absl::Seconds(10);
  // When the call ends.
  Deadline call_ends = Deadline(absl::InfiniteDuration());
  // True once nobody waits for the answer any more; empty: somebody always does.  Asked
  // every few milliseconds by the reading thread.
  std::function<bool()> cancelled;
};

// Used by one thread, which it is destroyed by.  Scopes nest; the innermost counts.
class ScopedReadLimits {
 public:
  explicit ScopedReadLimits(ReadLimits limits);
  ~ScopedReadLimits();
  ScopedReadLimits(const ScopedReadLimits&) = delete;
  ScopedReadLimits& operator=(const ScopedReadLimits&) = delete;

 private:
  friend class ReadWatch;
  const ReadLimits limits_;
  const ScopedReadLimits* const outer_;
};

// One read, from its beginning, by the limits of this thread; by the defaults of
// ReadLimits where nobody set any.
class ReadWatch {
 public:
  ReadWatch();

  // OK as long as the read may go on; otherwise the error that it ends with.  Errors:
  // kCancelled; kDeadlineExceeded, or kUnavailable where nobody set limits: then the
  // database is at fault, and not a caller in a hurry.
  absl::Status Check() const;
  // Zero once it may not.
  absl::Duration Remaining() const { return ends_.Remaining(); }
  // The error of a read that found no connection free of `connections`.
  absl::Status NoConnection(int connections) const;

 private:
  const ReadLimits* const limits_;  // nullptr: nobody set any.
  const absl::Duration longest_;
  const Deadline ends_;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_STORAGE_SQL_READ_LIMITS_H_
