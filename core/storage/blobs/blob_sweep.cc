#include "core/storage/blobs/blob_sweep.h"

#include <algorithm>
#include <cstddef>
#include <iterator>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/storage/blobs/blob_layout.h"
#include "core/storage/blobs/blob_trash.h"

namespace camnode {
namespace {

// Larger: fewer questions, each of them longer.
constexpr size_t kIdsPerQuestion = 1000;
// Bounds the memory of a run; what is beyond it is the next run's.
constexpr size_t kMaxSetAside = 100'000;

using Ids = std::vector<std::string>;

absl::StatusOr<Ids> UnnamedAmong(const Ids& ids, NamedAmong named) {
  if (ids.empty()) return Ids();
  CAMNODE_ASSIGN_OR_RETURN(const std::set<std::string> those, named(ids));
  Ids unnamed;
  std::copy_if(ids.begin(), ids.end(), std::back_inserter(unnamed),
               [&](const std::string& id) { return those.count(id) == 0; });
  return unnamed;
}

// `items` in pieces of at most kIdsPerQuestion; stops at the first error.
template <typename Item, typename Function>
absl::Status InPieces(const std::vector<Item>& items, Function function) {
  for (size_t begin = 0; begin < items.size(); begin += kIdsPerQuestion) {
    const size_t end = std::min(items.size(), begin + kIdsPerQuestion);
    CAMNODE_RETURN_IF_ERROR(
        function(std::vector<Item>(items.begin() + static_cast<std::ptrdiff_t>(begin),
                                   items.begin() + static_cast<std::ptrdiff_t>(end))));
  }
  return absl::OkStatus();
}

class Sweep {
 public:
  Sweep(BlobStore& blobs, NamedAmong named, const SweepOptions& options, absl::Time now)
      : blobs_(blobs), named_(named), options_(options), now_(now) {}

  absl::StatusOr<SweepReport> Run() {
    CAMNODE_RETURN_IF_ERROR(blobs_.CheckIdentity());
    CAMNODE_RETURN_IF_ERROR(RestoreWhatIsNamed());
    CAMNODE_ASSIGN_OR_RETURN(const Ids unnamed,
                             FindUnnamedBlobs(blobs_, named_, now_ - options_.min_age, kMaxSetAside,
                                              &report_.blobs, &report_.unnamed));
    const int64_t limit = std::max<int64_t>(options_.max_files, report_.blobs / 100);
    report_.refused = report_.unnamed > limit;
    if (!report_.refused) {
      CAMNODE_RETURN_IF_ERROR(InPieces(unnamed, [this](const Ids& ids) { return SetAside(ids); }));
      CAMNODE_RETURN_IF_ERROR(DeleteOldestDay());
    }
    CAMNODE_ASSIGN_OR_RETURN(const std::vector<TrashedBlob> trash, blobs_.trash().List());
    report_.in_trash = static_cast<int64_t>(trash.size());
    return report_;
  }

 private:
  // A commit may have named a blob while it was set aside, or a better database may be here.
  absl::Status RestoreWhatIsNamed() {
    CAMNODE_ASSIGN_OR_RETURN(const std::vector<TrashedBlob> trash, blobs_.trash().List());
    Ids ids;
    for (const TrashedBlob& blob : trash) ids.push_back(blob.id);
    return InPieces(ids, [this](const Ids& some) -> absl::Status {
      CAMNODE_ASSIGN_OR_RETURN(const std::set<std::string> those, named_(some));
      for (const std::string& id : those) CAMNODE_RETURN_IF_ERROR(Restore(id));
      return absl::OkStatus();
    });
  }

  absl::Status Restore(const std::string& id) {
    CAMNODE_RETURN_IF_ERROR(blobs_.trash().Restore(id));
    ++report_.restored;
    return absl::OkStatus();
  }

