// The gRPC services on real stores (SQLite in a temporary folder), behind a real
// server on a free port of this machine.

#ifndef CAMNODE_TESTS_SERVICES_SERVICE_FIXTURE_H_
#define CAMNODE_TESTS_SERVICES_SERVICE_FIXTURE_H_

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>

#include "core/base/metrics.h"
#include "core/domain/analysis.h"
#include "core/intake/film_adopter.h"
#include "core/intake/ingest.h"
#include "core/storage/blob_names.h"
#include "core/storage/event_history.h"
#include "core/storage/job_queue.h"
#include "proto/camnode/v1/admin.grpc.pb.h"
#include "proto/camnode/v1/results.grpc.pb.h"
#include "services/api/admin_service.h"
#include "services/api/event_hub.h"
#include "services/api/grpc_server.h"
#include "services/api/results_service.h"
#include "services/api/rpc_observer.h"
#include "services/node/stores.h"
#include "tests/testing/fake_clock.h"

namespace camnode {

// A folder removed at the end.
class TestFolder {
 public:
  TestFolder();
  ~TestFolder();
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

class ServiceTest : public ::testing::Test {
 protected:
  ServiceTest();
  ~ServiceTest() override;

  // Called by SetUp's caller only to change limits; starts the server.
  void StartServer(const ResultsServiceOptions& options);
  void SetUp() override { StartServer({}); }
  // Ends the event hub and the server.
  void StopServer();

  // A film with its job; the job's id.
  int64_t AddFilm(const std::string& sop_instance_uid, const std::string& study = "1.2",
                  const std::string& workflow = "default");
  // Leases the only job that is due.
  JobLease LeaseOne();
  // Commits an analysis of the next film due: two models with 2x2 maps on a film of
  // 4x2 pixels, one overlay for destination "pacs".  Returns its id.
  int64_t AnalyzeNext();
  int64_t BuryNext(const std::string& why);

  Analysis SomeAnalysis();

  FakeClock clock_;
  TestFolder folder_;
  std::unique_ptr<NodeStores> stores_;
  MetricRegistry metrics_;
  RpcObserver observer_{metrics_};
  std::unique_ptr<Ingest> ingest_;
  std::unique_ptr<EventHistory> history_;
  std::unique_ptr<BlobNames> names_;
  std::unique_ptr<FilmAdopter> adopter_;
  std::unique_ptr<EventHub> hub_;
  std::unique_ptr<ResultsService> results_service_;
  std::unique_ptr<AdminService> admin_service_;
  std::unique_ptr<GrpcServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::ResultsService::Stub> results_;
  std::unique_ptr<v1::AdminService::Stub> admin_;
};

// The reason in the error's google.rpc.ErrorInfo; says what is missing otherwise.
std::string ReasonOf(const grpc::Status& status);

// Matches a grpc::Status with this code and ErrorInfo reason.
MATCHER_P2(FailsWith, code, reason, "") {
  *result_listener << arg.error_code() << " " << arg.error_message() << " [" << ReasonOf(arg)
                   << "]";
  return arg.error_code() == code && ReasonOf(arg) == std::string(reason);
}

}  // namespace camnode

#endif  // CAMNODE_TESTS_SERVICES_SERVICE_FIXTURE_H_
