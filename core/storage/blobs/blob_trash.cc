#include "core/storage/blobs/blob_trash.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/storage/blobs/blob_layout.h"

namespace camnode {
namespace {

// The days of which there is a folder, oldest first; none if there is no trash yet.
absl::StatusOr<std::vector<std::string>> DaysIn(const std::string& trash) {
  absl::StatusOr<std::vector<std::string>> names = ListFolder(trash);
  if (absl::IsNotFound(names.status())) return std::vector<std::string>();
  if (!names.ok()) return names.status();
  names->erase(
      std::remove_if(names->begin(), names->end(), [](const auto& n) { return !IsTrashDate(n); }),
      names->end());
  std::sort(names->begin(), names->end());
  return names;
}

}  // namespace

std::string BlobTrash::PathOf(const TrashedBlob& blob) const {
  return absl::StrCat(TrashFolder(directory_), "/", blob.date, "/", blob.id);
}

absl::StatusOr<bool> BlobTrash::SetAside(absl::string_view id, absl::Time now) {
  const TrashedBlob blob = {std::string(id), TrashDate(now)};
  const std::string from = BlobPath(directory_, id);
  const std::string to = PathOf(blob);
  if (calls_.RenameNoReplace(from.c_str(), to.c_str()) == 0) return true;
  if (errno == ENOENT) {  // The first of its day, or the blob is gone.
    CAMNODE_RETURN_IF_ERROR(CreateDirectoryDurably(DirectoryOf(to), calls_));
    if (calls_.RenameNoReplace(from.c_str(), to.c_str()) == 0) return true;
    if (errno == ENOENT) return false;
  }
  return StatusOfErrno(errno, absl::StrCat("cannot move ", from, " to ", to));
}

absl::Status BlobTrash::Restore(absl::string_view id) {
  const std::string to = BlobPath(directory_, id);
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<std::string> days, DaysIn(TrashFolder(directory_)));
  for (const std::string& day : days) {
    const std::string from = PathOf({std::string(id), day});
    if (calls_.RenameNoReplace(from.c_str(), to.c_str()) == 0 || errno == EEXIST) {
      return SyncDirectory(DirectoryOf(to), calls_);
    }
    if (errno != ENOENT) return StatusOfErrno(errno, absl::StrCat("cannot move ", from, " back"));
  }
  // Another program may have been quicker.
  if (::access(to.c_str(), F_OK) == 0) return SyncDirectory(DirectoryOf(to), calls_);
  return absl::NotFoundError(absl::StrCat("cannot find ", to, ", nor in the trash"));
}

absl::StatusOr<std::vector<TrashedBlob>> BlobTrash::List() const {
  std::vector<TrashedBlob> blobs;
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<std::string> days, DaysIn(TrashFolder(directory_)));
  for (const std::string& day : days) {
    CAMNODE_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                             ListFolder(absl::StrCat(TrashFolder(directory_), "/", day)));
    for (const std::string& name : names) {
      if (IsBlobId(name)) blobs.push_back({name, day});
    }
  }
  return blobs;
}

absl::Status BlobTrash::Delete(const TrashedBlob& blob) {
  const std::string path = PathOf(blob);
  if (calls_.Unlink(path.c_str()) == 0 || errno == ENOENT) return absl::OkStatus();
  return StatusOfErrno(errno, absl::StrCat("cannot remove ", path));
}

void BlobTrash::RemoveEmptyDay(const std::string& date) {
  ::rmdir(absl::StrCat(TrashFolder(directory_), "/", date).c_str());
}

}  // namespace camnode
