#include "services/ctl/doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/time/time.h"

namespace camnode {
namespace {

using ::testing::HasSubstr;
using Verdict = Diagnosis::Verdict;

constexpr int64_t kNowSeconds = 1'700'000'000;

class CtlDoctorTest : public ::testing::Test {
 protected:
  CtlDoctorTest() {
    status_.set_free_bytes(int64_t{100} << 30);
    v1::WorkerStatus& worker = *status_.add_workers();
    worker.set_name("worker-1");
    worker.set_device("cpu");
    worker.set_ready(true);
    worker.mutable_heartbeat_time()->set_seconds(kNowSeconds - 1);
  }

  std::vector<Diagnosis> Run(const std::vector<AskedPart>& parts = {}) const {
    return Diagnose(status_, parts, absl::FromUnixSeconds(kNowSeconds));
  }

  Diagnosis Of(const std::string& part) const {
    for (const Diagnosis& diagnosis : Run()) {
      if (diagnosis.part == part) return diagnosis;
    }
    ADD_FAILURE() << "nothing said of " << part;
    return {};
  }

  v1::GetStatusResponse status_;
};

TEST_F(CtlDoctorTest, FindsAHealthyNodeHealthy) {
  for (const Diagnosis& diagnosis : Run({{"", Health::kServing}})) {
    EXPECT_EQ(diagnosis.verdict, Verdict::kWell) << diagnosis.sentence;
  }
  EXPECT_TRUE(AllWell(Run()));
}

TEST_F(CtlDoctorTest, AWorkerThatIsSilentIsNoWorker) {
  status_.mutable_workers(0)->mutable_heartbeat_time()->set_seconds(kNowSeconds - 31);

  EXPECT_EQ(Of("workers").verdict, Verdict::kIll);
  EXPECT_THAT(Of("workers").sentence, HasSubstr("silent for 31 s"));
  EXPECT_FALSE(AllWell(Run()));
}

TEST_F(CtlDoctorTest, AWorkerThatIsNotReadyIsNoWorker) {
  status_.mutable_workers(0)->set_ready(false);
  EXPECT_EQ(Of("workers").verdict, Verdict::kIll);
  status_.clear_workers();
  EXPECT_EQ(Of("workers").verdict, Verdict::kIll);
}

TEST_F(CtlDoctorTest, OneSilentWorkerAmongTwoIsWorthALook) {
  *status_.add_workers() = status_.workers(0);
  status_.mutable_workers(1)->mutable_heartbeat_time()->set_seconds(kNowSeconds - 120);
  EXPECT_EQ(Of("workers").verdict, Verdict::kLook);
}

TEST_F(CtlDoctorTest, AFilmThatWaitsTooLongIsIllAndALongQueueIsNot) {
  status_.set_queued_jobs(10'000);
  status_.mutable_oldest_unfinished_age()->set_seconds(300);
  EXPECT_EQ(Of("queue").verdict, Verdict::kWell);
  status_.mutable_oldest_unfinished_age()->set_seconds(301);
  EXPECT_EQ(Of("queue").verdict, Verdict::kIll);
}

TEST_F(CtlDoctorTest, WhatWaitsForAHumanIsWorthALook) {
  status_.set_buried_jobs(2);
  v1::DestinationStatus& destination = *status_.add_destinations();
  destination.set_name("pacs");
  destination.set_buried(1);
  status_.set_free_bytes(int64_t{4} << 30);

  EXPECT_EQ(Of("set aside").verdict, Verdict::kLook);
  EXPECT_EQ(Of("to pacs").verdict, Verdict::kLook);
  EXPECT_EQ(Of("free disk").verdict, Verdict::kLook);
  EXPECT_TRUE(AllWell(Run())) << "a look is no illness";
}

TEST_F(CtlDoctorTest, BelievesAPartThatSaysItIsNotWell) {
  const std::vector<Diagnosis> diagnoses = Run({{"camnode.dicom", Health::kNotServing}});
  EXPECT_EQ(diagnoses[0].part, "dicom");
  EXPECT_EQ(diagnoses[0].verdict, Verdict::kIll);
  EXPECT_THAT(DiagnosesText(diagnoses), HasSubstr("ILL   dicom"));
  EXPECT_THAT(DiagnosesJson(diagnoses), HasSubstr("\"healthy\":false"));
}

}  // namespace
}  // namespace camnode
