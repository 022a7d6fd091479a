#include "services/node/health_reporter.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <future>
#include <map>
#include <thread>

#include "core/base/mutex.h"
#include "services/node/http_server.h"
#include "tests/services/service_fixture.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::HasSubstr;

// What a health service was told last, by name.
class ToldHealth final : public grpc::HealthCheckServiceInterface {
 public:
  void SetServingStatus(const std::string& name, bool serving) override { told[name] = serving; }
  void SetServingStatus(bool serving) override { SetServingStatus("", serving); }

  std::map<std::string, bool> told;
};

class HealthReporterTest : public ::testing::Test {
 protected:
  HealthReporterTest()
      : reporter_({{"camnode.storage", true, [this] { return storage_; }},
                   {"camnode.worker", false, [this] { return worker_; }}},
                  clock_) {
    reporter_.ReportTo(&service_);
  }

  FakeClock clock_;
  absl::Status storage_;
  absl::Status worker_;
  ToldHealth service_;
  HealthReporter reporter_;
};

TEST_F(HealthReporterTest, NothingServesBeforeItWasChecked) {
  EXPECT_FALSE(service_.told.at(""));
  EXPECT_FALSE(service_.told.at("camnode.storage"));
  EXPECT_FALSE(reporter_.Report().serving);
}

TEST_F(HealthReporterTest, WithoutAWorkerTheNodeStillReceives) {
  worker_ = absl::UnavailableError("none");
  reporter_.Check();

  EXPECT_TRUE(service_.told.at(""));
  EXPECT_FALSE(service_.told.at("camnode.worker"));
  EXPECT_TRUE(service_.told.at("camnode.storage"));
}

TEST_F(HealthReporterTest, WithoutStorageNothingWorksUntilItComesBack) {
  storage_ = absl::UnavailableError("locked");
  reporter_.Check();
  EXPECT_FALSE(service_.told.at(""));
  EXPECT_EQ(reporter_.Report().parts[0].reason, "locked");

  storage_ = absl::OkStatus();
  reporter_.Check();
  EXPECT_TRUE(service_.told.at(""));
}

TEST_F(HealthReporterTest, ADrainingNodeServesNothingWhateverItsPartsSay) {
  reporter_.Check();
  reporter_.StartDraining();
  reporter_.Check();

  for (const auto& [name, serving] : service_.told) EXPECT_FALSE(serving) << name;
  EXPECT_FALSE(reporter_.Report().serving);
}

// A check that never ends, as of a database whose processes were stopped, until it is let go.
class HangingCheck {
 public:
  absl::Status operator()() {
    MutexLock lock(&mutex_);
    hangs_ = true;
    changed_.SignalAll();
    while (!let_go_) changed_.Wait(&mutex_);
    return absl::OkStatus();
  }
  void WaitUntilItHangs() {
    MutexLock lock(&mutex_);
    while (!hangs_) changed_.Wait(&mutex_);
  }
  void LetGo() {
    MutexLock lock(&mutex_);
    let_go_ = true;
    changed_.SignalAll();
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  bool hangs_ ABSL_GUARDED_BY(mutex_) = false;
  bool let_go_ ABSL_GUARDED_BY(mutex_) = false;
};

TEST_F(HealthReporterTest, ACheckThatHangsIsToldWhateverItSaidBefore) {
  HangingCheck hanging;
  bool hang = false;
  HealthReporter reporter(
      {{"camnode.storage", true, [&] { return hang ? hanging() : absl::OkStatus(); }},
       {"camnode.worker", false, [] { return absl::OkStatus(); }}},
      clock_);
  reporter.ReportTo(&service_);
  reporter.Check();
  EXPECT_TRUE(reporter.Report().serving);

  hang = true;
  std::thread checking([&] { reporter.Check(); });
  hanging.WaitUntilItHangs();
  clock_.Advance(kCheckHangs);
  EXPECT_TRUE(reporter.Report().serving);
  clock_.Advance(absl::Seconds(6));
  reporter.Publish();

  EXPECT_FALSE(reporter.Report().serving);
  EXPECT_EQ(reporter.Report().parts[0].reason, "the check of camnode.storage hangs since 12s");
  EXPECT_FALSE(service_.told.at("camnode.storage"));
  EXPECT_TRUE(service_.told.at("camnode.worker"));
  hanging.LetGo();
  checking.join();
  EXPECT_TRUE(reporter.Report().serving) << "it came back";
}

TEST_F(HealthReporterTest, AHangingCheckKeepsNoOtherFromBeingMade) {
  HangingCheck hanging;
  std::promise<void> checked_twice;
  int checks = 0;
  HealthReporter reporter(
      {{"camnode.storage", true, [&] { return hanging(); }}, {"camnode.worker", false, [&] {
                                                                if (++checks == 2)
                                                                  checked_twice.set_value();
                                                                return absl::OkStatus();
                                                              }}});
  reporter.Start();
  hanging.WaitUntilItHangs();
  checked_twice.get_future().wait();
  EXPECT_TRUE(reporter.Report().parts[1].serving);

  hanging.LetGo();
  reporter.Stop();
}

TEST_F(HealthReporterTest, TheJsonNamesEveryPartAndItsReason) {
  worker_ = absl::UnavailableError("say \"hello\"");
  reporter_.Check();

  EXPECT_EQ(HealthJson(reporter_.Report()),
            "{\"status\":\"serving\",\"parts\":{\"camnode.storage\":{\"status\":\"serving\"},"
            "\"camnode.worker\":{\"status\":\"not_serving\",\"reason\":\"say "
            "\\\"hello\\\"\"}}}\n");
}

TEST_F(ServiceTest, AWorkerCountsWhileItsHeartbeatIsFreshAndItIsReadyAndItsStepsMove) {
  const auto check = [this] {
    return CheckWorkers(stores_->workers, absl::Seconds(10), absl::Minutes(1));
  };
  EXPECT_THAT(check(), StatusIs(absl::StatusCode::kUnavailable));

  WorkerRecord worker;
  worker.name = "worker-0";
  ASSERT_THAT(stores_->workers.Beat(worker), IsOk());
  EXPECT_THAT(check(), StatusIs(absl::StatusCode::kUnavailable)) << "it still loads its models";

  worker.ready = true;
  worker.longest_step_ms = 60'000;
  ASSERT_THAT(stores_->workers.Beat(worker), IsOk());
  clock_.Advance(absl::Seconds(10));
  EXPECT_THAT(check(), IsOk());
  clock_.Advance(absl::Milliseconds(1));
  EXPECT_THAT(check(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("1 known")));

  // It lives, it extends its leases, and its film never ends.
  worker.longest_step_ms = 62'000;
  ASSERT_THAT(stores_->workers.Beat(worker), IsOk());
  EXPECT_THAT(check(), StatusIs(absl::StatusCode::kUnavailable,
                                HasSubstr("worker-0 has been at one step for 1m2s")));
}

}  // namespace
}  // namespace camnode
