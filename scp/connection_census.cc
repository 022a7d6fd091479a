#include "scp/connection_census.h"

namespace camnode {

CensusVerdict ConnectionCensus::Enter(const std::string& address, bool known) {
  MutexLock lock(&mutex_);
  if (!known && strangers_ >= kMaxStrangers) return CensusVerdict::kClose;
  const auto found = by_address_.find(address);
  const int before = found == by_address_.end() ? 0 : found->second;
  if (before >= max_per_address_ + kPoliteRefusals) return CensusVerdict::kClose;
  ++by_address_[address];
  if (!known) ++strangers_;
  return before < max_per_address_ ? CensusVerdict::kWelcome : CensusVerdict::kBusy;
}

void ConnectionCensus::Leave(const std::string& address, bool known) {
  MutexLock lock(&mutex_);
  const auto found = by_address_.find(address);
  if (--found->second == 0) by_address_.erase(found);
  if (!known) --strangers_;
}

}  // namespace camnode
