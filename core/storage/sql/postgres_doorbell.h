// The doorbell between programs on many machines: PostgreSQL's NOTIFY.

#ifndef CAMNODE_CORE_STORAGE_SQL_POSTGRES_DOORBELL_H_
#define CAMNODE_CORE_STORAGE_SQL_POSTGRES_DOORBELL_H_

#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/base/mutex.h"
#include "core/base/unique_descriptor.h"
#include "core/storage/sql/doorbell.h"
#include "core/storage/sql/local_doorbell.h"
#include "core/storage/sql/sql_connection.h"

namespace camnode {

class PostgresConnection;

// Rings `topics` in every program once the transaction commits.
absl::Status Notify(SqlConnection& connection, const std::vector<std::string>& topics);

// Thread-safe.  A dedicated connection listens.  While it is lost nothing rings;
// once it is back everything does, because something may have been missed.
class PostgresDoorbell final : public Doorbell {
 public:
  // Errors: kUnavailable if the server does not answer.
  static absl::StatusOr<std::unique_ptr<PostgresDoorbell>> Open(const std::string& uri);
  ~PostgresDoorbell() override;

  // Waiters of this program at once, others when the listening thread gets to it.
  void Ring(absl::string_view topic) override;
  bool Wait(absl::string_view topic, absl::Duration timeout) override {
    return local_.Wait(topic, timeout);
  }
  void Stop() override { local_.Stop(); }

 private:
  PostgresDoorbell(std::string uri, std::unique_ptr<PostgresConnection> connection,
                   UniqueDescriptor wake);
  void Listen();
  // False when the object is being destroyed.
  bool WaitForNews(int timeout_ms);
  void Reconnect();
  // kCancelled once the object is being destroyed: whatever server holds us up.
  absl::Status CheckEnding();
  void ReceiveAll();
  void SendPending();

  const std::string uri_;
  const UniqueDescriptor wake_;  // Written when there is something to send or to end.
  LocalDoorbell local_;

  Mutex mutex_;
  std::set<std::string> pending_ ABSL_GUARDED_BY(mutex_);
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;

  // The listening thread's own.  Null while the connection is lost.
  std::unique_ptr<PostgresConnection> connection_;

  std::thread listener_;  // Last: it uses everything above.
};

}  // namespace camnode

#endif  // CAMNODE_CORE_STORAGE_SQL_POSTGRES_DOORBELL_H_
