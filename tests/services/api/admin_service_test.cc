
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/base/sha256.h"
#include "core/domain/instance.h"
#include "core/domain/job.h"
#include "core/domain/uid.h"
#include "core/storage/outbox.h"
#include "core/storage/quarantine.h"
#include "core/storage/worker_registry.h"
#include "tests/services/service_fixture.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

constexpr char kRequestId[] = "01234567-89ab-cdef-0123-456789abcdef";

class AdminServiceTest : public ServiceTest {
 protected:
  grpc::Status Requeue(int64_t job, const std::string& request_id) {
    grpc::ClientContext context;
    v1::RequeueJobRequest request;
    request.set_job_id(job);
    request.set_request_id(request_id);
    v1::RequeueJobResponse response;
    return admin_->RequeueJob(&context, request, &response);
  }
};

TEST_F(AdminServiceTest, StatusCountsQueueWorkersAndDestinations) {
  AddFilm("1.2.1");
  AnalyzeNext();
  AddFilm("1.2.2");
  BuryNext("broken");
  AddFilm("1.2.3");
  WorkerRecord worker;
  worker.name = "worker-0";
  worker.pid = 42;
  worker.ready = true;
  ASSERT_THAT(stores_->workers.Beat(worker), IsOk());
  ASSERT_THAT(stores_->oldest_unfinished.Age(), IsOk());
  const int64_t came_seconds = ToUnixMs(clock_.Now()) / 1000;
  clock_.Advance(absl::Milliseconds(2500));
  clock_.StepWallClock(-absl::Hours(24));

  grpc::ClientContext context;
  v1::GetStatusResponse status;
  ASSERT_TRUE(admin_->GetStatus(&context, {}, &status).ok());

  EXPECT_EQ(status.queued_jobs(), 1);
  EXPECT_EQ(status.buried_jobs(), 1);
  EXPECT_EQ(status.oldest_queued_time().seconds(), came_seconds);
  EXPECT_EQ(status.oldest_unfinished_age().seconds(), 2);
  EXPECT_EQ(status.oldest_unfinished_age().nanos(), 500'000'000);
  ASSERT_EQ(status.workers_size(), 1);
  EXPECT_EQ(status.workers(0).pid(), 42);
  ASSERT_EQ(status.destinations_size(), 1);
  EXPECT_EQ(status.destinations(0).queued(), 1);
  EXPECT_GT(status.free_bytes(), 0);
}

TEST_F(AdminServiceTest, PagesThroughFilmsSetAside) {
  for (int i = 1; i <= 3; ++i) {
    AddFilm(absl::StrCat("1.2.", i));
    BuryNext(absl::StrCat("reason ", i));
  }
  v1::ListBuriedInstancesRequest request;
  request.set_page_size(2);
  std::vector<std::string> reasons;
  v1::ListBuriedInstancesResponse response;
  do {
    grpc::ClientContext context;
    response.Clear();
    ASSERT_TRUE(admin_->ListBuriedInstances(&context, request, &response).ok());
    for (const auto& film : response.instances()) {
      EXPECT_EQ(film.state(), v1::INSTANCE_STATE_BURIED);
      reasons.push_back(film.last_error());
    }
    request.set_page_token(response.next_page_token());
  } while (!response.next_page_token().empty());

  ASSERT_EQ(reasons.size(), 3);
  EXPECT_THAT(reasons.front(), ::testing::HasSubstr("reason 3"));
}

