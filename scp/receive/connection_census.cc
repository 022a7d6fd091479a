#include "scp/receive/connection_census.h"

#include <sys/socket.h>

namespace camnode {

ConnectionCensus::Entry ConnectionCensus::Enter(const std::string& address, bool known, int socket,
                                                std::atomic<bool>* made_to_leave) {
  MutexLock lock(&mutex_);
  if (!known && strangers_ >= kMaxStrangers) return {};
  MakeRoomWithin(address);
  const int before = CountOf(address);
  if (before >= max_per_address_ + kPoliteRefusals) return {};
  if (static_cast<int>(connections_.size()) >= max_connections_) MakeRoom();
  ++by_address_[address];
  if (!known) ++strangers_;
  const int64_t ticket = next_ticket_++;
  connections_[ticket] = {address, known, socket, /*at_work=*/false, made_to_leave, Stopwatch()};
  return {before < max_per_address_ ? CensusVerdict::kWelcome : CensusVerdict::kBusy, ticket};
}

void ConnectionCensus::MakeRoom() {
  for (auto& [ticket, connection] : connections_) {
    if (MakeLeave(connection)) return;
  }
}

void ConnectionCensus::MakeRoomWithin(const std::string& address) {
  for (auto& [ticket, connection] : connections_) {
    if (CountOf(address) < max_per_address_) return;
    if (connection.address == address && connection.age.Elapsed() >= kMinSilence) {
      MakeLeave(connection);
    }
  }
}

bool ConnectionCensus::MakeLeave(Connection& connection) {
  if (connection.at_work || connection.made_to_leave->exchange(true)) return false;
  Uncount(connection);
  // Wakes the thread that waits for its bytes; that thread closes the socket.
  shutdown(connection.socket, SHUT_RDWR);
  return true;
}

int ConnectionCensus::CountOf(const std::string& address) const {
  const auto found = by_address_.find(address);
  return found == by_address_.end() ? 0 : found->second;
}

void ConnectionCensus::Uncount(const Connection& connection) {
  const auto found = by_address_.find(connection.address);
  if (--found->second == 0) by_address_.erase(found);
}

void ConnectionCensus::SetAtWork(int64_t ticket, bool at_work) {
  MutexLock lock(&mutex_);
  connections_[ticket].at_work = at_work;
}

void ConnectionCensus::Leave(int64_t ticket) {
  MutexLock lock(&mutex_);
  const auto connection = connections_.find(ticket);
  if (connection == connections_.end()) return;
  if (!*connection->second.made_to_leave) Uncount(connection->second);
  if (!connection->second.known) --strangers_;
  connections_.erase(connection);
}

}  // namespace camnode
