#include "services/lab/film.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/dicom/pixels/radiograph_reader.h"
#include "core/render/image_codec.h"

namespace camnode {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMaxPixels = 100'000'000;
constexpr std::uintmax_t kMaxPictureBytes = 512 << 20;

absl::StatusOr<Radiograph> ReadPicture(const std::string& path, std::ifstream& file) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(path, error);
  if (error || size > kMaxPictureBytes) {
    return absl::InvalidArgumentError("larger than 512 MiB");
  }
  std::string bytes(static_cast<size_t>(size), '\0');
  file.clear();
  file.seekg(0);
  if (!file.read(bytes.data(), static_cast<std::streamsize>(size))) {
    return absl::UnavailableError("cannot read the file");
  }
  return DecodePicture(bytes, kMaxPixels);
}

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
  std::ifstream file(path, std::ios::binary);
  std::string start(8, '\0');
  file.read(start.data(), 8);
  start.resize(static_cast<size_t>(file.gcount()));
  if (absl::StartsWith(start, "\x89PNG") || absl::StartsWith(start, "\xff\xd8\xff")) {
    return ReadPicture(path, file);
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
