// Ready means: what comes now can be kept.

#include "core/storage/storage_probe.h"

#include <cerrno>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "tests/core/storage/storage_fixture.h"
#include "tests/testing/faulty_file_calls.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

class StorageProbeTest : public StorageTest {
 protected:
  void SetUp() override {
    StorageTest::SetUp();
    absl::StatusOr<std::unique_ptr<BlobStore>> store =
        BlobStore::Open(directory_.path() + "/blobs", calls_);
    ASSERT_THAT(store, IsOk());
    blobs_ = *std::move(store);
    calls_.ClearLog();
    probe_ = std::make_unique<StorageProbe>(StorageProbeOptions{absl::Seconds(2)}, database(),
                                            *blobs_, clock_);
  }

  int64_t Probes() { return AskInt("SELECT probes FROM storage_probe"); }

  FaultyFileCalls calls_;
  std::unique_ptr<BlobStore> blobs_;
  std::unique_ptr<StorageProbe> probe_;
};

TEST_P(StorageProbeTest, WritesSyncsAndRemovesAFileAndCommitsARow) {
  EXPECT_THAT(probe_->Check(), IsOk());
  ASSERT_EQ(calls_.log().size(), 4u);
  EXPECT_EQ(calls_.log()[1], "write");
  EXPECT_EQ(calls_.log()[2], "fsync");
  EXPECT_EQ(calls_.log()[3].substr(0, 6), "unlink");
  EXPECT_EQ(Probes(), 1);
}

TEST_P(StorageProbeTest, GoodNewsHoldsForTheInterval) {
  EXPECT_THAT(probe_->Check(), IsOk());
  clock_.Advance(absl::Milliseconds(1999));
  EXPECT_THAT(probe_->Check(), IsOk());
  EXPECT_EQ(Probes(), 1);
  clock_.Advance(absl::Milliseconds(1));
  EXPECT_THAT(probe_->Check(), IsOk());
  EXPECT_EQ(Probes(), 2);
}

TEST_P(StorageProbeTest, GoodNewsHoldsAsLongWhateverTheDateIsSetTo) {
  EXPECT_THAT(probe_->Check(), IsOk());
  clock_.StepWallClock(absl::Hours(2));
  EXPECT_THAT(probe_->Check(), IsOk());
  clock_.StepWallClock(-absl::Hours(3));
  EXPECT_THAT(probe_->Check(), IsOk());
  EXPECT_EQ(Probes(), 1);
  clock_.Advance(absl::Seconds(2));
  EXPECT_THAT(probe_->Check(), IsOk());
  EXPECT_EQ(Probes(), 2);
}

TEST_P(StorageProbeTest, BadNewsIsProbedAgainAtOnce) {
  for (const char* step : {"open", "write", "fsync"}) {
    calls_.FailOnce(step, EROFS);
    clock_.Advance(absl::Seconds(2));
    EXPECT_THAT(probe_->Check(), StatusIs(absl::StatusCode::kUnavailable)) << step;
    EXPECT_THAT(probe_->Check(), IsOk()) << step;
  }
}

TEST_P(StorageProbeTest, ADatabaseThatDoesNotCommitIsBadNews) {
  ASSERT_THAT(Execute("DROP TABLE storage_probe"), IsOk());
  EXPECT_THAT(probe_->Check(), StatusIs(absl::StatusCode::kInternal));
}

CAMNODE_TEST_ON_ALL_DATABASES(StorageProbeTest);

}  // namespace
}  // namespace camnode
