#include "services/node/open_store.h"

#include <unistd.h>

#include <array>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "core/base/clock.h"
#include "core/base/status_macros.h"
#include "core/base/stopwatch.h"
#include "core/storage/blobs/blob_layout.h"
#include "core/storage/node_record.h"

namespace camnode {
namespace {

// A server needs a moment to see that a killed node's session has ended.
constexpr absl::Duration kLockPatience = absl::Seconds(3);
// The check of the database holds up the start for so long, and goes on beside the work.
constexpr absl::Duration kCheckPatience = absl::Seconds(1);

// What both ways of opening begin with.  Destroyed in reverse order.
struct HeldDatabase {
  DataDirectory directory;
  std::string node_id;
  std::unique_ptr<NodeLock> lock;
  OpenedDatabase opened;
  bool checked = false;
};

// Damage that shows at once is found before anything is written.  False: there was no time to
// read all of it.
absl::StatusOr<bool> CheckForAMoment(const std::string& uri) {
  const Deadline patience(kCheckPatience);
  const absl::Status checked = CheckDatabase(uri, [&patience] { return patience.Expired(); });
  if (absl::IsCancelled(checked)) return false;
  CAMNODE_RETURN_IF_ERROR(Annotate(checked, "database_uri"));
  return true;
}

std::string HostName() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "unknown";
  return name.data();
}

// In the words of the row that the other has written, if it can be read.
absl::Status AnotherNode(const Config& config, const DataDirectory& directory) {
  absl::optional<NodeRecord> other;
  const absl::StatusOr<OpenedDatabase> opened = OpenDatabase(config.database_uri, directory.path());
  if (opened.ok()) {
    absl::StatusOr<absl::optional<NodeRecord>> read = ReadNodeRecord(*opened->database);
    if (read.ok()) other = *std::move(read);
  }
  return absl::FailedPreconditionError(absl::StrCat(
      "the database ", DatabaseName(config.database_uri), " is in use by ",
      other.has_value() ? DescribeNode(*other) : "another camnode",
      ": one node at a time may use a database.  Stop that one, or give this one a database_uri "
      "of its own"));
}

absl::StatusOr<HeldDatabase> Hold(const Config& config) {
  CAMNODE_ASSIGN_OR_RETURN(DataDirectory directory, DataDirectory::Open(config.data_directory));
  CAMNODE_ASSIGN_OR_RETURN(std::string node_id, directory.NodeId());
  CAMNODE_ASSIGN_OR_RETURN(const bool checked, CheckForAMoment(config.database_uri));
  absl::StatusOr<std::unique_ptr<NodeLock>> lock =
      NodeLock::Take(config.database_uri, kLockPatience);
  if (absl::IsAlreadyExists(lock.status())) return AnotherNode(config, directory);
  if (!lock.ok()) return Annotate(lock.status(), "database_uri");
  absl::StatusOr<OpenedDatabase> opened = OpenDatabase(config.database_uri, directory.path());
  if (!opened.ok()) return Annotate(opened.status(), "database_uri");
  return HeldDatabase{std::move(directory), std::move(node_id), *std::move(lock),
                      *std::move(opened), checked};
}

}  // namespace

absl::StatusOr<OpenedStore> OpenStore(const Config& config) {
  const std::string name = DatabaseName(config.database_uri);
  if (IsNewDatabase(config.database_uri)) {
    // Before opening makes the file.
    CAMNODE_RETURN_IF_ERROR(CheckNewDatabase(name, BlobDirectory(config.data_directory)));
  }
  CAMNODE_ASSIGN_OR_RETURN(HeldDatabase held, Hold(config));
  const std::string blob_directory = BlobDirectory(held.directory.path());
  absl::StatusOr<StoreIdentity> identity = JoinStore(*held.opened.database, name, blob_directory);
  if (!identity.ok()) return Annotate(identity.status(), "database_uri");
  CAMNODE_ASSIGN_OR_RETURN(std::unique_ptr<BlobStore> blobs,
                           BlobStore::OpenOf(identity->store_id, blob_directory));
  CAMNODE_ASSIGN_OR_RETURN(
      std::unique_ptr<EventHistory> history,
      EventHistory::Open(*held.opened.database, held.directory.path() + "/events.told"));
  CAMNODE_RETURN_IF_ERROR(history->Check().status());
  NodeRecord self;
  self.node_id = held.node_id;
  self.host = HostName();
  self.pid = ::getpid();
  self.started_ms = ToUnixMs(SystemClock().Now());
  CAMNODE_RETURN_IF_ERROR(WriteNodeRecord(*held.opened.database, self));
  return OpenedStore{std::move(held.directory), std::move(held.node_id),
                     std::move(held.lock),      std::move(held.opened),
                     *std::move(identity),      std::move(blobs),
                     std::move(history),        held.checked};
}

absl::StatusOr<AdoptedStore> AdoptStoreOf(const Config& config) {
  CAMNODE_ASSIGN_OR_RETURN(const HeldDatabase held, Hold(config));
  return AdoptStore(*held.opened.database, BlobDirectory(held.directory.path()));
}

}  // namespace camnode
