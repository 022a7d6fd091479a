#include "core/storage/blobs/blob_layout.h"

#include <dirent.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstddef>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/base/durable_file.h"
#include "core/base/random_id.h"

namespace camnode {
namespace {

constexpr size_t kIdDigits = 32;
constexpr absl::string_view kPartSuffix = ".part";
constexpr char kDateFormat[] = "%Y-%m-%d";

}  // namespace

std::string BlobDirectory(absl::string_view data_directory) {
  return absl::StrCat(data_directory, "/blobs");
}

absl::StatusOr<std::string> NewBlobId() { return RandomHexDigits(kIdDigits); }

bool IsBlobId(absl::string_view text) { return IsHexDigits(text, kIdDigits); }

std::vector<std::string> FanOutNames() {
  std::vector<std::string> names;
  for (int i = 0; i < 256; ++i) names.push_back(absl::StrCat(absl::Hex(i, absl::kZeroPad2)));
  return names;
}

std::string BlobPath(absl::string_view directory, absl::string_view id) {
  return absl::StrCat(directory, "/", id.substr(0, 2), "/", id);
}

std::string PartFolder(absl::string_view directory, BlobParts parts) {
  return absl::StrCat(directory, parts == BlobParts::kOfWorker ? "/part/worker" : "/part");
}

std::string PartPath(absl::string_view directory, BlobParts parts, absl::string_view id) {
  return absl::StrCat(PartFolder(directory, parts), "/", id, kPartSuffix);
}

bool IsPartName(absl::string_view name) { return absl::EndsWith(name, kPartSuffix); }

std::string TrashFolder(absl::string_view directory) { return absl::StrCat(directory, "/trash"); }

std::string TrashDate(absl::Time now) {
  return absl::FormatTime(kDateFormat, now, absl::UTCTimeZone());
}

bool IsTrashDate(absl::string_view name) {
  absl::Time date;
  std::string error;
  return absl::ParseTime(kDateFormat, name, absl::UTCTimeZone(), &date, &error) &&
         TrashDate(date) == name;
}

absl::StatusOr<std::vector<std::string>> ListFolder(const std::string& path) {
  DIR* listing = ::opendir(path.c_str());
  if (listing == nullptr) return StatusOfErrno(errno, absl::StrCat("cannot list ", path));
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(listing)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
    errno = 0;
  }
  const int error = errno;  // Zero at the end of the listing.
  ::closedir(listing);
  if (error != 0) return StatusOfErrno(error, absl::StrCat("cannot list ", path));
  return names;
}

bool IsOlderThan(const std::string& path, absl::Time limit) {
  struct stat entry {};
  return ::lstat(path.c_str(), &entry) == 0 && S_ISREG(entry.st_mode) &&
         absl::TimeFromTimespec(entry.st_mtim) < limit;
}

}  // namespace camnode
