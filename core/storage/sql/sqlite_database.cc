#include "core/storage/sql/sqlite_database.h"

#include <sys/stat.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "core/base/crash_point.h"
#include "core/base/durable_file.h"
#include "core/base/status_macros.h"
#include "core/storage/sql/file_lock.h"
#include "core/storage/sql/sql_connection.h"
#include "core/storage/sql/sqlite_connection.h"

namespace camnode {
namespace {

constexpr int kMaxReadConnections = 8;
// Of 4 KiB.  Fewer: the same pages are copied from the log into the database more
// often.  More: a larger log, and a longer pause while it is copied.
constexpr int kCheckpointPages = 4000;

class SqliteWriteDriver final : public WriteDriver {
 public:
  SqliteWriteDriver(std::unique_ptr<SqliteConnection> connection, FileLock lock, Doorbell& doorbell)
      : connection_(std::move(connection)), lock_(std::move(lock)), doorbell_(doorbell) {}

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
    if (connection_->log_pages() >= kCheckpointPages) connection_->Checkpoint();
  }

  void Rollback() override {
    if (connection_->InTransaction()) connection_->Run("ROLLBACK").IgnoreError();
    lock_.Unlock();
  }

 private:
  std::unique_ptr<SqliteConnection> connection_;
  FileLock lock_;
  Doorbell& doorbell_;
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
  return std::unique_ptr<SqliteDatabase>(new SqliteDatabase(
      file, std::make_unique<SqliteWriteDriver>(std::move(writer), std::move(lock), doorbell)));
}

SqliteDatabase::SqliteDatabase(const std::string& file, std::unique_ptr<WriteDriver> driver)
    : readers_([file] { return OpenReader(file); }, "BEGIN", kMaxReadConnections),
      writer_(std::move(driver)) {}

}  // namespace camnode
