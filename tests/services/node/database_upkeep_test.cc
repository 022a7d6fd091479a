// What goes on for the database beside the work.

#include "services/node/database_upkeep.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <ios>
#include <string>
#include <thread>

#include "absl/time/time.h"
#include "core/base/stopwatch.h"
#include "core/storage/sql/sql_database.h"
#include "tests/services/service_fixture.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::HasSubstr;

// How long a test waits for what must come before it says that it did not.
constexpr absl::Duration kPatience = absl::Seconds(20);

class DatabaseUpkeepTest : public ServiceTest {
 protected:
  DatabaseUpkeepTest() { options_.database_uri = "sqlite:" + copy_; }

  // The database as it is, while nobody writes; `bytes` in place of it if there are any.
  void CopyDatabase(const std::string& bytes) {
    ASSERT_THAT(stores_->opened.database->Write([this](SqlTransaction&) {
      std::filesystem::copy_file(folder_.path() + "/camnode.db", copy_);
      std::filesystem::copy_file(folder_.path() + "/camnode.db-wal", copy_ + "-wal");
      return absl::OkStatus();
    }),
                IsOk());
    if (bytes.empty()) return;
    std::filesystem::remove(copy_ + "-wal");
    std::ofstream(copy_, std::ios::binary) << bytes;
  }

  const std::string copy_ = folder_.path() + "/copy.db";
  DatabaseUpkeepOptions options_;
};

TEST_F(DatabaseUpkeepTest, DamageIsFoundBesideTheWork) {
  CopyDatabase("no database, although it has bytes");
  DatabaseUpkeep upkeep(options_, stores_->workers);
  EXPECT_THAT(upkeep.Integrity(), IsOk()) << "nobody has looked";

  upkeep.Start();

  const Deadline deadline(kPatience);
  while (upkeep.Integrity().ok() && !deadline.Expired()) std::this_thread::yield();
  EXPECT_THAT(upkeep.Integrity(),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr(copy_ + " is damaged")));
}

TEST_F(DatabaseUpkeepTest, AWorkerThatDiedWithItsHostIsForgotten) {
  CopyDatabase("");
  WorkerRecord gone;
  gone.name = "worker-of-a-pod";
  ASSERT_THAT(stores_->workers.Beat(gone), IsOk());
  clock_.Advance(absl::Hours(25));
  DatabaseUpkeep upkeep(options_, stores_->workers);

  upkeep.Start();

  const Deadline deadline(kPatience);
  while (!stores_->workers.List()->empty() && !deadline.Expired()) std::this_thread::yield();
  EXPECT_TRUE(stores_->workers.List()->empty());
  upkeep.Stop();
  EXPECT_THAT(upkeep.Integrity(), IsOk());
}

}  // namespace
}  // namespace camnode
