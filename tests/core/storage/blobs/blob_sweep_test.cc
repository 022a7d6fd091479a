// What no row names is set aside, not destroyed; and not at all when it is too much.
// Also: blob_layout, blob_trash.

#include "core/storage/blobs/blob_sweep.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/storage/blobs/blob_layout.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temporary_directory.h"

namespace camnode {
namespace {

using ::testing::ElementsAre;

class BlobSweepTest : public ::testing::Test {
 protected:
  // A finished blob, last written two hours ago.
  std::string OldBlob(const std::string& bytes) {
    const std::string id = store_->Put(bytes).value().id;
    Age(BlobPath(root_, id), absl::Hours(2));
    return id;
  }

  void Age(const std::string& path, absl::Duration by) {
    const timespec then = absl::ToTimespec(clock_.Now() - by);
    const timespec times[2] = {then, then};
    ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  }

  SweepReport Sweep() {
    const auto named =
        [this](const std::vector<std::string>& ids) -> absl::StatusOr<std::set<std::string>> {
      if (before_answer_) before_answer_(++questions_);
      std::set<std::string> those;
      for (const std::string& id : ids) {
        asked_.insert(id);
        if (rows_.count(id) > 0) those.insert(id);
      }
      return those;
    };
    const absl::StatusOr<SweepReport> report = SweepBlobs(*store_, named, options_, clock_);
    EXPECT_THAT(report, IsOk());
    return report.value_or(SweepReport());
  }

  bool InPlace(const std::string& id) { return std::filesystem::exists(BlobPath(root_, id)); }
  bool InTrash(const std::string& id, const std::string& date = "2023-11-14") {
    return std::filesystem::exists(absl::StrCat(root_, "/trash/", date, "/", id));
  }

