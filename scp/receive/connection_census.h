// Counts open connections, so that no address takes the whole pool, and makes
// those leave that say nothing when the pool is nearly full, or when another of
// their address wants in: behind one address (NAT) may be many machines.

#ifndef CAMNODE_SCP_RECEIVE_CONNECTION_CENSUS_H_
#define CAMNODE_SCP_RECEIVE_CONNECTION_CENSUS_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <string>

#include "absl/time/time.h"
#include "core/base/mutex.h"
#include "core/base/stopwatch.h"

namespace camnode {

enum class CensusVerdict {
  kWelcome,
  kBusy,   // Over the limit: tell it so, politely.
  kClose,  // Far over it: do not even listen.
};

// Thread-safe.
class ConnectionCensus {
 public:
  // Connections of an address beyond the limit that still get an answer.
  static constexpr int kPoliteRefusals = 2;
  // Connections at one time from all addresses that no configured peer has.
  static constexpr int kMaxStrangers = 4;

  // A connection is left so long to say whom it is from before another of its address may take
  // its place: a burst from one machine is refused politely instead of broken off.
  static constexpr absl::Duration kMinSilence = absl::Milliseconds(250);

  // `max_connections`: more than these, and the oldest that is not at work must
  // leave.  The pool has a few threads more, so that one always accepts.
  ConnectionCensus(int max_per_address, int max_connections)
      : max_per_address_(max_per_address), max_connections_(max_connections) {}

  struct Entry {
    CensusVerdict verdict = CensusVerdict::kClose;
    int64_t ticket = 0;  // Unless kClose.
  };

  // Unless kClose, the connection counts until Leave, and `socket` stays open until
  // then.  It is not at work yet: it may be made to leave, by a shutdown(2) of its
  // socket after `*made_to_leave` was set, which lives as long.
  Entry Enter(const std::string& address, bool known, int socket, std::atomic<bool>* made_to_leave);
  // Whether the connection serves an association, and so may stay.
  void SetAtWork(int64_t ticket, bool at_work);
  void Leave(int64_t ticket);

 private:
  struct Connection {
    std::string address;
    bool known = false;
    int socket = -1;
    bool at_work = false;
    std::atomic<bool>* made_to_leave = nullptr;
    Stopwatch age;
  };

  // Makes the oldest one leave that is not at work.
  void MakeRoom() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Makes the silent ones of `address` leave, oldest first, until one more is within its limit.
  void MakeRoomWithin(const std::string& address) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // False if it may stay: it is at work, or leaves already.
  bool MakeLeave(Connection& connection) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  int CountOf(const std::string& address) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Uncount(const Connection& connection) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const int max_per_address_;
  const int max_connections_;
  Mutex mutex_;
  int64_t next_ticket_ ABSL_GUARDED_BY(mutex_) = 1;
  std::map<int64_t, Connection> connections_ ABSL_GUARDED_BY(mutex_);  // Oldest first.
  // Without those that were made to leave.
  std::map<std::string, int> by_address_ ABSL_GUARDED_BY(mutex_);
  int strangers_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace camnode

#endif  // CAMNODE_SCP_RECEIVE_CONNECTION_CENSUS_H_
