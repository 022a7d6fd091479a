#include "core/storage/sql/group_writer.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/base/stopwatch.h"

namespace camnode {
namespace {

// More would keep the first callers waiting and the cross-process lock held.
constexpr size_t kMaxCallsInGroup = 128;
// Of one call, in transactions of its own, after a deadlock.
constexpr int kMaxRunsAlone = 5;

}  // namespace

// Lives on the caller's stack until `done`.
struct GroupWriter::Call {
  explicit Call(absl::FunctionRef<absl::Status(SqlTransaction&)> w) : work(w) {}

  const absl::FunctionRef<absl::Status(SqlTransaction&)> work;
  absl::Status status;  // The writer thread's until `done`.
  bool done = false;    // Under mutex_.
  CondVar finished;
};

GroupWriter::GroupWriter(std::unique_ptr<WriteDriver> driver, absl::Duration patience)
    : driver_(std::move(driver)), patience_(patience) {
  thread_ = std::thread([this] { RunThread(); });
}

GroupWriter::~GroupWriter() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    work_waits_.Signal();
  }
  thread_.join();
}

absl::Status GroupWriter::Write(absl::FunctionRef<absl::Status(SqlTransaction&)> work) {
  Call call(work);
  MutexLock lock(&mutex_);
  waiting_.push_back(&call);
  work_waits_.Signal();
  const Deadline patience_ends(patience_);
  while (!call.done) {
    call.finished.WaitWithTimeout(&mutex_, patience_ends.Remaining());
    if (call.done || !patience_ends.Expired()) continue;
    const auto place = std::find(waiting_.begin(), waiting_.end(), &call);
    if (place != waiting_.end()) {
      waiting_.erase(place);
      ++statistics_.calls;
      return absl::UnavailableError(absl::StrCat("no turn to write to the database within ",
                                                 absl::FormatDuration(patience_),
                                                 ": another program keeps it locked"));
    }
    // Its transaction runs; how that ends must be known.
    while (!call.done) call.finished.Wait(&mutex_);
  }
  return std::move(call.status);
}

GroupWriter::Statistics GroupWriter::statistics() const {
  MutexLock lock(&mutex_);
  Statistics statistics = statistics_;
  statistics.waiting = static_cast<int64_t>(waiting_.size());
  return statistics;
}

void GroupWriter::RunThread() {
  while (true) {
    {
      MutexLock lock(&mutex_);
      while (waiting_.empty() && !stopping_) work_waits_.Wait(&mutex_);
      if (waiting_.empty()) return;
    }
    RunGroup();
  }
}

// The group is taken only once the transaction is open: while we wait for the
// lock of another program, more calls come to share the commit.
void GroupWriter::RunGroup() {
  if (const absl::Status begun = driver_->Begin(); !begun.ok()) {
    while (Call* call = TakeNext()) Finish(*call, begun);
    return;
  }
  std::vector<Call*> kept;
  std::vector<Call*> undone;
  std::vector<Call*> again;
  std::vector<std::string> topics;
  bool lost = false;
  while (!lost && kept.size() + undone.size() + again.size() < kMaxCallsInGroup) {
    Call* call = TakeNext();
    if (call == nullptr) break;
    switch (RunCall(*call, topics)) {
      case Outcome::kKept:
        kept.push_back(call);
        break;
      case Outcome::kUndone:
        undone.push_back(call);
        break;
      case Outcome::kConflict:
        again.push_back(call);
        break;
      case Outcome::kTransactionLost:
        lost = true;
        // A call that was alone in its group would only fail the same way.
        (kept.empty() && again.empty() ? undone : again).push_back(call);
        break;
    }
  }
  if (lost) {
    driver_->Rollback();
    again.insert(again.begin(), kept.begin(), kept.end());
  } else if (kept.empty()) {
    driver_->Rollback();
  } else {
    CommitAndFinish(kept, std::move(topics));
  }
  for (Call* call : undone) Finish(*call, call->status);
  RunAgain(again);
}

void GroupWriter::RunAgain(const std::vector<Call*>& calls) {
  absl::Status broken;  // Once the database cannot be reached, do not try for each.
  for (Call* call : calls) {
    if (broken.ok()) broken = RunAlone(*call);
    if (!broken.ok()) Finish(*call, broken);
  }
}

// Ends the call and returns OK, or the error of Begin, and then the call is not ended.
absl::Status GroupWriter::RunAlone(Call& call) {
  for (int run = 1;; ++run) {
    CAMNODE_RETURN_IF_ERROR(driver_->Begin());
    std::vector<std::string> topics;
    const Outcome outcome = RunCall(call, topics);
    if (outcome == Outcome::kKept) {
      CommitAndFinish({&call}, std::move(topics));
      return absl::OkStatus();
    }
    driver_->Rollback();
    if (outcome == Outcome::kConflict && run < kMaxRunsAlone) continue;
    Finish(call, call.status);
    return absl::OkStatus();
  }
}

GroupWriter::Outcome GroupWriter::RunCall(Call& call, std::vector<std::string>& topics) {
  SqlConnection& connection = driver_->connection();
  connection.TakeConflict();
  ConnectionTransaction transaction(connection, ConnectionTransaction::Access::kWrite);
  call.status = connection.Run("SAVEPOINT call");
  if (call.status.ok()) call.status = call.work(transaction);
  if (call.status.ok()) call.status = connection.Run("RELEASE SAVEPOINT call");
  if (call.status.ok()) {
    topics.insert(topics.end(), transaction.topics().begin(), transaction.topics().end());
    return Outcome::kKept;
  }
  if (!connection.InTransaction() || !connection.Run("ROLLBACK TO SAVEPOINT call").ok() ||
      !connection.Run("RELEASE SAVEPOINT call").ok()) {
    return Outcome::kTransactionLost;
  }
  return connection.TakeConflict() ? Outcome::kConflict : Outcome::kUndone;
}

void GroupWriter::CommitAndFinish(const std::vector<Call*>& calls,
                                  std::vector<std::string> topics) {
  std::sort(topics.begin(), topics.end());
  topics.erase(std::unique(topics.begin(), topics.end()), topics.end());
  const absl::Status committed = driver_->Commit(topics);
  if (committed.ok()) {
    MutexLock lock(&mutex_);
    ++statistics_.commits;
  }
  for (Call* call : calls) Finish(*call, committed);
  if (committed.ok()) driver_->AfterCommit(topics);
}

GroupWriter::Call* GroupWriter::TakeNext() {
  MutexLock lock(&mutex_);
  if (waiting_.empty()) return nullptr;
  Call* call = waiting_.front();
  waiting_.pop_front();
  return call;
}

void GroupWriter::Finish(Call& call, const absl::Status& status) {
  // A message of its own for each caller: a shared one is counted by code that
  // ThreadSanitizer cannot see, and every such test would report a race.
  absl::Status own(status.code(), status.message());
  MutexLock lock(&mutex_);
  ++statistics_.calls;
  call.status = std::move(own);
  call.done = true;
  // Under the lock: once it is free the caller returns and `call` is gone.
  call.finished.Signal();
}

}  // namespace camnode
