#include "tests/services/service_fixture.h"

#include <stdlib.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/base/sha256.h"
#include "core/domain/analysis.h"
#include "core/domain/derived_instance.h"
#include "core/domain/instance.h"
#include "core/domain/uid.h"
#include "core/render/image_codec.h"
#include "core/storage/blobs/blob_store.h"
#include "core/storage/instance_store.h"
#include "core/storage/job_queue.h"
#include "core/storage/sql/open_database.h"
#include "core/storage/store_identity.h"
#include "proto/google/rpc/error_details.pb.h"
#include "proto/google/rpc/status.pb.h"
#include "services/settings/grpc_settings.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

const std::string kTemplate = "/services_XXXXXX";

Instance MakeInstance(const Uid& sop_instance_uid, const Uid& study, const Clock& clock) {
  Instance instance;
  instance.sop_instance_uid = sop_instance_uid;
  instance.series_instance_uid = Uid::Parse("1.3").value();
  instance.study_instance_uid = study;
  instance.sop_class_uid = Uid::Parse("1.2.840.10008.5.1.4.1.1.7").value();
  instance.transfer_syntax_uid = Uid::Parse("1.2.840.10008.1.2.1").value();
  instance.sha256 = Sha256Hex(sop_instance_uid.text());
  instance.size_bytes = 100;
  instance.modality = "CR";
  instance.calling_ae = "SENDER";
  instance.called_ae = "CAMNODE";
  instance.received_ms = ToUnixMs(clock.Now());
  return instance;
}

JobRequest MakeJobRequest(const std::string& workflow) {
  JobRequest job;
  job.workflow = workflow;
  job.model_set = "set";
  return job;
}

IngestOptions OneWorkflow() {
  IngestOptions options;
  options.workflows.emplace_back();
  options.workflows[0].name = "default";
  options.workflows[0].model_set = "set";
  options.settings.min_free_bytes = 0;
  return options;
}

}  // namespace

TestFolder::TestFolder() {
  // In memory where there is such a place: a test is not about how fast a disk syncs.
  const char* memory = "/dev/shm";
  std::string path = (access(memory, W_OK) == 0 ? memory : testing::TempDir()) + kTemplate;
  path_ = mkdtemp(path.data());
}

TestFolder::~TestFolder() { std::filesystem::remove_all(path_); }

ServiceTest::ServiceTest() {
  OpenedDatabase opened =
      OpenDatabase(absl::StrCat("sqlite:", folder_.path(), "/camnode.db"), folder_.path()).value();
  const std::string blobs = folder_.path() + "/blobs";
  const absl::StatusOr<StoreIdentity> identity = JoinStore(*opened.database, "", blobs);
  EXPECT_THAT(identity, IsOk());
  history_ = EventHistory::Open(*opened.database, folder_.path() + "/events.told").value();
  stores_ = std::make_unique<NodeStores>(std::move(opened),
                                         BlobStore::OpenOf(identity->store_id, blobs).value(),
                                         clock_, JobQueueOptions(), OutboxOptions());
  ingest_ = std::make_unique<Ingest>(OneWorkflow(), *stores_->blobs, stores_->instances,
                                     stores_->results, stores_->jobs, clock_);
  hub_ = std::make_unique<EventHub>(*history_, *stores_->opened.doorbell);
  names_ = std::make_unique<BlobNames>(*stores_->opened.database);
  adopter_ =
      std::make_unique<FilmAdopter>(*ingest_, *stores_->blobs, *names_, stores_->instances, clock_);
  hub_->Start();
}

ServiceTest::~ServiceTest() { StopServer(); }

void ServiceTest::StartServer(const ResultsServiceOptions& options) {
  server_.reset();
  DatabaseStores& viewers = stores_->viewers;
  results_service_ = std::make_unique<ResultsService>(
      options, ResultsServiceParts{viewers.instances, viewers.results, viewers.jobs, viewers.events,
                                   *history_, *stores_->blobs, *hub_, *ingest_, observer_});
  admin_service_ = std::make_unique<AdminService>(
      AdminServiceParts{viewers.instances, viewers.quarantine, viewers.results, viewers.jobs,
                        stores_->oldest_unfinished, viewers.outbox, viewers.workers,
                        *stores_->blobs, *adopter_, observer_});
  GrpcSettings server;
  server.port = 0;
  server_ = GrpcServer::Start(server, {results_service_.get(), admin_service_.get()}).value();
  channel_ = grpc::CreateChannel(absl::StrCat("127.0.0.1:", server_->port()),
                                 grpc::InsecureChannelCredentials());
  results_ = v1::ResultsService::NewStub(channel_);
  admin_ = v1::AdminService::NewStub(channel_);
}

