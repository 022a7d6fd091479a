// Also: film_cache.

#include "core/training/films/film_store.h"

#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <ios>
#include <iterator>
#include <opencv2/core.hpp>
#include <stdexcept>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "core/base/sha256.h"
#include "core/domain/radiograph.h"
#include "core/inference/classifier.h"
#include "core/render/image_codec.h"
#include "core/training/films/dataset.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/test_data.h"

namespace camnode {
namespace {

namespace fs = std::filesystem;
namespace v1 = camnode::model::v1;
using ::testing::AllOf;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr int kSide = 8;

std::string ReadBytes(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

bool SamePixels(const cv::Mat1b& a, const cv::Mat1b& b) {
  return a.size() == b.size() && cv::norm(a, b, cv::NORM_INF) == 0;
}

struct AtThreadExit {
  ~AtThreadExit() {
    if (notification != nullptr) notification->Notify();
  }
  absl::Notification* notification = nullptr;
};

class FilmStoreTest : public ::testing::Test {
 protected:
  FilmStoreTest() : cache_(fs::path(::testing::TempDir()) / absl::StrCat("film_store_", getpid())) {
    fs::remove_all(cache_);
    options_.cache_directory = cache_.string();
    options_.threads = 3;
    preprocessing_.set_input_size(kSide);
    preprocessing_.set_geometry(v1::GEOMETRY_SQUASH);
    preprocessing_.set_intensity(v1::INTENSITY_POLICY_FILE);
    dataset_.classes = {"NORMAL"};
    for (int i = 0; i < 20; ++i) {
      LabelledFilm film;
      film.path = absl::StrCat(i);
      film.name = absl::StrCat("film", i);
      film.sha256 = Sha256Hex(film.path);
      dataset_.films.push_back(film);
    }
    reader_ = [this](const std::string& path) { return ReadSquare(path); };
  }
  ~FilmStoreTest() override { fs::remove_all(cache_); }

  // A square of random pixels that the preprocessing leaves as they are.
  static cv::Mat1b SquareOf(const std::string& path) {
    cv::Mat1b square(kSide, kSide);
    cv::RNG random(1 + std::stoull(path));
    random.fill(square, cv::RNG::UNIFORM, 0, 256);
    return square;
  }

  absl::StatusOr<Radiograph> ReadSquare(const std::string& path) {
    ++reads_;
    Radiograph film;
    film.presentation = SquareOf(path);
    return film;
  }

  absl::StatusOr<FilmStore> Open(const FilmStore::Progress& progress = nullptr) {
    return FilmStore::Open(dataset_, preprocessing_, reader_, options_, progress);
  }

  void ExpectFilms(const absl::StatusOr<FilmStore>& store) {
    ASSERT_THAT(store, IsOk());
    ASSERT_EQ(store->size(), dataset_.films.size());
    for (size_t i = 0; i < store->size(); ++i) {
      EXPECT_TRUE(SamePixels(store->Film(i), SquareOf(dataset_.films[i].path))) << i;
    }
  }

  // Opens again and says how many films were decoded for it.
  int ReadsOfNextOpen() {
    reads_ = 0;
    ExpectFilms(Open());
    return reads_;
  }

  std::vector<fs::path> CacheFiles() {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(cache_)) files.push_back(entry.path());
    return files;
  }

  fs::path cache_;
  FilmStoreOptions options_;
  v1::Preprocessing preprocessing_;
  Dataset dataset_;
  FilmReader reader_;
  std::atomic<int> reads_{0};
};

TEST_F(FilmStoreTest, HoldsEveryFilmInTheOrderOfTheDataSet) {
  options_.cache_directory = "";
  for (const int threads : {0, 1, 7}) {
    options_.threads = threads;
    EXPECT_EQ(ReadsOfNextOpen(), 20);
  }
  EXPECT_FALSE(fs::exists(cache_));
}

TEST_F(FilmStoreTest, PreparesFilmsAsServingDoes) {
  preprocessing_.set_geometry(v1::GEOMETRY_LETTERBOX);
  reader_ = [](const std::string&) {
    Radiograph film;
    film.presentation = cv::Mat1b(2 * kSide, 4 * kSide, uint8_t{100});
    return film;
  };
  const absl::StatusOr<FilmStore> store = Open();
  ASSERT_THAT(store, IsOk());
  cv::Mat1b expected(kSide, kSide, uint8_t{0});
  expected.rowRange(kSide / 4, kSide * 3 / 4) = 100;
  EXPECT_TRUE(SamePixels(store->Film(7), expected));
}

TEST_F(FilmStoreTest, TellsItsProgress) {
  std::vector<size_t> dones;
  std::vector<size_t> expected;
  for (size_t i = 1; i <= 20; ++i) expected.push_back(i);
  const auto progress = [&](size_t done, size_t total) {
    EXPECT_EQ(total, 20);
    dones.push_back(done);
  };
  ASSERT_THAT(Open(progress), IsOk());
  EXPECT_THAT(dones, ElementsAreArray(expected));
  dones.clear();
  ASSERT_THAT(Open(progress), IsOk());
  EXPECT_THAT(dones, IsEmpty()) << "from the cache";
}

TEST_F(FilmStoreTest, DecodingThreadsComputeAloneAndNobodyElseDoes) {
  SetComputeThreads(4);
  std::atomic<int> most_threads{0};
  reader_ = [&](const std::string& path) {
    // LibTorch sets the number of a thread at its first call in it, which may be this.
    most_threads = std::max<int>(most_threads, at::get_num_threads());
    return ReadSquare(path);
  };
  ASSERT_THAT(Open(), IsOk());
  EXPECT_EQ(most_threads, 1);
  EXPECT_EQ(at::get_num_threads(), 4);
  std::thread([] { EXPECT_EQ(at::get_num_threads(), 4); }).join();
}

TEST_F(FilmStoreTest, ASecondRunDecodesNothing) {
  EXPECT_EQ(ReadsOfNextOpen(), 20);
  EXPECT_EQ(ReadsOfNextOpen(), 0);
  EXPECT_THAT(CacheFiles(), SizeIs(1)) << "no part file stays";
}

TEST_F(FilmStoreTest, AStoreFromTheCacheOutlivesItsFile) {
  ASSERT_THAT(Open(), IsOk());
  const absl::StatusOr<FilmStore> store = Open();
  fs::remove_all(cache_);
  ExpectFilms(store);
  const FilmStore copy = *store;
  EXPECT_EQ(copy.Film(3).data, store->Film(3).data);
}

TEST_F(FilmStoreTest, OtherFilmsOrPixelsAreDecodedAndOtherLabelsAreNot) {
  EXPECT_EQ(ReadsOfNextOpen(), 20);
  dataset_.films[3].patient = "another";
  dataset_.digest = "another";
  preprocessing_.add_mean(0.5);
  preprocessing_.add_standard_deviation(0.25);
  EXPECT_EQ(ReadsOfNextOpen(), 0);
  std::swap(dataset_.films[0], dataset_.films[1]);
  EXPECT_EQ(ReadsOfNextOpen(), 20);
  dataset_.films.pop_back();
  EXPECT_EQ(ReadsOfNextOpen(), 19);
  preprocessing_.set_geometry(v1::GEOMETRY_LETTERBOX);
  EXPECT_EQ(ReadsOfNextOpen(), 19);
}

TEST_F(FilmStoreTest, ADamagedFileIsMadeAnew) {
  ASSERT_THAT(Open(), IsOk());
  ASSERT_THAT(CacheFiles(), SizeIs(1));
  const fs::path path = CacheFiles()[0];
  const std::string intact = ReadBytes(path);
  std::vector<std::string> damaged = {"", intact.substr(0, intact.size() - 1), intact + "0"};
  for (const size_t byte : {size_t{0}, intact.size() / 2, intact.size() - 1}) {
    damaged.push_back(intact);
    damaged.back()[byte] ^= 1;
  }
  for (const std::string& bytes : damaged) {
    std::ofstream(path, std::ios::binary) << bytes;
    EXPECT_EQ(ReadsOfNextOpen(), 20) << bytes.size();
    EXPECT_EQ(ReadBytes(path), intact);
  }
}

TEST_F(FilmStoreTest, AFileOfOtherFilmsUnderThisNameIsMadeAnew) {
  ASSERT_THAT(Open(), IsOk());
  const fs::path path = CacheFiles()[0];
  std::swap(dataset_.films[0], dataset_.films[1]);
  ASSERT_THAT(Open(), IsOk());
  std::vector<fs::path> files = CacheFiles();
  fs::copy_file(path, files[0] == path ? files[1] : files[0], fs::copy_options::overwrite_existing);
  EXPECT_EQ(ReadsOfNextOpen(), 20);
}

TEST_F(FilmStoreTest, PartFilesOfProgramsThatDiedAreRemovedAfterADay) {
  ASSERT_THAT(Open(), IsOk());
  const fs::path path = CacheFiles()[0];
  fs::remove(path);
  const fs::path forgotten = absl::StrCat(path.string(), ".part.1");
  const fs::path recent = absl::StrCat(path.string(), ".part.2");
  const fs::path foreign = cache_ / "other.films.part.1";
  for (const fs::path& part : {forgotten, recent, foreign}) std::ofstream(part) << "x";
  for (const fs::path& part : {forgotten, foreign}) {
    fs::last_write_time(part, fs::file_time_type::clock::now() - std::chrono::hours(25));
  }
  ASSERT_THAT(Open(), IsOk());
  EXPECT_THAT(CacheFiles(), ::testing::UnorderedElementsAre(path, recent, foreign));
}

TEST_F(FilmStoreTest, NamesTheFirstFilmThatCannotBeReadAndKeepsNothing) {
  // Whichever of two threads is the first to say that its film failed.
  for (const auto& [quick, slow] : {std::pair("5", "6"), std::pair("6", "5")}) {
    absl::Notification slow_began, quick_reported;
    reader_ = [&, quick_film = quick, slow_film = slow](const std::string& path) {
      if (path == slow_film) {
        slow_began.Notify();
        quick_reported.WaitForNotification();
      }
      if (path == quick_film) {
        slow_began.WaitForNotification();
        // A thread that has reported a failure ends.
        thread_local AtThreadExit at_exit;
        at_exit.notification = &quick_reported;
      }
      if (path != quick_film && path != slow_film) return ReadSquare(path);
      return absl::StatusOr<Radiograph>(absl::DataLossError("damaged"));
    };
    EXPECT_THAT(Open(), StatusIs(absl::StatusCode::kDataLoss,
                                 AllOf(HasSubstr("film 'film5'"), HasSubstr("damaged"))))
        << quick << " first";
    EXPECT_FALSE(fs::exists(cache_));
  }
}

TEST_F(FilmStoreTest, NamesAllFilmsThatCannotBeRead) {
  reader_ = [this](const std::string& path) -> absl::StatusOr<Radiograph> {
    if (path == "2" || path == "5") return absl::DataLossError("damaged");
    return ReadSquare(path);
  };
  EXPECT_THAT(Open(),
              StatusIs(absl::StatusCode::kDataLoss,
                       AllOf(HasSubstr("2 of "), HasSubstr("film 'film2': damaged; film 'film5'"),
                             HasSubstr("take them out"))));
}

TEST_F(FilmStoreTest, SaysOfASingleFilmWhereItIsNamedAndWhatToDo) {
  dataset_.films[5].line = 7;
  reader_ = [this](const std::string& path) -> absl::StatusOr<Radiograph> {
    if (path == "5") return absl::DataLossError("damaged");
    return ReadSquare(path);
  };
  EXPECT_THAT(Open(), StatusIs(absl::StatusCode::kDataLoss,
                               AllOf(HasSubstr("line 7: film 'film5': damaged"),
                                     HasSubstr("mend it, or take it out of the data set"))));
}

TEST_F(FilmStoreTest, AnExceptionOnAFilmIsAnErrorOfThatFilm) {
  reader_ = [this](const std::string& path) -> absl::StatusOr<Radiograph> {
    if (path == "4") throw std::runtime_error("thrown");
    return ReadSquare(path);
  };
  EXPECT_THAT(Open(), StatusIs(absl::StatusCode::kInternal, HasSubstr("film 'film4': thrown")));
  reader_ = [](const std::string&) { return Radiograph(); };
  EXPECT_THAT(Open(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("film 'film0'")));
}

TEST_F(FilmStoreTest, RefusesNoFilmsAndSquaresOfNoSize) {
  for (const int side : {0, -1, 4097}) {
    preprocessing_.set_input_size(side);
    EXPECT_THAT(Open(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("input_size")));
  }
  preprocessing_.set_input_size(kSide);
  dataset_.films.clear();
  EXPECT_THAT(Open(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("without films")));
}

TEST_F(FilmStoreTest, ACacheThatCannotBeWrittenIsAnError) {
  std::ofstream(cache_.string()) << "a file, no folder";
  EXPECT_FALSE(Open().ok());
}

TEST_F(FilmStoreTest, HoldsThePublicFilmsAsTheyAre) {
  CAMNODE_NEEDS_TEST_DATA("kermany224/val");
  DatasetOptions options;
  options.path = TestDataPath("kermany224");
  options.splits = {"val"};
  options.patient_patterns = {R"((person\d+_(?:bacteria|virus)))", R"((NORMAL2-IM-\d+))"};
  const absl::StatusOr<Dataset> dataset = ReadDataset(options);
  ASSERT_THAT(dataset, IsOk());
  preprocessing_.set_input_size(224);
  const FilmReader read = [](const std::string& path) {
    return DecodePicture(ReadBytes(path), 1'000'000);
  };
  const absl::StatusOr<FilmStore> store = FilmStore::Open(*dataset, preprocessing_, read, options_);
  ASSERT_THAT(store, IsOk());
  ASSERT_EQ(store->size(), 16);
  for (size_t i = 0; i < store->size(); ++i) {
    EXPECT_TRUE(SamePixels(store->Film(i), read(dataset->films[i].path)->presentation));
  }
}

}  // namespace
}  // namespace camnode