TEST_F(AdminServiceTest, ListsQuarantinedFilmsAndRemovesOneWithItsBytes) {
  for (int i = 1; i <= 3; ++i) {
    const std::string uid = absl::StrCat("1.2.", i);
    AddFilm(uid);
    Instance other = stores_->instances.FindBySopInstanceUid(Uid::Parse(uid).value()).value();
    other.sha256 = std::string(64, static_cast<char>('0' + i));
    other.blob_id = stores_->blobs->Put(uid).value().id;
    ASSERT_THAT(stores_->quarantine.Add(other), IsOkAndHolds(QuarantineOutcome::kAdded));
  }
  v1::ListQuarantinedInstancesRequest request;
  request.set_page_size(2);
  std::vector<v1::QuarantinedInstance> films;
  v1::ListQuarantinedInstancesResponse response;
  do {
    grpc::ClientContext context;
    response.Clear();
    ASSERT_TRUE(admin_->ListQuarantinedInstances(&context, request, &response).ok());
    films.insert(films.end(), response.instances().begin(), response.instances().end());
    request.set_page_token(response.next_page_token());
  } while (!response.next_page_token().empty());
  ASSERT_EQ(films.size(), 3);
  EXPECT_EQ(films.front().sop_instance_uid(), "1.2.3") << "newest first";
  EXPECT_EQ(films.front().sha256(), std::string(64, '3'));
  EXPECT_EQ(films.front().stored_sha256(), Sha256Hex("1.2.3"));
  EXPECT_EQ(films.front().calling_ae_title(), "SENDER");

  const auto remove = [&](int64_t id, const std::string& request_id) {
    grpc::ClientContext context;
    v1::RemoveQuarantinedInstanceRequest wanted;
    wanted.set_quarantine_id(id);
    wanted.set_request_id(request_id);
    v1::RemoveQuarantinedInstanceResponse nothing;
    return admin_->RemoveQuarantinedInstance(&context, wanted, &nothing);
  };
  EXPECT_TRUE(remove(films[0].quarantine_id(), kRequestId).ok());
  EXPECT_TRUE(remove(films[0].quarantine_id(), kRequestId).ok()) << "after a lost answer";
  EXPECT_THAT(remove(films[0].quarantine_id(), ""),
              FailsWith(grpc::StatusCode::NOT_FOUND, "QUARANTINED_NOT_FOUND"));
  EXPECT_THAT(stores_->blobs->PathOf(films[0].blob_id()), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(stores_->blobs->PathOf(films[1].blob_id()), IsOk());

  grpc::ClientContext context;
  v1::GetStatusResponse status;
  ASSERT_TRUE(admin_->GetStatus(&context, {}, &status).ok());
  EXPECT_EQ(status.quarantined_instances(), 2);
}

TEST_F(AdminServiceTest, RequeueingIsDoneOnceAndMayBeRepeatedAfterALostAnswer) {
  AddFilm("1.2.1");
  const int64_t job = BuryNext("broken");

  EXPECT_TRUE(Requeue(job, kRequestId).ok());
  EXPECT_EQ(stores_->jobs.Get(job)->state, JobState::kQueued);
  EXPECT_TRUE(Requeue(job, kRequestId).ok());
  EXPECT_THAT(Requeue(job, ""), FailsWith(grpc::StatusCode::FAILED_PRECONDITION, "NOT_BURIED"));
  EXPECT_THAT(Requeue(999, ""), FailsWith(grpc::StatusCode::NOT_FOUND, "JOB_NOT_FOUND"));
  EXPECT_THAT(Requeue(job, "x"), FailsWith(grpc::StatusCode::INVALID_ARGUMENT, "INVALID_FIELD"));
}

TEST_F(AdminServiceTest, ADeliverySetAsideGoesBackToTheQueue) {
  AddFilm("1.2.1");
  AnalyzeNext();
  std::vector<DeliveryLease> leases = stores_->outbox.Lease("pacs", 1).value();
  ASSERT_EQ(leases.size(), 1);
  v1::RequeueDeliveryRequest request;
  request.set_delivery_id(leases.front().delivery().id);
  ASSERT_THAT(std::move(leases.front()).Bury(0x0124, absl::PermissionDeniedError("no")), IsOk());

  grpc::ClientContext context;
  v1::RequeueDeliveryResponse response;
  EXPECT_TRUE(admin_->RequeueDelivery(&context, request, &response).ok());
  EXPECT_EQ(stores_->outbox.Lease("pacs", 1).value().size(), 1);
}

TEST_F(AdminServiceTest, AdoptionWantsAKnownWorkflowAndCountsWhatItFinds) {
  AddFilm("1.2.1");
  v1::AdoptFilmsRequest request;
  request.set_dry_run(true);
  v1::AdoptFilmsResponse response;
  {
    grpc::ClientContext context;
    EXPECT_TRUE(admin_->AdoptFilms(&context, request, &response).ok());
    EXPECT_EQ(response.unnamed(), 0);
  }
  request.set_workflow("nobody's");
  grpc::ClientContext context;
  EXPECT_THAT(admin_->AdoptFilms(&context, request, &response),
              FailsWith(grpc::StatusCode::INVALID_ARGUMENT, "INVALID_FIELD"));
}

}  // namespace
}  // namespace camnode
