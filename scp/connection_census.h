// Counts open connections by address, so that nobody takes the whole pool.

#ifndef CAMNODE_SCP_CONNECTION_CENSUS_H_
#define CAMNODE_SCP_CONNECTION_CENSUS_H_

#include <map>
#include <string>

#include "absl/strings/string_view.h"
#include "core/base/mutex.h"

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

  explicit ConnectionCensus(int max_per_address) : max_per_address_(max_per_address) {}

  // Unless kClose, the connection counts until Leave with the same arguments.
  CensusVerdict Enter(const std::string& address, bool known);
  void Leave(const std::string& address, bool known);

 private:
  const int max_per_address_;
  Mutex mutex_;
  std::map<std::string, int> by_address_ ABSL_GUARDED_BY(mutex_);
  int strangers_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace camnode

#endif  // CAMNODE_SCP_CONNECTION_CENSUS_H_
