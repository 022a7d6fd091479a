// Bytes that a sender was told we have.

#include "core/storage/blobs/blob_store.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <cerrno>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/base/sha256.h"
#include "tests/testing/faulty_file_calls.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temporary_directory.h"

namespace camnode {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

class BlobStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    absl::StatusOr<std::unique_ptr<BlobStore>> store = BlobStore::Open(root_, calls_);
    ASSERT_THAT(store, IsOk());
    store_ = *std::move(store);
    calls_.ClearLog();
  }

  int Files(const std::string& below) {
    int count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root_ + below)) {
      count += entry.is_regular_file() ? 1 : 0;
    }
    return count;
  }

  // As if last written this long ago.
  static void Age(const std::string& path, absl::Duration by) {
    const timespec then = absl::ToTimespec(SystemClock().Now() - by);
    const timespec times[2] = {then, then};
    ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  }

  StagedBlob Staged(const std::string& bytes) {
    BlobWriter writer = store_->Create().value();
    EXPECT_THAT(writer.Append(bytes), IsOk());
    return std::move(writer).Finish().value();
  }

  std::string PathOf(const BlobInfo& blob) { return store_->PathOf(blob.id).value_or(""); }

  TemporaryDirectory directory_;
  const std::string root_ = directory_.path() + "/data/blobs";
  FaultyFileCalls calls_;
  std::unique_ptr<BlobStore> store_;
};

TEST_F(BlobStoreTest, DigestsNothingForACallerThatDigestsItself) {
  absl::StatusOr<BlobWriter> writer = store_->Create(BlobDigest::kNone);
  ASSERT_THAT(writer, IsOk());
  ASSERT_THAT(writer->Append("film"), IsOk());
  const absl::StatusOr<StagedBlob> blob = (*std::move(writer)).Finish();
  ASSERT_THAT(blob, IsOk());
  EXPECT_EQ(blob->info().sha256, "");
  EXPECT_EQ(store_->ReadAll(blob->info().id, 10).value_or(""), "film");
}

TEST_F(BlobStoreTest, BytesComeBackWithTheirDigest) {
  absl::StatusOr<BlobWriter> writer = store_->Create();
  ASSERT_THAT(writer, IsOk());
  ASSERT_THAT(writer->Append("chest "), IsOk());
  ASSERT_THAT(writer->Append(std::string("\0film", 5)), IsOk());
  EXPECT_EQ(writer->size_bytes(), 11);
  absl::StatusOr<StagedBlob> staged = std::move(*writer).Finish();

  ASSERT_THAT(staged, IsOk());
  EXPECT_EQ(staged->path(), PathOf(staged->info()));
  const BlobInfo kept = (*std::move(staged)).Keep();
  const BlobInfo* const blob = &kept;
  const std::string bytes("chest \0film", 11);
  EXPECT_THAT(blob->id, MatchesRegex("[0-9a-f]+"));
  EXPECT_EQ(blob->id.size(), 32u);
  EXPECT_EQ(blob->sha256, Sha256Hex(bytes));
  EXPECT_EQ(blob->size_bytes, 11);
  EXPECT_THAT(store_->ReadAll(blob->id, 11), IsOkAndHolds(bytes));
  EXPECT_EQ(PathOf(*blob), root_ + "/" + blob->id.substr(0, 2) + "/" + blob->id);
  EXPECT_EQ(Files("/part"), 0);
}

TEST_F(BlobStoreTest, TheBytesAreSyncedBeforeTheNameAndTheNameBeforeTheAnswer) {
  const absl::StatusOr<BlobInfo> blob = store_->Put("film");
  ASSERT_THAT(blob, IsOk());
  const std::string part = blob->id + ".part";
  EXPECT_THAT(calls_.log(), ::testing::ElementsAre("open " + part, "write", "fsync",
                                                   "rename " + part + " " + blob->id,
                                                   "open " + blob->id.substr(0, 2), "fsync"));
}

TEST_F(BlobStoreTest, AnErrorAtAnyStepLeavesNoFile) {
  for (const char* step : {"open", "write", "fsync", "rename"}) {
    calls_.FailOnce(step, ENOSPC);
    EXPECT_THAT(store_->Put("film"), StatusIs(absl::StatusCode::kResourceExhausted)) << step;
    calls_.FailOnce(step, EIO);
    EXPECT_THAT(store_->Put("film"), StatusIs(absl::StatusCode::kUnavailable)) << step;
    EXPECT_EQ(Files(""), 0) << step;
  }
}

