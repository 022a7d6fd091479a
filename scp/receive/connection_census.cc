#include "scp/receive/connection_census.h"

#include <sys/socket.h>

namespace camnode {

ConnectionCensus::Entry ConnectionCensus::Enter(const std::string& address, bool known, int socket,
                                                std::atomic<bool>* made_to_leave) {
  MutexLock lock(&mutex_);
  if (!known && strangers_ >= kMaxStrangers) return {};
  const auto found = by_address_.find(address);
  const int before = found == by_address_.end() ? 0 : found->second;
  if (before >= max_per_address_ + kPoliteRefusals) return {};
  if (static_cast<int>(connections_.size()) >= max_connections_) MakeRoom();
  ++by_address_[address];
  if (!known) ++strangers_;
  const int64_t ticket = next_ticket_++;
  connections_[ticket] = {address, known, socket, /*at_work=*/false, made_to_leave};
  return {before < max_per_address_ ? CensusVerdict::kWelcome : CensusVerdict::kBusy, ticket};
}

void ConnectionCensus::MakeRoom() {
  for (auto& [ticket, connection] : connections_) {
    if (connection.at_work || connection.made_to_leave->exchange(true)) continue;
    // Wakes the thread that waits for its bytes; that thread closes the socket.
    shutdown(connection.socket, SHUT_RDWR);
    return;
  }
}

void ConnectionCensus::SetAtWork(int64_t ticket, bool at_work) {
  MutexLock lock(&mutex_);
  connections_[ticket].at_work = at_work;
}

void ConnectionCensus::Leave(int64_t ticket) {
  MutexLock lock(&mutex_);
  const auto connection = connections_.find(ticket);
  if (connection == connections_.end()) return;
  const auto found = by_address_.find(connection->second.address);
  if (--found->second == 0) by_address_.erase(found);
  if (!connection->second.known) --strangers_;
  connections_.erase(connection);
}

}  // namespace camnode
