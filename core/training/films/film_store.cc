#include "core/training/films/film_store.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <exception>
#include <iterator>
#include <map>
#include <new>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/mutex.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"
#include "core/domain/radiograph.h"
#include "core/inference/classifier.h"
#include "core/inference/input/preprocessor.h"
#include "core/training/films/film_cache.h"
#include "core/training/films/labelled_film.h"

// Of OpenMP.  Its header belongs to a compiler, and clang's is in a package of its own.
extern "C" void omp_set_num_threads(int threads) noexcept;

namespace camnode {
namespace {

namespace v1 = camnode::model::v1;

// Part of the key: raise it when a film comes to be decoded or prepared differently.
constexpr int kFormatVersion = 1;
constexpr int kMaxSide = 4096;
constexpr size_t kShownFailures = 10;

std::string KeyOf(const Dataset& dataset, const v1::Preprocessing& preprocessing) {
  v1::Preprocessing of_pixels = preprocessing;
  of_pixels.clear_mean();
  of_pixels.clear_standard_deviation();
  Sha256 sha256;
  sha256.Update(absl::StrCat("camnode films ", kFormatVersion, ", LibTorch ", LibTorchVersion(),
                             ", ", of_pixels.SerializeAsString().size(), "\n",
                             of_pixels.SerializeAsString()));
  for (const LabelledFilm& film : dataset.films) sha256.Update(film.sha256);
  return std::move(sha256).Finish();
}

// This thread alone computes what it calls of LibTorch: there are as many of its kind
// as cores.  at::set_num_threads would say it for the whole process, and LibTorch sets
// OpenMP's number once in every new thread, so it comes first.
void ComputeInThisThreadAlone() {
  at::get_num_threads();
  omp_set_num_threads(1);
}

// Decodes all films into one array, each thread taking the next.
class Decoder {
 public:
  Decoder(const Dataset& dataset, const v1::Preprocessing& preprocessing,
          const FilmReader& read_film, const FilmStore::Progress& progress, uint8_t* pixels)
      : dataset_(dataset),
        preprocessing_(preprocessing),
        read_film_(read_film),
        progress_(progress),
        pixels_(pixels) {}

  absl::Status Run(int threads) ABSL_LOCKS_EXCLUDED(mutex_) {
    std::vector<std::thread> team;
    for (int i = 0; i < threads; ++i) team.emplace_back([this] { DecodeFilms(); });
    for (std::thread& thread : team) thread.join();
    return Failures();
  }

 private:
  void DecodeFilms() {
    ComputeInThisThreadAlone();
    while (true) {
      const size_t index = next_++;
      if (index >= dataset_.films.size()) return;
      Report(index, DecodeCatching(index));
    }
  }

  absl::Status DecodeCatching(size_t index) {
    try {
      return Decode(index);
    } catch (const std::bad_alloc&) {
      return absl::ResourceExhaustedError("not enough memory");
    } catch (const std::exception& error) {
      return absl::InternalError(error.what());
    }
  }

  absl::Status Decode(size_t index) {
    CAMNODE_ASSIGN_OR_RETURN(const Radiograph film, read_film_(dataset_.films[index].path));
    CAMNODE_ASSIGN_OR_RETURN(const NetworkPixels square, PreparePixels(film, preprocessing_));
    const size_t bytes = square.gray.total();
    std::memcpy(pixels_ + index * bytes, square.gray.data, bytes);
    return absl::OkStatus();
  }

  void Report(size_t index, const absl::Status& status) ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(&mutex_);
    if (status.ok()) {
      if (progress_) progress_(++done_, dataset_.films.size());
      return;
    }
    ++failed_;
    failures_[index] = Annotate(status, WhereIs(dataset_.films[index]));
    if (failures_.size() > kShownFailures) failures_.erase(std::prev(failures_.end()));
  }

  // All that somebody has to mend, or the first of many: the same in every run.
  absl::Status Failures() ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(&mutex_);
    if (failures_.empty()) return absl::OkStatus();
    const absl::Status& first = failures_.begin()->second;
    if (failed_ == 1) {
      return absl::Status(
          first.code(), absl::StrCat(first.message(), "; mend it, or take it out of the data set"));
    }
    std::string text =
        absl::StrCat(failed_, " of ", dataset_.films.size(), " films cannot be read: ");
    for (const auto& [index, status] : failures_) absl::StrAppend(&text, status.message(), "; ");
    if (failed_ > failures_.size()) absl::StrAppend(&text, "...; ");
    return absl::Status(first.code(),
                        absl::StrCat(text, "mend them, or take them out of the data set"));
  }

  const Dataset& dataset_;
  const v1::Preprocessing& preprocessing_;
  const FilmReader& read_film_;
  const FilmStore::Progress& progress_;
  uint8_t* const pixels_;  // Each film's part is written by one thread.
  std::atomic<size_t> next_{0};
  Mutex mutex_;
  size_t done_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t failed_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<size_t, absl::Status> failures_ ABSL_GUARDED_BY(mutex_);  // The first, by index.
};

absl::StatusOr<std::shared_ptr<const uint8_t>> DecodeAll(const Dataset& dataset,
                                                         const v1::Preprocessing& preprocessing,
                                                         const FilmReader& read_film, int threads,
                                                         const FilmStore::Progress& progress,
                                                         size_t bytes) {
  std::shared_ptr<uint8_t[]> pixels(new (std::nothrow) uint8_t[bytes]);
  if (pixels == nullptr) {
    return absl::ResourceExhaustedError(
        absl::StrCat("no memory for ", dataset.films.size(), " films of ", bytes >> 20, " MiB"));
  }
  const int cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  Decoder decoder(dataset, preprocessing, read_film, progress, pixels.get());
  CAMNODE_RETURN_IF_ERROR(decoder.Run(threads > 0 ? threads : cores));
  return std::shared_ptr<const uint8_t>(pixels, pixels.get());
}

}  // namespace

absl::StatusOr<FilmStore> FilmStore::Open(const Dataset& dataset,
                                          const v1::Preprocessing& preprocessing,
                                          const FilmReader& read_film,
                                          const FilmStoreOptions& options,
                                          const Progress& progress) {
  const int side = preprocessing.input_size();
  if (side < 1 || side > kMaxSide) {
    return absl::InvalidArgumentError(
        absl::StrCat("preprocessing.input_size is ", side, ", not within 1 to ", kMaxSide));
  }
  if (dataset.films.empty()) return absl::InvalidArgumentError("a data set without films");
  const size_t bytes = dataset.films.size() * side * side;
  const auto decode = [&] {
    return DecodeAll(dataset, preprocessing, read_film, options.threads, progress, bytes);
  };
  std::shared_ptr<const uint8_t> pixels;
  if (options.cache_directory.empty()) {
    CAMNODE_ASSIGN_OR_RETURN(pixels, decode());
  } else {
    const FilmCache cache(options.cache_directory, KeyOf(dataset, preprocessing));
    CAMNODE_ASSIGN_OR_RETURN(pixels, cache.Load(bytes));
    if (pixels == nullptr) {
      CAMNODE_ASSIGN_OR_RETURN(pixels, decode());
      CAMNODE_RETURN_IF_ERROR(
          cache.Store(absl::string_view(reinterpret_cast<const char*>(pixels.get()), bytes)));
    }
  }
  return FilmStore(std::move(pixels), dataset.films.size(), side);
}

cv::Mat1b FilmStore::Film(size_t index) const {
  const uint8_t* const start = pixels_.get() + index * side_ * side_;
  return cv::Mat1b(side_, side_, const_cast<uint8_t*>(start));
}

}  // namespace camnode
