#include "core/training/films/film_cache.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <random>
#include <system_error>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/base/durable_file.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"

namespace camnode {
namespace {

namespace fs = std::filesystem;

constexpr size_t kDigestBytes = 64;
// Writing takes seconds: a part file of this age has lost its program.
constexpr auto kForgottenAfter = std::chrono::hours(24);

absl::Status ErrnoStatus(const std::string& path) {
  return StatusOfErrno(errno, absl::StrCat("film cache ", path));
}

}  // namespace

FilmCache::FilmCache(const std::string& directory, const std::string& key)
    : directory_(directory),
      key_(key),
      path_((fs::path(directory) / absl::StrCat(key, ".films")).string()) {}

std::string FilmCache::DigestOf(absl::string_view pixels) const {
  Sha256 sha256;
  sha256.Update(key_);
  sha256.Update(pixels);
  return std::move(sha256).Finish();
}

absl::StatusOr<std::shared_ptr<const uint8_t>> FilmCache::Load(size_t bytes) const {
  const int descriptor = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) {
    if (errno == ENOENT) return nullptr;
    return ErrnoStatus(path_);
  }
  const absl::Cleanup close = [descriptor] { ::close(descriptor); };
  struct stat attributes;
  if (::fstat(descriptor, &attributes) != 0) return ErrnoStatus(path_);
  const size_t size = bytes + kDigestBytes;
  if (S_ISREG(attributes.st_mode) && static_cast<size_t>(attributes.st_size) == size) {
    void* const start = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (start == MAP_FAILED) return ErrnoStatus(path_);
    std::shared_ptr<const uint8_t> pixels(
        static_cast<const uint8_t*>(start),
        [size](const uint8_t* mapped) { ::munmap(const_cast<uint8_t*>(mapped), size); });
    const absl::string_view content(static_cast<const char*>(start), size);
    if (DigestOf(content.substr(0, bytes)) == content.substr(bytes)) return pixels;
  }
  if (::unlink(path_.c_str()) != 0 && errno != ENOENT) return ErrnoStatus(path_);
  return nullptr;
}

void FilmCache::RemoveForgottenParts() const {
  const std::string start = absl::StrCat(fs::path(path_).filename().string(), ".part.");
  std::error_code error;
  for (fs::directory_iterator next(directory_, error), end; !error && next != end;
       next.increment(error)) {
    if (!absl::StartsWith(next->path().filename().string(), start)) continue;
    std::error_code entry_error;  // Another process may be removing it just now.
    const auto written = next->last_write_time(entry_error);
    if (entry_error || fs::file_time_type::clock::now() - written < kForgottenAfter) continue;
    fs::remove(next->path(), entry_error);
  }
}

absl::Status FilmCache::Store(absl::string_view pixels) const {
  CAMNODE_RETURN_IF_ERROR(CreateDirectoryDurably(directory_));
  RemoveForgottenParts();
  // Two processes, in two containers perhaps, never write to one part file.
  std::random_device random;
  CAMNODE_ASSIGN_OR_RETURN(
      DurableFile file,
      DurableFile::Create(absl::StrCat(path_, ".part.", absl::Hex(random(), absl::kZeroPad8),
                                       absl::Hex(random(), absl::kZeroPad8))));
  CAMNODE_RETURN_IF_ERROR(file.Append(pixels));
  CAMNODE_RETURN_IF_ERROR(file.Append(DigestOf(pixels)));
  CAMNODE_RETURN_IF_ERROR(file.Sync());
  const absl::Status renamed = file.RenameTo(path_);
  if (absl::IsAlreadyExists(renamed)) return absl::OkStatus();
  CAMNODE_RETURN_IF_ERROR(renamed);
  return file.SyncDirectoryOfName();
}

}  // namespace camnode
