// One thread that writes, and lets calls that wait at the same time share one
// commit and its one sync.
//
// A group runs like this; a call is one Write:
//
//   Begin                        lock, open the transaction
//     SAVEPOINT  work  RELEASE   call 1
//     SAVEPOINT  work  ROLLBACK  call 2, which failed: undone, reported to it alone
//     SAVEPOINT  work  RELEASE   call 3, which came while 1 was running
//   Commit                       one sync; 1 and 3 return together
//   AfterCommit                  doorbells, upkeep: nobody waits for it
//
// A commit that fails is reported to every call of its group.  If the transaction
// itself breaks before the commit (a full disk, a lost connection), or a call met
// a deadlock, the calls concerned run once more, each in a transaction of its own,
// so that one cannot spoil the others.

#ifndef CAMNODE_CORE_STORAGE_SQL_GROUP_WRITER_H_
#define CAMNODE_CORE_STORAGE_SQL_GROUP_WRITER_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/base/mutex.h"
#include "core/storage/sql/sql_connection.h"
#include "core/storage/sql/sql_database.h"

namespace camnode {

// How one kind of database opens and closes a write transaction.  Called by the
// writer's thread only.
class WriteDriver {
 public:
  virtual ~WriteDriver() = default;

  // Waits for its turn and opens the transaction.  On error nothing is held.
  virtual absl::Status Begin() = 0;
  // REQUIRES: Begin succeeded, as for Commit and Rollback.
  virtual SqlConnection& connection() = 0;
  // On return the transaction has ended either way.  `topics`: without repeats;
  // to be rung if, and only if, the commit succeeds, by it or by AfterCommit.
  virtual absl::Status Commit(const std::vector<std::string>& topics) = 0;
  // After a Commit that succeeded, with the same topics, once its callers have their
  // answer: rings what Commit did not, and whatever else can wait.
  virtual void AfterCommit(const std::vector<std::string>&) {}
  virtual void Rollback() = 0;
};

// Thread-safe.
class GroupWriter {
 public:
  struct Statistics {
    int64_t calls = 0;    // Writes that have ended, well or not.
    int64_t commits = 0;  // Transactions committed for them.
    int64_t waiting = 0;  // Calls waiting for their group now.
  };

  // A call whose transaction has not begun after `patience` is given up: another
  // program keeps the database locked.
  explicit GroupWriter(std::unique_ptr<WriteDriver> driver,
                       absl::Duration patience = absl::Seconds(10));
  // REQUIRES: no call of Write is running.
  ~GroupWriter();

  // See SqlDatabase::Write.  Must not be called by `work`, which would wait for
  // itself.  kUnavailable also if its turn does not come within `patience` (a program
  // that was stopped holds the lock): then `work` has not run and never will.
  absl::Status Write(absl::FunctionRef<absl::Status(SqlTransaction&)> work);

  Statistics statistics() const;

 private:
  struct Call;
  enum class Outcome { kKept, kUndone, kConflict, kTransactionLost };

  void RunThread();
  void RunGroup();
  absl::Status RunAlone(Call& call);
  Outcome RunCall(Call& call, std::vector<std::string>& topics);
  void CommitAndFinish(const std::vector<Call*>& calls, std::vector<std::string> topics);
  void RunAgain(const std::vector<Call*>& calls);
  // The next waiting call, or nullptr.
  Call* TakeNext();
  void Finish(Call& call, const absl::Status& status);

  // The writer thread's own.
  const std::unique_ptr<WriteDriver> driver_;
  const absl::Duration patience_;

  mutable Mutex mutex_;
  CondVar work_waits_;
  std::deque<Call*> waiting_ ABSL_GUARDED_BY(mutex_);
  Statistics statistics_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;

  std::thread thread_;  // Last: it uses everything above.
};

}  // namespace camnode

#endif  // CAMNODE_CORE_STORAGE_SQL_GROUP_WRITER_H_
