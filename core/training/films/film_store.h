// Every film of a data set as the square a network sees, decoded once and ahead of
// training.

#ifndef CAMNODE_CORE_TRAINING_FILMS_FILM_STORE_H_
#define CAMNODE_CORE_TRAINING_FILMS_FILM_STORE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <opencv2/core/mat.hpp>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "core/training/films/film_reader.h"
#include "core/training/films/labelled_film.h"
#include "proto/camnode/model/v1/manifest.pb.h"

namespace camnode {

struct FilmStoreOptions {
  // Where decoded films are kept from one run to the next, input_size squared bytes a
  // film; made if it is absent.  Empty: nowhere.
  std::string cache_directory;
  // That decode; 0: one for each core.
  int threads = 0;
};

// The 8 bits that PreparePixels makes of every film, in the order of Dataset::films.
// Copies share the pixels.  Thread-safe.
class FilmStore {
 public:
  // Called by one thread at a time, which need not be the caller's, with 1 to total.
  using Progress = std::function<void(size_t done, size_t total)>;

  // Takes the films from the cache file if there is one for these films (their bytes,
  // in their order) and this preprocessing; `progress` is not called then.  Otherwise
  // decodes them, which needs all of them in memory, and writes the file under a part
  // name, then renames it.  A damaged file is made anew; two processes may make the
  // same one.  Mean and deviation of the preprocessing do not matter.  Files that no
  // longer fit any data set stay until somebody removes them.
  //
  // Errors: kInvalidArgument (no films, or input_size not within 1 to 4096);
  // `read_film`'s and PreparePixels', the first film's by name, with the names and reasons
  // of up to ten;
  // kInternal (an exception on a film); kResourceExhausted (memory or disk);
  // StatusOfErrno's for the cache.
  static absl::StatusOr<FilmStore> Open(const Dataset& dataset,
                                        const camnode::model::v1::Preprocessing& preprocessing,
                                        const FilmReader& read_film,
                                        const FilmStoreOptions& options,
                                        const Progress& progress = nullptr);

  // S x S, continuous, in the store's memory: valid as long as the store or a copy of
  // it, and never to be written to.
  // REQUIRES: index < size().
  cv::Mat1b Film(size_t index) const;

  size_t size() const { return films_; }
  int side() const { return side_; }

 private:
  FilmStore(std::shared_ptr<const uint8_t> pixels, size_t films, int side)
      : pixels_(std::move(pixels)), films_(films), side_(side) {}

  std::shared_ptr<const uint8_t> pixels_;  // [film][row][column]
  size_t films_;
  int side_;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_FILMS_FILM_STORE_H_
