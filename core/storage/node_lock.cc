#include "core/storage/node_lock.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "core/base/status_macros.h"
#include "core/base/stopwatch.h"
#include "core/storage/postgres_node_lock.h"
#include "core/storage/sql/file_lock.h"

namespace camnode {
namespace {

constexpr absl::Duration kPause = absl::Milliseconds(50);

// The kernel keeps it until the process ends: there is nothing to watch.
class FileNodeLock final : public NodeLock {
 public:
  explicit FileNodeLock(FileLock lock) : lock_(std::move(lock)) {}

  void Watch(const std::string&, const std::string&, OnLost) override {}

 private:
  FileLock lock_;
};

absl::StatusOr<std::unique_ptr<NodeLock>> TryFile(const std::string& file) {
  CAMNODE_ASSIGN_OR_RETURN(FileLock lock, FileLock::Open(absl::StrCat(file, ".node-lock")));
  CAMNODE_ASSIGN_OR_RETURN(const bool taken, lock.TryLock());
  if (!taken) return absl::AlreadyExistsError("another camnode holds the database");
  return std::unique_ptr<NodeLock>(std::make_unique<FileNodeLock>(std::move(lock)));
}

absl::StatusOr<std::unique_ptr<NodeLock>> Try(const std::string& uri) {
  absl::string_view file = uri;
  if (absl::ConsumePrefix(&file, "sqlite:") && !file.empty()) return TryFile(std::string(file));
  if (absl::StartsWith(uri, "postgresql://") || absl::StartsWith(uri, "postgres://")) {
    return PostgresNodeLock::Try(uri);
  }
  // Without the text: it may hold a password.
  return absl::InvalidArgumentError("a database is named 'sqlite:FILE' or 'postgresql://...'");
}

}  // namespace

absl::StatusOr<std::unique_ptr<NodeLock>> NodeLock::Take(const std::string& uri,
                                                         absl::Duration patience) {
  const Deadline deadline(patience);
  while (true) {
    absl::StatusOr<std::unique_ptr<NodeLock>> lock = Try(uri);
    if (lock.ok() || !absl::IsAlreadyExists(lock.status()) || deadline.Expired()) return lock;
    absl::SleepFor(kPause);
  }
}

}  // namespace camnode
