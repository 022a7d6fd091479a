#include "core/storage/worker_registry.h"

#include "absl/time/time.h"
#include "tests/core/storage/storage_fixture.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

class WorkerRegistryTest : public StorageTest {};
CAMNODE_TEST_ON_ALL_DATABASES(WorkerRegistryTest);

TEST_P(WorkerRegistryTest, ABeatReplacesTheRecordOfItsName) {
  WorkerRegistry registry(database(), clock_);
  WorkerRecord record;
  record.name = "worker-0@host";
  record.pid = 17;
  record.device = "cpu";
  record.version = "0.1.0";
  record.started_ms = 5;
  ASSERT_THAT(registry.Beat(record), IsOk());
  clock_.Advance(absl::Seconds(3));
  record.ready = true;
  record.model_set = "models-1";
  record.longest_step_ms = 250;
  ASSERT_THAT(registry.Beat(record), IsOk());

  const absl::StatusOr<std::vector<WorkerRecord>> workers = registry.List();
  ASSERT_THAT(workers, IsOk());
  ASSERT_EQ(workers->size(), 1u);
  EXPECT_EQ(workers->at(0).name, "worker-0@host");
  EXPECT_EQ(workers->at(0).pid, 17);
  EXPECT_EQ(workers->at(0).device, "cpu");
  EXPECT_EQ(workers->at(0).model_set, "models-1");
  EXPECT_TRUE(workers->at(0).ready);
  EXPECT_EQ(workers->at(0).started_ms, 5);
  EXPECT_EQ(workers->at(0).longest_step_ms, 250);
  EXPECT_EQ(workers->at(0).heartbeat_ms, ToUnixMs(clock_.Now()));
  EXPECT_EQ(workers->at(0).silence_ms, 0);
  clock_.Advance(absl::Seconds(7));
  EXPECT_EQ(registry.List()->at(0).silence_ms, 7000);

  ASSERT_THAT(registry.Remove("worker-0@host"), IsOk());
  EXPECT_TRUE(registry.List()->empty());
}

TEST_P(WorkerRegistryTest, AWorkerThatWasSilentForADayIsForgotten) {
  WorkerRegistry registry(database(), clock_);
  WorkerRecord gone;
  gone.name = "worker-of-a-pod";
  WorkerRecord living;
  living.name = "worker-0";
  ASSERT_THAT(registry.Beat(gone), IsOk());
  clock_.Advance(absl::Hours(23));
  ASSERT_THAT(registry.Beat(living), IsOk());
  EXPECT_THAT(registry.RemoveSilent(absl::Hours(24)), IsOkAndHolds(0));
  clock_.Advance(absl::Hours(2));

  EXPECT_THAT(registry.RemoveSilent(absl::Hours(24)), IsOkAndHolds(1));

  ASSERT_EQ(registry.List()->size(), 1u);
  EXPECT_EQ(registry.List()->front().name, "worker-0");
}

}  // namespace
}  // namespace camnode
