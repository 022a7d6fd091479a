#include "core/storage/sql/sqlite_database.h"

#include <sys/stat.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "core/base/crash_point.h"
#include "core/base/durable_file.h"
#include "core/base/status_macros.h"
#include "core/base/stopwatch.h"
#include "core/storage/sql/file_lock.h"
#include "core/storage/sql/sql_connection.h"
#include "core/storage/sql/sqlite_connection.h"

namespace camnode {
namespace {

constexpr int kMaxReadConnections = 8;
// Of 4 KiB.  Fewer: the same pages are copied from the log into the database more
// often.  More: a larger log, and a longer pause while it is copied.
constexpr int kCheckpointPages = 4000;
// A log of so many pages has readers that overlap: they are kept out for the moment that
// the last of them needs to end, or, of so many more, told to end.
constexpr int kGatePages = 2 * kCheckpointPages;
constexpr int kHurryPages = 8 * kCheckpointPages;
constexpr int kRetryPages = kCheckpointPages / 4;
constexpr absl::Duration kGatePatience = absl::Milliseconds(100);
constexpr absl::Duration kHurryPatience = absl::Milliseconds(500);
// Between two looks at whether the planner's statistics are out of date.
constexpr absl::Duration kOptimizeInterval = absl::Hours(24);

class SqliteWriteDriver final : public WriteDriver {
 public:
  SqliteWriteDriver(std::unique_ptr<SqliteConnection> connection, FileLock lock,
                    std::shared_ptr<ReadGate> gate, Doorbell& doorbell)
      : connection_(std::move(connection)),
        lock_(std::move(lock)),
        gate_(std::move(gate)),
        doorbell_(doorbell) {}

  ~SqliteWriteDriver() override { Optimize(); }

  absl::Status Begin() override {
    CAMNODE_RETURN_IF_ERROR(lock_.Lock());
    absl::Status status = connection_->Run("BEGIN IMMEDIATE");
    if (!status.ok()) lock_.Unlock();
    return status;
  }

  SqlConnection& connection() override { return *connection_; }

  absl::Status Commit(const std::vector<std::string>&) override {
    absl::Status status = connection_->Run("COMMIT");
    if (!status.ok() && connection_->InTransaction()) {
      connection_->Run("ROLLBACK").IgnoreError();
    }
    lock_.Unlock();
    return status;
  }

  void AfterCommit(const std::vector<std::string>& topics) override {
    if (!topics.empty()) CrashPoint("before_doorbell_ring");
    for (const std::string& topic : topics) doorbell_.Ring(topic);
    CopyLog(connection_->log_pages());
    if (optimize_next_.Expired()) Optimize();
  }

  void Rollback() override {
    if (connection_->InTransaction()) connection_->Run("ROLLBACK").IgnoreError();
    lock_.Unlock();
  }

 private:
  // Whoever commits next writes the log from its start if all of it was copied and nobody
  // reads in it.
  void CopyLog(int pages) {
    if (pages < kCheckpointPages) next_copy_pages_ = kCheckpointPages;
    if (pages < next_copy_pages_) return;
    // If that fails, not at once again: each try costs two syncs, and readers a pause.
    next_copy_pages_ = pages + kRetryPages;
    const bool hurry = pages >= kHurryPages;
    const bool alone =
        pages >= kGatePages && gate_->Close(hurry ? kHurryPatience : kGatePatience, hurry);
    connection_->Checkpoint();
    if (alone) gate_->Open();
  }

  // Statistics for the planner where they are missing or much out of date; of samples, so
  // that it takes milliseconds.  Plans do not need them: see the plan test.
  void Optimize() {
    optimize_next_ = Deadline(kOptimizeInterval);
    if (!lock_.TryLock().value_or(false)) return;
    connection_->Query("PRAGMA optimize", {}).status().IgnoreError();
    lock_.Unlock();
  }

  std::unique_ptr<SqliteConnection> connection_;
  FileLock lock_;
  const std::shared_ptr<ReadGate> gate_;
  int next_copy_pages_ = kCheckpointPages;
  Doorbell& doorbell_;
  Deadline optimize_next_{kOptimizeInterval};
};

absl::StatusOr<std::unique_ptr<SqlConnection>> OpenReader(const std::string& file) {
  CAMNODE_ASSIGN_OR_RETURN(std::unique_ptr<SqliteConnection> reader, SqliteConnection::Open(file));
  CAMNODE_RETURN_IF_ERROR(reader->MakeReader());
  return std::unique_ptr<SqlConnection>(std::move(reader));
}

// The rows name patients' studies: nobody else is to read them, whatever the umask.
// SQLite gives the files it makes later the mode of the database.
absl::Status MakePrivate(const std::string& file) {
  for (const char* suffix : {"", "-wal", "-shm"}) {
    const std::string path = file + suffix;
    if (chmod(path.c_str(), S_IRUSR | S_IWUSR) != 0 && errno != ENOENT) {
      return StatusOfErrno(errno, path);
    }
  }
  return absl::OkStatus();
}

// Under the lock: setting the journal mode needs the file alone.
absl::StatusOr<std::unique_ptr<SqliteConnection>> OpenWriter(const std::string& file,
                                                             FileLock& lock) {
  CAMNODE_RETURN_IF_ERROR(lock.Lock());
  absl::StatusOr<std::unique_ptr<SqliteConnection>> writer = SqliteConnection::Open(file);
  absl::Status status = writer.status();
  if (status.ok()) status = Annotate((*writer)->SetWalMode(), file);
  if (status.ok()) (*writer)->CheckpointOnlyWhenTold();
  if (status.ok()) status = MakePrivate(file);
  lock.Unlock();
  if (!status.ok()) return status;
  return writer;
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteDatabase>> SqliteDatabase::Open(const std::string& file,
                                                                     const std::string& lock_file,
                                                                     Doorbell& doorbell) {
  CAMNODE_ASSIGN_OR_RETURN(FileLock lock, FileLock::Open(lock_file));
  CAMNODE_ASSIGN_OR_RETURN(std::unique_ptr<SqliteConnection> writer, OpenWriter(file, lock));
  auto gate = std::make_shared<ReadGate>();
  auto driver =
      std::make_unique<SqliteWriteDriver>(std::move(writer), std::move(lock), gate, doorbell);
  return std::unique_ptr<SqliteDatabase>(new SqliteDatabase(file, gate, std::move(driver)));
}

SqliteDatabase::SqliteDatabase(const std::string& file, std::shared_ptr<ReadGate> gate,
                               std::unique_ptr<WriteDriver> driver)
    : file_(file),
      gate_(std::move(gate)),
      readers_(NewReadPool(kMaxReadConnections)),
      writer_(std::move(driver)) {}

std::unique_ptr<ReadPool> SqliteDatabase::NewReadPool(int max_connections) const {
  return std::make_unique<ReadPool>([file = file_] { return OpenReader(file); }, "BEGIN",
                                    max_connections, gate_);
}

}  // namespace camnode
