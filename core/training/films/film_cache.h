// The file in which decoded films are kept.

#ifndef CAMNODE_CORE_TRAINING_FILMS_FILM_CACHE_H_
#define CAMNODE_CORE_TRAINING_FILMS_FILM_CACHE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace camnode {

// KEY.films in a directory: the pixels, then 64 hexadecimal digits, the SHA-256 of the
// key and the pixels.  Used by one thread; several processes may share the directory.
class FilmCache {
 public:
  // `key`: 64 hexadecimal digits that say what the pixels are of.
  FilmCache(const std::string& directory, const std::string& key);

  // The pixels, mapped read-only.  Null: there is no such file, or it is damaged and
  // has been removed.
  // Errors: StatusOfErrno's.
  absl::StatusOr<std::shared_ptr<const uint8_t>> Load(size_t bytes) const;

  // Makes the directory and the file durably.  Somebody else's of the same key, made
  // in the meantime, stays.
  // Errors: StatusOfErrno's.
  absl::Status Store(absl::string_view pixels) const;

 private:
  std::string DigestOf(absl::string_view pixels) const;
  void RemoveForgottenParts() const;

  std::string directory_;
  std::string key_;
  std::string path_;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_FILMS_FILM_CACHE_H_
