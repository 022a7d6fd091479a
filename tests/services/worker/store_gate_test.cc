// A worker without its blobs touches no film, and says why.

#include "services/worker/store_gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/storage/sql/open_database.h"
#include "core/storage/store_identity.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temporary_directory.h"

namespace camnode {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class StoreGateTest : public ::testing::Test {
 protected:
  StoreGateTest()
      : opened_(OpenDatabase(absl::StrCat("sqlite:", directory_.path(), "/camnode.db"),
                             directory_.path())
                    .value()) {}

  SqlDatabase& database() { return *opened_.database; }
  void Unmount() {
    std::filesystem::rename(blobs_, blobs_ + ".away");
    std::filesystem::create_directory(blobs_);
  }
  void Mount() {
    std::filesystem::remove(blobs_);
    std::filesystem::rename(blobs_ + ".away", blobs_);
  }

  TemporaryDirectory directory_;
  const std::string blobs_ = directory_.path() + "/blobs";
  OpenedDatabase opened_;
  FakeClock clock_;
};

TEST_F(StoreGateTest, NothingIsMadeBeforeTheNodeHasNamedTheStore) {
  ASSERT_THAT(Migrate(database()), IsOk());
  EXPECT_THAT(OpenWorkerStore(database(), blobs_).status(),
              StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_FALSE(std::filesystem::exists(blobs_));

  const std::string id = JoinStore(database(), "", blobs_)->store_id;
  EXPECT_EQ(OpenWorkerStore(database(), blobs_)->store_id, id);
}

TEST_F(StoreGateTest, AVolumeThatIsNotMountedYetIsWaitedFor) {
  ASSERT_THAT(JoinStore(database(), "", blobs_), IsOk());
  Unmount();
  EXPECT_THAT(OpenWorkerStore(database(), blobs_).status(),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("mounted")));
  EXPECT_TRUE(std::filesystem::is_empty(blobs_));
  Mount();
  EXPECT_THAT(OpenWorkerStore(database(), blobs_), IsOk());
}

TEST_F(StoreGateTest, EachChangeIsToldOnce) {
  ASSERT_THAT(JoinStore(database(), "", blobs_), IsOk());
  const WorkerStore store = OpenWorkerStore(database(), blobs_).value();
  std::vector<absl::StatusCode> told;
  StoreGate gate(store, database(), clock_,
                 [&](const absl::Status& now) { told.push_back(now.code()); });
  EXPECT_THAT(gate.Check(), IsOk());
  EXPECT_THAT(gate.Check(), IsOk());

  Unmount();
  EXPECT_THAT(gate.Check(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(gate.Check(), StatusIs(absl::StatusCode::kUnavailable));

  Mount();
  EXPECT_THAT(gate.Check(), IsOk());
  EXPECT_THAT(told, ElementsAre(absl::StatusCode::kOk, absl::StatusCode::kUnavailable,
                                absl::StatusCode::kOk));
}

// As to a confined worker, whose rights are to folders that are no more.
TEST_F(StoreGateTest, AVolumeThatIsBackWhereThisProcessMayNotWriteIsTold) {
  ASSERT_THAT(JoinStore(database(), "", blobs_), IsOk());
  const WorkerStore store = OpenWorkerStore(database(), blobs_).value();
  StoreGate gate(store, database(), clock_, [](const absl::Status&) {});
  ASSERT_THAT(gate.Check(), IsOk());
  Unmount();
  ASSERT_THAT(gate.Check(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_FALSE(gate.rights_lost()) << "it is not back yet";

  Mount();
  std::filesystem::remove(blobs_ + "/part/worker");
  EXPECT_THAT(gate.Check(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_TRUE(gate.rights_lost());
}

// A server's database can be replaced under a worker that goes on.
TEST_F(StoreGateTest, ADatabaseThatBecameAnothersIsNoticedWithinSeconds) {
  ASSERT_THAT(JoinStore(database(), "", blobs_), IsOk());
  const WorkerStore store = OpenWorkerStore(database(), blobs_).value();
  StoreGate gate(store, database(), clock_, [](const absl::Status&) {});
  ASSERT_THAT(gate.Check(), IsOk());
  ASSERT_THAT(database().Write([](SqlTransaction& transaction) {
    return transaction.Execute("UPDATE store_identity SET store_id = 'another'", {}).status();
  }),
              IsOk());

  clock_.Advance(absl::Seconds(5));

  EXPECT_THAT(gate.Check(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("'another'")));
}

}  // namespace
}  // namespace camnode