  // Asked again right before and right after: minutes may have passed since the first time.
  absl::Status SetAside(const Ids& ids) {
    CAMNODE_ASSIGN_OR_RETURN(const Ids unnamed, UnnamedAmong(ids, named_));
    Ids moved;
    for (const std::string& id : unnamed) {
      CAMNODE_ASSIGN_OR_RETURN(const bool was_there, blobs_.trash().SetAside(id, now_));
      if (was_there) moved.push_back(id);
    }
    report_.set_aside += static_cast<int64_t>(moved.size());
    if (moved.empty()) return absl::OkStatus();
    CAMNODE_ASSIGN_OR_RETURN(const std::set<std::string> those, named_(moved));
    for (const std::string& id : those) CAMNODE_RETURN_IF_ERROR(Restore(id));
    return absl::OkStatus();
  }

  absl::Status DeleteOldestDay() {
    CAMNODE_ASSIGN_OR_RETURN(std::vector<TrashedBlob> trash, blobs_.trash().List());
    if (trash.empty()) return absl::OkStatus();
    const std::string oldest = trash.front().date;
    if (oldest > TrashDate(now_ - absl::Hours(24) * options_.trash_days)) return absl::OkStatus();
    trash.erase(std::find_if(trash.begin(), trash.end(),
                             [&](const TrashedBlob& blob) { return blob.date != oldest; }),
                trash.end());
    CAMNODE_RETURN_IF_ERROR(InPieces(
        trash, [this](const std::vector<TrashedBlob>& some) { return DeleteUnnamed(some); }));
    blobs_.trash().RemoveEmptyDay(oldest);
    return absl::OkStatus();
  }

  absl::Status DeleteUnnamed(const std::vector<TrashedBlob>& some) {
    Ids ids;
    for (const TrashedBlob& blob : some) ids.push_back(blob.id);
    CAMNODE_ASSIGN_OR_RETURN(const std::set<std::string> those, named_(ids));
    for (const TrashedBlob& blob : some) {
      if (those.count(blob.id) > 0) {
        CAMNODE_RETURN_IF_ERROR(Restore(blob.id));
        continue;
      }
      CAMNODE_RETURN_IF_ERROR(blobs_.trash().Delete(blob));
      ++report_.deleted;
    }
    return absl::OkStatus();
  }

  BlobStore& blobs_;
  const NamedAmong named_;
  const SweepOptions options_;
  const absl::Time now_;
  SweepReport report_;
};

}  // namespace

absl::StatusOr<Ids> FindUnnamedBlobs(const BlobStore& blobs, NamedAmong named,
                                     absl::Time older_than, size_t max, int64_t* total,
                                     int64_t* unnamed) {
  Ids found;
  Ids asked;
  int64_t looked_at = 0;
  int64_t count = 0;
  const auto ask = [&]() -> absl::Status {
    CAMNODE_ASSIGN_OR_RETURN(const Ids those, UnnamedAmong(asked, named));
    asked.clear();
    count += static_cast<int64_t>(those.size());
    const size_t room = max - found.size();
    found.insert(found.end(), those.begin(),
                 those.begin() + static_cast<std::ptrdiff_t>(std::min(room, those.size())));
    return absl::OkStatus();
  };
  for (const std::string& fan_out : FanOutNames()) {
    CAMNODE_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                             ListFolder(absl::StrCat(blobs.directory(), "/", fan_out)));
    for (const std::string& name : names) {
      if (!IsBlobId(name)) continue;  // Anything else is not ours to judge.
      ++looked_at;
      if (!IsOlderThan(BlobPath(blobs.directory(), name), older_than)) continue;
      asked.push_back(name);
      if (asked.size() == kIdsPerQuestion) CAMNODE_RETURN_IF_ERROR(ask());
    }
  }
  CAMNODE_RETURN_IF_ERROR(ask());
  if (total != nullptr) *total = looked_at;
  if (unnamed != nullptr) *unnamed = count;
  return found;
}

absl::StatusOr<SweepReport> SweepBlobs(BlobStore& blobs, NamedAmong named,
                                       const SweepOptions& options, const Clock& clock) {
  return Sweep(blobs, named, options, clock.Now()).Run();
}

}  // namespace camnode
