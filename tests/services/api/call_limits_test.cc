// A call's deadline and its end reach the database, and calls that wait there keep
// nobody else from it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "core/base/mutex.h"
#include "core/base/stopwatch.h"
#include "core/storage/sql/read_limits.h"
#include "core/storage/sql/sql_database.h"
#include "tests/services/service_fixture.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

// How long a test waits for what must come before it says that it did not.
constexpr absl::Duration kPatience = absl::Seconds(20);

class CallLimitsTest : public ServiceTest {
 protected:
  void SetUp() override {
    ServiceTest::SetUp();
    AddFilm("1.2.3");
  }

  void TearDown() override {
    {
      MutexLock lock(&mutex_);
      released_ = true;
      changed_.SignalAll();
    }
    for (std::thread& thread : holders_) thread.join();
  }

  // Takes every connection that viewers have, until the test ends.
  void HoldViewersConnections() {
    SqlDatabase& queries = *stores_->opened.queries;
    for (int held = 0; held < 100; ++held) {
      ReadLimits limits;
      limits.longest_read = absl::Milliseconds(200);
      {
        const ScopedReadLimits hasty(limits);
        if (!ReadRows(queries, "SELECT 1", {}).ok()) return;
      }
      holders_.emplace_back([this, &queries] {
        EXPECT_THAT(queries.Read([this](SqlTransaction&) {
          MutexLock lock(&mutex_);
          ++held_;
          changed_.SignalAll();
          while (!released_) changed_.Wait(&mutex_);
          return absl::OkStatus();
        }),
                    IsOk());
      });
      const Deadline deadline(kPatience);
      MutexLock lock(&mutex_);
      while (held_ <= held && !deadline.Expired()) {
        changed_.WaitWithTimeout(&mutex_, deadline.Remaining());
      }
    }
    FAIL() << "viewers have no limit";
  }

  // How often ListStudies ended with this code.
  bool Counted(const std::string& code) const {
    const std::string line =
        absl::StrCat("camnode_rpc_total{method=\"ListStudies\",code=\"", code, "\"} 1");
    for (const absl::string_view one : absl::StrSplit(metrics_.Text(), '\n')) {
      if (one == line) return true;
    }
    return false;
  }

  Mutex mutex_;
  CondVar changed_;
  int held_ ABSL_GUARDED_BY(mutex_) = 0;
  bool released_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> holders_;
};

TEST_F(CallLimitsTest, ACallThatIsCancelledStopsWaitingForTheDatabase) {
  HoldViewersConnections();
  grpc::ClientContext context;
  grpc::Status ended;
  std::thread caller([&] {
    v1::ListStudiesResponse response;
    ended = results_->ListStudies(&context, v1::ListStudiesRequest(), &response);
  });
  context.TryCancel();
  caller.join();
  EXPECT_EQ(ended.error_code(), grpc::StatusCode::CANCELLED);

  grpc::ClientContext later;
  later.set_deadline(Deadline(absl::Milliseconds(300)).AsDate());
  v1::ListStudiesResponse response;
  const grpc::Status late = results_->ListStudies(&later, v1::ListStudiesRequest(), &response);
  EXPECT_EQ(late.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  // The server's thread, too, is free again, long before its own limit of ten seconds.
  const Deadline deadline(absl::Seconds(5));
  while (!Counted("CANCELLED") && !Counted("RESOURCE_EXHAUSTED") && !deadline.Expired()) {
    std::this_thread::yield();
  }
  EXPECT_TRUE(Counted("CANCELLED") || Counted("RESOURCE_EXHAUSTED")) << metrics_.Text();
}

TEST_F(CallLimitsTest, ReceptionAndLeasingGoOnWhileViewersWait) {
  HoldViewersConnections();
  EXPECT_THAT(stores_->jobs.CountQueued(), IsOkAndHolds(1));
  AnalyzeNext();
  AddFilm("1.2.4");
  EXPECT_THAT(stores_->events.LastNumber(), IsOkAndHolds(1));
}

}  // namespace
}  // namespace camnode