void ServiceTest::StopServer() {
  stores_->opened.doorbell->Stop();
  hub_->Stop();
  if (server_ != nullptr) server_->Stop(absl::Seconds(5));
}

int64_t ServiceTest::AddFilm(const std::string& sop_instance_uid, const std::string& study,
                             const std::string& workflow) {
  clock_.Advance(absl::Seconds(1));
  Instance film =
      MakeInstance(Uid::Parse(sop_instance_uid).value(), Uid::Parse(study).value(), clock_);
  film.blob_id = stores_->blobs->Put("film").value().id;
  const auto added = stores_->instances.Add(film, MakeJobRequest(workflow));
  EXPECT_THAT(added, IsOk());
  return added->job_id.value();
}

JobLease ServiceTest::LeaseOne() {
  std::vector<JobLease> leases = stores_->jobs.Lease("worker-0", 1).value();
  EXPECT_EQ(leases.size(), 1);
  EXPECT_THAT(leases.front().Start(), IsOk());
  return std::move(leases.front());
}

Analysis ServiceTest::SomeAnalysis() {
  Analysis analysis;
  analysis.workflow = "default";
  analysis.model_set = "set";
  analysis.threshold_set = "thresholds-1";
  for (const char* name : {"resnet18", "densenet121"}) {
    ModelResult result;
    result.model = name;
    result.version = "1";
    result.finding = {"pneumonia", 1.5f, 0.8176, 0.5, true};
    result.heatmap.values = (cv::Mat1f(2, 2) << 0.0f, 1.0f, 2.0f, 0.5f);
    result.heatmap.peak = 2.0f;
    result.placement = {cv::Size(4, 2), cv::Rect2d(0, 0, 4, 2)};
    analysis.results.push_back(result);
  }
  analysis.agreement.models = 2;
  analysis.agreement.percentiles = AgreementPercentiles{97.5, 88.25, 0.0};
  analysis.agreement.sentence = "The two models used the same area.";
  const cv::Mat1b film = (cv::Mat1b(2, 4) << 0, 50, 100, 150, 200, 250, 128, 64);
  analysis.display_blob_id = stores_->blobs->Put(EncodePng(film).value()).value().id;
  return analysis;
}

int64_t ServiceTest::AnalyzeNext() {
  JobLease lease = LeaseOne();
  Analysis analysis = SomeAnalysis();
  analysis.workflow = lease.job().workflow;
  analysis.instance_id = lease.job().subject;
  analysis.started_ms = lease.job().analysis_started_ms;
  DerivedInstance overlay;
  overlay.kind = "overlay";
  overlay.model = "resnet18";
  overlay.sop_instance_uid = Uid::Derive(absl::StrCat("overlay", lease.job().subject));
  overlay.sop_class_uid = Uid::Parse("1.2.840.10008.5.1.4.1.1.7").value();
  overlay.series_instance_uid = Uid::Parse("1.4").value();
  overlay.study_instance_uid = Uid::Parse("1.2").value();
  overlay.transfer_syntax_uid = Uid::Parse("1.2.840.10008.1.2.1").value();
  overlay.blob_id = stores_->blobs->Put("object").value().id;
  overlay.sha256 = Sha256Hex("object");
  overlay.size_bytes = 6;
  const auto id = stores_->results.Commit(std::move(lease), analysis, {overlay}, {"pacs"});
  EXPECT_THAT(id, IsOk());
  return *id;
}

int64_t ServiceTest::BuryNext(const std::string& why) {
  JobLease lease = LeaseOne();
  const int64_t job = lease.job().id;
  EXPECT_THAT(std::move(lease).Bury(absl::DataLossError(why)), IsOk());
  return job;
}

std::string ReasonOf(const grpc::Status& status) {
  google::rpc::Status details;
  if (!details.ParseFromString(status.error_details())) return "(details are no Status)";
  google::rpc::ErrorInfo info;
  for (const google::protobuf::Any& detail : details.details()) {
    if (!detail.UnpackTo(&info)) continue;
    return info.domain() == "camnode" ? info.reason() : "(domain is " + info.domain() + ")";
  }
  return "(no ErrorInfo)";
}

}  // namespace camnode
