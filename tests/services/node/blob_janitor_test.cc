// What the sweep of a node leaves and what it takes, and how it says that it will not.

#include "services/node/blob_janitor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>

#include "core/domain/instance.h"
#include "core/domain/uid.h"
#include "core/storage/quarantine.h"
#include "core/storage/result_store.h"
#include "tests/services/service_fixture.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class BlobJanitorTest : public ServiceTest {
 protected:
  BlobJanitorTest() {
    // The clock stands still in the past, the files are of today.
    options_.min_age = -absl::Hours(24 * 365 * 100);
  }

  BlobJanitor Janitor(const std::string& store_id = "") {
    return BlobJanitor(options_, store_id, *stores_->opened.database, *stores_->blobs, clock_);
  }
  std::string Put(const std::string& bytes) { return stores_->blobs->Put(bytes).value().id; }
  bool InPlace(const std::string& blob_id) {
    return std::filesystem::exists(folder_.path() + "/blobs/" + blob_id.substr(0, 2) + "/" +
                                   blob_id);
  }

  BlobJanitorOptions options_;
};

TEST_F(BlobJanitorTest, TakesOnlyWhatNoRowNames) {
  AddFilm("1.2.3");
  const int64_t analysis = AnalyzeNext();
  Instance film = stores_->instances.FindBySopInstanceUid(Uid::Parse("1.2.3").value()).value();
  const std::string received = film.blob_id;
  const StoredAnalysis stored = stores_->results.Get(analysis).value();
  film.sha256 = std::string(64, '7');
  film.blob_id = Put("other bytes under its UID");
  ASSERT_THAT(stores_->quarantine.Add(film), IsOkAndHolds(QuarantineOutcome::kAdded));
  const std::string orphan = Put("left by a crash");
  BlobJanitor janitor = Janitor();

  janitor.SweepOnce();

  EXPECT_FALSE(InPlace(orphan));
  EXPECT_THAT(stores_->blobs->PathOf(orphan), IsOk()) << "it can come back";
  EXPECT_TRUE(InPlace(received));
  EXPECT_TRUE(InPlace(film.blob_id)) << "in the quarantine";
  EXPECT_TRUE(InPlace(stored.derived.at(0).derived.blob_id));
  EXPECT_TRUE(InPlace(stored.analysis.display_blob_id));

  const int64_t entry = stores_->quarantine.List(1, 0)->front().id;
  ASSERT_THAT(stores_->quarantine.Remove(entry), IsOk());
  janitor.SweepOnce();
  EXPECT_FALSE(InPlace(film.blob_id)) << "what a crash after the removal leaves";
}

TEST_F(BlobJanitorTest, TooManyFilesWithoutARowAreAnAlarmUntilTheyAreFewer) {
  options_.settings.max_files = 1;
  const std::string first = Put("film");
  const std::string second = Put("film");
  BlobJanitor janitor = Janitor();
  EXPECT_THAT(janitor.Health(), IsOk()) << "nobody looked yet";

  janitor.SweepOnce();

  EXPECT_THAT(janitor.Health(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                         AllOf(HasSubstr("2 of 2"), HasSubstr("camnodectl adopt"),
                                               HasSubstr("storage.sweep_max_files"))));
  EXPECT_TRUE(janitor.report().refused);
  EXPECT_TRUE(InPlace(first) && InPlace(second));

  ASSERT_THAT(stores_->blobs->Remove(first), IsOk());
  janitor.SweepOnce();
  EXPECT_THAT(janitor.Health(), IsOk());
  EXPECT_EQ(janitor.report().in_trash, 1);
}

TEST_F(BlobJanitorTest, ADatabaseOfAnotherStoreIsNotBelieved) {
  const std::string blob = Put("film");
  BlobJanitor janitor = Janitor(std::string(32, '0'));

  janitor.SweepOnce();

  EXPECT_TRUE(InPlace(blob));
  EXPECT_EQ(janitor.report().blobs, 0) << "it did not even look";
}

}  // namespace
}  // namespace camnode
