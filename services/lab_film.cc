#include "services/lab_film.h"

#include <filesystem>
#include <fstream>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/dicom/radiograph_reader.h"
#include "core/render/image_codec.h"

namespace camnode {
namespace {

constexpr int64_t kMaxPixels = 100'000'000;
constexpr std::uintmax_t kMaxPictureBytes = 512 << 20;

absl::StatusOr<Radiograph> ReadPicture(const std::string& path, std::ifstream& file) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
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

}  // namespace

absl::StatusOr<Radiograph> ReadFilm(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return absl::NotFoundError("no such file");
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

}  // namespace camnode
