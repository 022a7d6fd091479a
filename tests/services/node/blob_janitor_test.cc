// What the sweep leaves and what it takes.

#include "services/node/blob_janitor.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "core/domain/instance.h"
#include "core/domain/uid.h"
#include "tests/services/service_fixture.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

class BlobJanitorTest : public ServiceTest {
 protected:
  std::string Put(const std::string& bytes) { return stores_->blobs->Put(bytes).value().id; }
  bool IsThere(const std::string& blob_id) { return stores_->blobs->PathOf(blob_id).ok(); }
};

TEST_F(BlobJanitorTest, TakesOnlyWhatNoRowNames) {
  AddFilm("1.2.3");
  const int64_t analysis = AnalyzeNext();
  Instance film = stores_->instances.FindBySopInstanceUid(Uid::Parse("1.2.3").value()).value();
  const StoredAnalysis stored = stores_->results.Get(analysis).value();
  film.sha256 = std::string(64, '7');
  film.blob_id = Put("other bytes under its UID");
  ASSERT_THAT(stores_->quarantine.Add(film), IsOkAndHolds(QuarantineOutcome::kAdded));
  const std::string orphan = Put("left by a crash");

  BlobJanitorOptions options;
  options.min_age = absl::ZeroDuration();
  BlobJanitor janitor(options, *stores_->blobs, stores_->instances, stores_->quarantine,
                      stores_->results);
  janitor.SweepOnce();

  EXPECT_FALSE(IsThere(orphan));
  EXPECT_TRUE(IsThere(film.blob_id)) << "in the quarantine";
  EXPECT_TRUE(IsThere(stored.derived.at(0).derived.blob_id));
  EXPECT_TRUE(IsThere(stored.analysis.display_blob_id));

  const int64_t entry = stores_->quarantine.List(1, 0)->front().id;
  ASSERT_THAT(stores_->quarantine.Remove(entry), IsOk());
  janitor.SweepOnce();
  EXPECT_FALSE(IsThere(film.blob_id)) << "what a crash after the removal leaves";
}

}  // namespace
}  // namespace camnode