  TemporaryDirectory directory_;
  const std::string root_ = directory_.path() + "/blobs";
  const std::unique_ptr<BlobStore> store_ = BlobStore::Open(root_).value();
  FakeClock clock_;  // 2023-11-14 22:13:20 UTC.
  SweepOptions options_;
  std::set<std::string> rows_;  // The blobs that the database names.
  std::set<std::string> asked_;
  int questions_ = 0;
  std::function<void(int question)> before_answer_;
};

TEST_F(BlobSweepTest, SetsAsideOldBytesThatNoRowNamesAndNothingElse) {
  const std::string named = OldBlob("named");
  const std::string orphan = OldBlob("orphan");
  const std::string young = store_->Put("young").value().id;
  std::ofstream(root_ + "/00/notes.txt") << "not ours";
  Age(root_ + "/00/notes.txt", absl::Hours(2));
  rows_ = {named};

  const SweepReport report = Sweep();

  EXPECT_EQ(asked_, (std::set<std::string>{named, orphan}));
  EXPECT_EQ(report.blobs, 3);
  EXPECT_EQ(report.unnamed, 1);
  EXPECT_EQ(report.set_aside, 1);
  EXPECT_EQ(report.in_trash, 1);
  EXPECT_TRUE(InPlace(named));
  EXPECT_TRUE(InPlace(young));
  EXPECT_FALSE(InPlace(orphan));
  EXPECT_TRUE(InTrash(orphan));
  EXPECT_TRUE(std::filesystem::exists(root_ + "/00/notes.txt"));
}

// A restored database knows nothing of the newest films: an alarm, and not one is touched.
TEST_F(BlobSweepTest, MoreThanAHandfulAndOnePercentAreAnAlarm) {
  options_.max_files = 2;
  std::vector<std::string> orphans;
  for (int i = 0; i < 3; ++i) orphans.push_back(OldBlob("film"));

  const SweepReport report = Sweep();

  EXPECT_TRUE(report.refused);
  EXPECT_EQ(report.unnamed, 3);
  EXPECT_EQ(report.set_aside, 0);
  for (const std::string& id : orphans) EXPECT_TRUE(InPlace(id));

  rows_ = {orphans[0]};
  EXPECT_FALSE(Sweep().refused) << "two are a handful";
  EXPECT_TRUE(InTrash(orphans[2]));
}

TEST_F(BlobSweepTest, OneInAHundredIsNoAlarmHoweverManyTheyAre) {
  options_.max_files = 0;
  const std::string orphan = OldBlob("orphan");
  for (int i = 0; i < 98; ++i) rows_.insert(OldBlob("film"));
  EXPECT_TRUE(Sweep().refused) << "1 of 99";
  rows_.insert(OldBlob("film"));
  EXPECT_FALSE(Sweep().refused) << "1 of 100";
  EXPECT_TRUE(InTrash(orphan));
}

TEST_F(BlobSweepTest, WhatIsNamedMeanwhileStaysOrComesBack) {
  const std::string before = OldBlob("named right before it is moved");
  const std::string after = OldBlob("named right after");
  before_answer_ = [&](int question) {
    if (question == 2) rows_.insert(before);  // 1: finding, 2: before moving, 3: after.
    if (question == 3) rows_.insert(after);
  };

  const SweepReport report = Sweep();

  EXPECT_EQ(report.restored, 1);
  EXPECT_TRUE(InPlace(before));
  EXPECT_TRUE(InPlace(after));
  EXPECT_EQ(report.in_trash, 0);
}

TEST_F(BlobSweepTest, TheNextSweepPutsBackWhatARowNames) {
  const std::string blob = OldBlob("committed by a worker that slept");
  Sweep();
  ASSERT_TRUE(InTrash(blob));
  rows_ = {blob};

  EXPECT_EQ(Sweep().restored, 1);
  EXPECT_TRUE(InPlace(blob));
}

TEST_F(BlobSweepTest, AReaderFindsWhatWasSetAside) {
  const std::string blob = OldBlob("film");
  Sweep();
  ASSERT_TRUE(InTrash(blob));

  EXPECT_THAT(store_->ReadAll(blob, 100), IsOkAndHolds("film"));
  EXPECT_TRUE(InPlace(blob));
}

TEST_F(BlobSweepTest, TheTrashIsDeletedAfterItsDaysOneDayARun) {
  options_.trash_days = 30;
  const std::string first = OldBlob("first");
  Sweep();
  clock_.Advance(absl::Hours(24));
  const std::string second = OldBlob("second");
  Sweep();
  clock_.Advance(absl::Hours(24) * 28);
  EXPECT_EQ(Sweep().deleted, 0) << "29 days";
  ASSERT_TRUE(InTrash(first));

  clock_.Advance(absl::Hours(24) * 365);  // Somebody sets the clock.
  EXPECT_EQ(Sweep().deleted, 1);
  EXPECT_FALSE(std::filesystem::exists(root_ + "/trash/2023-11-14"));
  EXPECT_TRUE(InTrash(second, "2023-11-15")) << "the next run's";
  EXPECT_EQ(Sweep().deleted, 1);
}

TEST_F(BlobSweepTest, WhatARowNamesAtTheLastMomentIsNotDeleted) {
  const std::string blob = OldBlob("film");
  Sweep();
  clock_.Advance(absl::Hours(24) * 31);
  questions_ = 0;
  before_answer_ = [&](int question) {
    if (question == 2) rows_.insert(blob);  // 1: what is in the trash.
  };

  EXPECT_EQ(Sweep().deleted, 0);
  EXPECT_TRUE(InPlace(blob));
}

TEST_F(BlobSweepTest, NothingIsDeletedWhileTooMuchIsUnnamed) {
  const std::string trashed = OldBlob("film");
  Sweep();
  clock_.Advance(absl::Hours(24) * 31);
  options_.max_files = 0;
  OldBlob("another");

  const SweepReport report = Sweep();

  EXPECT_TRUE(report.refused);
  EXPECT_EQ(report.deleted, 0);
  EXPECT_TRUE(InTrash(trashed));
}

// A database that is away must not cost a single film.
TEST_F(BlobSweepTest, StopsWhenItCannotAsk) {
  const std::string blob = OldBlob("film");
  const auto away = [](const std::vector<std::string>&) -> absl::StatusOr<std::set<std::string>> {
    return absl::UnavailableError("the database is away");
  };
  EXPECT_THAT(SweepBlobs(*store_, away, options_, clock_),
              StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_TRUE(InPlace(blob));
}

TEST_F(BlobSweepTest, AsksForAThousandAtOnce) {
  for (int i = 0; i < 1001; ++i) rows_.insert(OldBlob("film"));
  before_answer_ = [](int) {};

  EXPECT_EQ(Sweep().blobs, 1001);
  EXPECT_EQ(questions_, 2);
}

TEST(BlobLayoutTest, OnlyADayIsAFolderOfTheTrash) {
  EXPECT_TRUE(IsTrashDate("2026-11-29"));
  for (const char* name : {"2026-11-31", "2026-1-2", "29-11-2026", "..", "", "2026-11-29x"}) {
    EXPECT_FALSE(IsTrashDate(name)) << name;
  }
}

TEST(BlobLayoutTest, NamesOfAFolderComeWithoutItsDots) {
  TemporaryDirectory directory;
  std::ofstream(directory.path() + "/one") << "";
  EXPECT_THAT(ListFolder(directory.path()), IsOkAndHolds(ElementsAre("one")));
  EXPECT_THAT(ListFolder(directory.path() + "/none"), StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace camnode