TEST_F(BlobStoreTest, AFolderThatCannotBeSyncedLeavesNoFile) {
  absl::StatusOr<BlobWriter> writer = store_->Create();
  ASSERT_THAT(writer->Append("film"), IsOk());
  calls_.FailOnce("open", EIO);  // Of the folder: that of the part file was before.
  EXPECT_THAT((*std::move(writer)).Finish(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(Files(""), 0);
}

TEST_F(BlobStoreTest, AStagedBlobIsGoneUnlessItIsKept) {
  { const StagedBlob refused = Staged("refused"); }
  EXPECT_EQ(Files(""), 0);

  StagedBlob blob = Staged("film");
  EXPECT_EQ(Files(""), 1);
  { const StagedBlob moved = std::move(blob); }
  EXPECT_EQ(Files(""), 0) << "the last owner decides";

  StagedBlob other = Staged("other");
  other = Staged("film");
  EXPECT_EQ(Files(""), 1) << "what it held before is gone";
  const BlobInfo kept = std::move(other).Keep();
  EXPECT_THAT(store_->ReadAll(kept.id, 10), IsOkAndHolds("film"));
}

// The row may have been committed before whatever threw: the sweep asks.
TEST_F(BlobStoreTest, AStagedBlobOutlivesAnException) {
  std::string id;
  try {
    const StagedBlob blob = Staged("film");
    id = blob.info().id;
    throw std::bad_alloc();
  } catch (const std::bad_alloc&) {
  }
  EXPECT_THAT(store_->ReadAll(id, 10), IsOkAndHolds("film"));
}

TEST_F(BlobStoreTest, AnAbandonedWriterLeavesNoFile) {
  {
    absl::StatusOr<BlobWriter> writer = store_->Create();
    ASSERT_THAT(writer->Append("half a fi"), IsOk());
    EXPECT_EQ(Files("/part"), 1);
  }
  EXPECT_EQ(Files(""), 0);
}

TEST_F(BlobStoreTest, AnIdIsCheckedBeforeItBecomesAPath) {
  for (const char* id : {"", "../../etc/passwd", "0123456789abcdef0123456789abcde",
                         "0123456789ABCDEF0123456789ABCDEF", "0123456789abcdef0123456789abcdef0"}) {
    EXPECT_THAT(store_->PathOf(id), StatusIs(absl::StatusCode::kInvalidArgument)) << id;
    EXPECT_THAT(store_->ReadAll(id, 10), StatusIs(absl::StatusCode::kInvalidArgument)) << id;
    EXPECT_THAT(store_->Remove(id), StatusIs(absl::StatusCode::kInvalidArgument)) << id;
  }
  const std::string unknown(32, '0');
  EXPECT_THAT(store_->PathOf(unknown), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(store_->ReadAll(unknown, 10), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(store_->Remove(unknown), IsOk());
}

TEST_F(BlobStoreTest, ReadAllRefusesMoreThanAsked) {
  const absl::StatusOr<BlobInfo> blob = store_->Put("0123456789");
  EXPECT_THAT(store_->ReadAll(blob->id, 9), StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST_F(BlobStoreTest, ARemovedBlobIsGone) {
  const absl::StatusOr<BlobInfo> blob = store_->Put("film");
  ASSERT_THAT(store_->Remove(blob->id), IsOk());
  EXPECT_THAT(store_->PathOf(blob->id), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(BlobStoreTest, RemovesPartFilesOfDeadProgramsAndNoOthers) {
  absl::StatusOr<BlobWriter> writer = store_->Create();
  ASSERT_THAT(writer->Append("being written"), IsOk());
  std::ofstream(root_ + "/part/dead.part") << "of a killed program";
  std::ofstream(root_ + "/part/notes.txt") << "not ours";
  Age(root_ + "/part/dead.part", absl::Hours(2));
  Age(root_ + "/part/notes.txt", absl::Hours(2));

  EXPECT_THAT(store_->RemoveDeadParts(SystemClock().Now() - absl::Hours(1)), IsOkAndHolds(1));

  EXPECT_FALSE(std::filesystem::exists(root_ + "/part/dead.part"));
  EXPECT_TRUE(std::filesystem::exists(root_ + "/part/notes.txt"));
  EXPECT_THAT(std::move(*writer).Finish(), IsOk());
}

TEST_F(BlobStoreTest, AWorkersPartFilesLieInAFolderOfTheirOwnAndAreSweptToo) {
  auto opened = BlobStore::Open(root_, BlobParts::kOfWorker);
  ASSERT_THAT(opened, IsOk());
  BlobStore& worker = **opened;
  absl::StatusOr<BlobWriter> writer = worker.Create();
  ASSERT_THAT(writer->Append("an overlay"), IsOk());
  EXPECT_EQ(Files("/part"), Files("/part/worker")) << "none beside the node's";
  EXPECT_EQ(Files("/part/worker"), 1);
  absl::StatusOr<StagedBlob> blob = std::move(*writer).Finish();
  ASSERT_THAT(blob, IsOk());
  EXPECT_THAT(store_->ReadAll(blob->info().id, 100), IsOkAndHolds("an overlay"));

  std::ofstream(root_ + "/part/worker/dead.part") << "of a killed worker";
  std::ofstream(root_ + "/part/worker/young.part") << "of one at work";
  Age(root_ + "/part/worker/dead.part", absl::Hours(2));
  EXPECT_THAT(store_->RemoveDeadParts(SystemClock().Now() - absl::Hours(1)), IsOkAndHolds(1));
  EXPECT_FALSE(std::filesystem::exists(root_ + "/part/worker/dead.part"));
  EXPECT_TRUE(std::filesystem::exists(root_ + "/part/worker/young.part"));
}

TEST_F(BlobStoreTest, TwoProgramsShareOneStore) {
  const absl::StatusOr<std::unique_ptr<BlobStore>> other = BlobStore::Open(root_);
  ASSERT_THAT(other, IsOk());
  const absl::StatusOr<BlobInfo> blob = store_->Put("film");
  EXPECT_THAT((*other)->ReadAll(blob->id, 100), IsOkAndHolds("film"));
}

TEST_F(BlobStoreTest, ManyThreadsWriteAtOnce) {
  const absl::StatusOr<std::unique_ptr<BlobStore>> store = BlobStore::Open(root_);
  std::vector<std::thread> writers;
  for (int i = 0; i < 8; ++i) {
    writers.emplace_back([&] {
      for (int j = 0; j < 10; ++j) EXPECT_THAT((*store)->Put("film"), IsOk());
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(Files(""), 80);
}

TEST_F(BlobStoreTest, AFileInThePlaceOfTheDirectoryIsAClearError) {
  const std::string path = directory_.path() + "/file";
  std::ofstream(path) << "";
  EXPECT_THAT(BlobStore::Open(path).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(path)));
}

TEST_F(BlobStoreTest, KnowsTheFreeBytesOfItsVolume) {
  const absl::StatusOr<int64_t> free_bytes = store_->FreeBytes();
  ASSERT_THAT(free_bytes, IsOk());
  EXPECT_GT(*free_bytes, 0);
}

// A volume of one megabyte fills up, says so, and works again when there is room.
TEST_F(BlobStoreTest, AFullVolumeIsResourceExhaustedAndLeavesNothing) {
  const std::string volume = directory_.path() + "/volume";
  ASSERT_EQ(::mkdir(volume.c_str(), 0700), 0);
  if (::mount("camnode-test", volume.c_str(), "tmpfs", 0, "size=1m") != 0) {
    GTEST_SKIP() << "SKIPPED: a small volume cannot be mounted here (needs root)";
  }
  {
    const absl::StatusOr<std::unique_ptr<BlobStore>> store = BlobStore::Open(volume + "/blobs");
    EXPECT_THAT(store, IsOk());
    if (store.ok()) {
      EXPECT_THAT((*store)->Put(std::string(2'000'000, 'x')),
                  StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("No space left")));
      const absl::StatusOr<BlobInfo> fits = (*store)->Put(std::string(500'000, 'x'));
      EXPECT_THAT(fits, IsOk());
    }
  }
  EXPECT_EQ(::umount(volume.c_str()), 0);
}

}  // namespace
}  // namespace camnode
