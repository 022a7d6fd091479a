#include "core/storage/blobs/store_id_file.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "core/base/files.h"
#include "core/base/random_id.h"
#include "core/base/status_macros.h"
#include "core/storage/blobs/blob_layout.h"

namespace camnode {
namespace {

constexpr size_t kIdDigits = 32;
constexpr int64_t kMaxFileBytes = 1024;
constexpr absl::string_view kFirstWord = "camnode-store ";

std::string FileIn(const std::string& directory) { return absl::StrCat(directory, "/store.id"); }

absl::StatusOr<bool> HasBlob(const std::string& folder) {
  const absl::StatusOr<std::vector<std::string>> names = ListFolder(folder);
  if (absl::IsNotFound(names.status())) return false;
  if (!names.ok()) return names.status();
  return std::any_of(names->begin(), names->end(), IsBlobId);
}

}  // namespace

absl::StatusOr<std::string> NewStoreId() { return RandomHexDigits(kIdDigits); }

absl::StatusOr<absl::optional<std::string>> ReadStoreIdFile(const std::string& directory) {
  const std::string file = FileIn(directory);
  const absl::StatusOr<std::string> read =
      ReadFile(file, kMaxFileBytes, absl::StatusCode::kFailedPrecondition);
  if (absl::IsNotFound(read.status())) return absl::optional<std::string>();
  if (!read.ok()) return read.status();
  absl::string_view id = absl::StripSuffix(*read, "\n");
  if (!absl::ConsumePrefix(&id, kFirstWord) || !IsHexDigits(id, kIdDigits)) {
    return absl::FailedPreconditionError(
        absl::StrCat(file, " is not a file of camnode; expected one line \"", kFirstWord,
                     "\" and 32 hexadecimal digits: put it back from a backup"));
  }
  return absl::optional<std::string>(std::string(id));
}

absl::Status WriteStoreIdFile(const std::string& directory, absl::string_view store_id,
                              FileSystemCalls& calls) {
  RemoveLeftParts(FileIn(directory));
  return ReplaceFileDurably(FileIn(directory), absl::StrCat(kFirstWord, store_id, "\n"),
                            FileAccess::kOwnerOnly, calls);
}

absl::Status CheckStoreIdFile(const std::string& directory, absl::string_view store_id) {
  CAMNODE_ASSIGN_OR_RETURN(const absl::optional<std::string> found, ReadStoreIdFile(directory));
  if (found == store_id) return absl::OkStatus();
  if (found.has_value()) {
    return absl::UnavailableError(absl::StrCat("the blob directory ", directory, " is of store ",
                                               *found, ", the database of store ", store_id,
                                               ": the wrong volume is mounted there"));
  }
  return absl::UnavailableError(absl::StrCat("the blob directory ", directory,
                                             " has no store.id and should be that of store ",
                                             store_id, ": is its volume mounted?"));
}

absl::StatusOr<bool> HoldsBlobs(const std::string& directory) {
  for (const std::string& name : FanOutNames()) {
    CAMNODE_ASSIGN_OR_RETURN(const bool has, HasBlob(absl::StrCat(directory, "/", name)));
    if (has) return true;
  }
  const std::string trash = TrashFolder(directory);
  const absl::StatusOr<std::vector<std::string>> dates = ListFolder(trash);
  if (absl::IsNotFound(dates.status())) return false;
  if (!dates.ok()) return dates.status();
  for (const std::string& date : *dates) {
    if (!IsTrashDate(date)) continue;
    CAMNODE_ASSIGN_OR_RETURN(const bool has, HasBlob(absl::StrCat(trash, "/", date)));
    if (has) return true;
  }
  return false;
}

}  // namespace camnode
