#include "services/lab/film.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/base/files.h"
#include "core/base/status_macros.h"
#include "core/dicom/pixels/radiograph_reader.h"
#include "core/render/image_codec.h"

namespace camnode {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMaxPixels = 100'000'000;
constexpr uintmax_t kMaxPictureBytes = uintmax_t{512} << 20;

absl::Status AddFilms(const std::string& place, std::vector<std::string>& films) {
  std::error_code error;
  if (fs::is_regular_file(place, error)) {
    films.push_back(place);
    return absl::OkStatus();
  }
  const size_t before = films.size();
  for (fs::recursive_directory_iterator it(place, error), end; !error && it != end;
       it.increment(error)) {
    if (it->is_regular_file()) films.push_back(it->path().string());
  }
  if (error) return absl::NotFoundError(absl::StrCat("no film or folder ", place));
  if (films.size() == before) return absl::NotFoundError(absl::StrCat("no film below ", place));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Radiograph> ReadFilm(const std::string& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return absl::NotFoundError("no such file");
  CAMNODE_ASSIGN_OR_RETURN(const std::string start, ReadFileStart(path, 4));
  if (absl::StartsWith(start, "\x89PNG") || absl::StartsWith(start, "\xff\xd8\xff")) {
    if (fs::file_size(path, error) > kMaxPictureBytes) {
      return absl::InvalidArgumentError("larger than 512 MiB");
    }
    CAMNODE_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path, int64_t{kMaxPictureBytes}));
    return DecodePicture(bytes, kMaxPixels);
  }
  RadiographLimits limits;
  limits.max_pixels = kMaxPixels;
  return ReadRadiograph(path, limits);
}

absl::StatusOr<Radiograph> ReadNamedFilm(const std::string& path) {
  absl::StatusOr<Radiograph> film = ReadFilm(path);
  if (!film.ok()) return Annotate(film.status(), path);
  return film;
}

absl::StatusOr<std::vector<std::string>> FindFilms(const std::vector<std::string>& places) {
  if (places.empty()) return absl::InvalidArgumentError("no film is given");
  std::vector<std::string> films;
  for (const std::string& place : places) CAMNODE_RETURN_IF_ERROR(AddFilms(place, films));
  std::sort(films.begin(), films.end());
  films.erase(std::unique(films.begin(), films.end()), films.end());
  return films;
}

}  // namespace camnode
