#include "services/node/health_reporter.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <map>

#include "services/node/http_server.h"
#include "tests/services/service_fixture.h"
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
                   {"camnode.worker", false, [this] { return worker_; }}}) {
    reporter_.ReportTo(&service_);
  }

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

TEST_F(HealthReporterTest, TheJsonNamesEveryPartAndItsReason) {
  worker_ = absl::UnavailableError("say \"hello\"");
  reporter_.Check();

  EXPECT_EQ(HealthJson(reporter_.Report()),
            "{\"status\":\"serving\",\"parts\":{\"camnode.storage\":{\"status\":\"serving\"},"
            "\"camnode.worker\":{\"status\":\"not_serving\",\"reason\":\"say "
            "\\\"hello\\\"\"}}}\n");
}

TEST_F(ServiceTest, AWorkerCountsWhileItsHeartbeatIsFreshAndItIsReady) {
  const auto check = [this] { return CheckWorkers(stores_->workers, clock_, absl::Seconds(10)); };
  EXPECT_THAT(check(), StatusIs(absl::StatusCode::kUnavailable));

  WorkerRecord worker;
  worker.name = "worker-0";
  ASSERT_THAT(stores_->workers.Beat(worker), IsOk());
  EXPECT_THAT(check(), StatusIs(absl::StatusCode::kUnavailable)) << "it still loads its models";

  worker.ready = true;
  ASSERT_THAT(stores_->workers.Beat(worker), IsOk());
  clock_.Advance(absl::Seconds(10));
  EXPECT_THAT(check(), IsOk());
  clock_.Advance(absl::Milliseconds(1));
  EXPECT_THAT(check(), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("1 known")));
}

}  // namespace
}  // namespace camnode
