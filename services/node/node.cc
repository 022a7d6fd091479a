#include "services/node/node.h"

#include <signal.h>
#include <unistd.h>

#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/base/descriptor_limit.h"
#include "core/base/log.h"
#include "core/base/status_macros.h"
#include "core/base/stopwatch.h"
#include "core/base/version.h"
#include "core/storage/blobs/blob_store.h"
#include "core/storage/job_queue.h"
#include "core/storage/sql/open_database.h"
#include "scp/wire/dcmtk_setup.h"
#include "services/config/configured_models.h"
#include "services/node/metrics.h"
#include "services/node/part_options.h"
#include "services/node/start_wait.h"

namespace camnode {
namespace {

// A worker beats every few seconds; longer silence means that it hangs or is gone.
constexpr absl::Duration kWorkerMaxSilence = absl::Seconds(10);
// A film takes seconds.  A worker that has been at one step for so long does no work that
// anybody can count on, long before it is ended for it (worker.max_step_ms).
constexpr absl::Duration kWorkerMaxStep = absl::Minutes(1);
// How long gRPC calls under way may go on while the node stops.
constexpr absl::Duration kCallPatience = absl::Seconds(5);
// Shares of node.stop_timeout: to end work in hand, to end calls, to end the rest.
constexpr double kDrainShare = 0.6;
constexpr double kCallsShare = 0.3;
constexpr double kRestShare = 0.3;
// So long before our certificate ends each reading of it warns.
constexpr absl::Duration kRenewalReminder = absl::Hours(24 * 14);

// An operator's reminder, and a warning once it is late.
void LogCertificates(const TlsCredentials& tls) {
  const absl::Time now = SystemClock().Now();
  const bool expired = tls.expires() <= now;
  const bool soon = tls.expires() - now < kRenewalReminder;
  Log(expired || soon ? LogLevel::kWarning : LogLevel::kInfo, "tls_certificates_read",
      {{LogField::kOutcome, expired ? "expired"
                            : soon  ? "expires soon"
                                    : "valid"},
       {LogField::kReason,
        absl::StrCat("dicom.tls.certificate_file is valid until ",
                     absl::FormatTime("%Y-%m-%d %H:%M UTC", tls.expires(), absl::UTCTimeZone()),
                     expired ? "; peers will refuse it: renew it and send a SIGHUP" : "")}});
}

}  // namespace

absl::StatusOr<std::unique_ptr<Node>> Node::Start(const Config& config,
                                                  const ServiceManager& manager) {
  CAMNODE_RETURN_IF_ERROR(SetUpDcmtkNetwork());
  CAMNODE_ASSIGN_OR_RETURN(const SharedModels models,
                           LoadConfiguredModels(config, WeightsCheck::kSkipDigest));
  CAMNODE_ASSIGN_OR_RETURN(OpenedStore store, OpenStoreOrWait(config));
  std::unique_ptr<TlsCredentials> tls;
  if (config.dicom.tls.given()) {
    CAMNODE_ASSIGN_OR_RETURN(tls, TlsCredentials::Load(config.dicom.tls));
    LogCertificates(*tls);
  }
  std::unique_ptr<Node> node(new Node(config, std::move(store), std::move(tls), models, manager));
  CAMNODE_RETURN_IF_ERROR(node->ReturnLeasesOfPredecessor());
  CAMNODE_RETURN_IF_ERROR(node->StartParts());
  return node;
}

Node::Node(const Config& config, OpenedStore store, std::unique_ptr<TlsCredentials> tls,
           const SharedModels& models, const ServiceManager& manager)
    : config_(config),
      manager_(manager),
      directory_(std::move(store.directory)),
      node_id_(std::move(store.node_id)),
      store_id_(std::move(store.identity.store_id)),
      lock_(std::move(store.lock)),
      stores_(std::move(store.opened), std::move(store.blobs), SystemClock(), config_.queue,
              config_.outbox, config_.storage.quarantine),
      history_(std::move(store.history)),
      figures_(stores_, SystemClock()),
      observer_(metrics_, config_.grpc.max_query),
      policy_(MakePeerPolicy(config_)),
      destinations_(MakeDestinations(config_)),
      ingest_(MakeIngestOptions(config_, models, policy_, stores_.quarantine), *stores_.blobs,
              stores_.instances, stores_.results, stores_.jobs, SystemClock()),
      hub_(*history_, *stores_.opened.doorbell),
      upkeep_({config_.database_uri, !store.database_checked}, stores_.workers),
      health_(HealthParts()),
      results_service_(MakeResultsServiceOptions(config_, models),
                       ResultsServiceParts{stores_.viewers.instances, stores_.viewers.results,
                                           stores_.viewers.jobs, stores_.viewers.events, *history_,
                                           *stores_.blobs, hub_, ingest_, observer_}),
      blob_names_(*stores_.opened.database),
      adopter_(ingest_, *stores_.blobs, blob_names_, stores_.instances, SystemClock()),
      admin_service_(AdminServiceParts{
          stores_.viewers.instances, stores_.viewers.quarantine, stores_.viewers.results,
          stores_.viewers.jobs, stores_.oldest_unfinished, stores_.viewers.outbox,
          stores_.viewers.workers, *stores_.blobs, adopter_, observer_}),
      storage_probe_({}, *stores_.opened.database, *stores_.blobs, SystemClock()),
      janitor_(MakeBlobJanitorOptions(config_), store_id_, *stores_.opened.database, *stores_.blobs,
               SystemClock()),
      tls_(std::move(tls)),
      acceptor_metrics_(metrics_),
      acceptor_(MakeAcceptorOptions(config_, tls_.get()), policy_, ingest_, acceptor_metrics_),
      delivery_metrics_(metrics_),
      sender_(MakeOutboxSenderOptions(config_, tls_.get()), destinations_, stores_.outbox,
              *stores_.blobs, *stores_.opened.doorbell, delivery_metrics_) {
  RegisterStorageMetrics(figures_, &metrics_);
  RegisterLogMetrics(&metrics_);
  RegisterHealthMetrics(health_, &metrics_);
  RegisterSweepMetrics(janitor_, &metrics_);
  lock_->Watch(store_id_, node_id_, [](const absl::Status& why) {
    Log(LogLevel::kError, "database_lost", {{LogField::kReason, why.message()}});
    // As an operator would: what is under way is finished, nothing new is begun.
    kill(getpid(), SIGTERM);
  });
}

Node::~Node() {
  StopSequence sequence(config_.node.stop_timeout);
  Stop(sequence);
  if (!sequence.complete()) sequence.GiveUp();
}

// The lock on the database says that the node before is dead, and its life pipe that its
// workers are or soon will be; what they still commit is fenced off.  Deliveries are leased by
// nodes alone, so all are the predecessor's; jobs only of workers with this node's id.
absl::Status Node::ReturnLeasesOfPredecessor() {
  CAMNODE_RETURN_IF_ERROR(stores_.outbox.ReturnAllLeases());
  if (!config_.worker.supervise) return absl::OkStatus();
  for (int i = 0; i < config_.worker.count; ++i) {
    CAMNODE_RETURN_IF_ERROR(SettleWorker(WorkerName(node_id_, i), WorkerEnd::kStopped));
  }
  return absl::OkStatus();
}

absl::Status Node::StartParts() {
  hub_.Start();
  absl::StatusOr<std::unique_ptr<GrpcServer>> server = GrpcServer::Start(
      MakeGrpcSettings(config_, RaiseDescriptorLimit()), {&results_service_, &admin_service_});
  if (!server.ok()) return Annotate(server.status(), "grpc.port");
  grpc_ = *std::move(server);
  health_.ReportTo(grpc_->health());
  ports_.grpc = grpc_->port();
  if (config_.http.port >= 0) {
    http_ = std::make_unique<HttpServer>(
        config_.http, [this] { return health_.Report(); }, [this] { return metrics_.Text(); });
    CAMNODE_RETURN_IF_ERROR(Annotate(http_->Start(), "http.port"));
  }
  ports_.http = http_ == nullptr ? -1 : http_->port();
  CAMNODE_RETURN_IF_ERROR(Annotate(acceptor_.Start(), "dicom.port"));
  receiving_ = true;
  ports_.dicom = acceptor_.port();
  ports_.dicom_tls = acceptor_.tls_port();
  CAMNODE_RETURN_IF_ERROR(sender_.Start());
  sending_ = true;
  janitor_.Start();
  upkeep_.Start();
  CAMNODE_RETURN_IF_ERROR(StartWorkers());
  health_.AfterEachRound([this] { manager_.SayAlive(); });
  health_.Start();
  CAMNODE_RETURN_IF_ERROR(directory_.WritePorts(ports_));
  manager_.SayReady();
  Log(LogLevel::kInfo, "node_ready",
      {{LogField::kVersion, kCamnodeVersion},
       {LogField::kPath, directory_.path() + "/ports.json"},
       {LogField::kPort, ports_.dicom},
       {LogField::kReason, absl::StrCat("dicom ", ports_.dicom, ", dicom by TLS ", ports_.dicom_tls,
                                        ", grpc ", ports_.grpc, ", http ", ports_.http)}});
  return absl::OkStatus();
}

absl::Status Node::StartWorkers() {
  if (!config_.worker.supervise) return absl::OkStatus();
  CAMNODE_ASSIGN_OR_RETURN(const std::string program, FindSiblingProgram("camnode-worker"));
  supervisor_ = std::make_unique<WorkerSupervisor>(
      MakeWorkerSupervisorOptions(config_, program, node_id_),
      [this](const std::string& name, WorkerEnd end) { return SettleWorker(name, end); });
  metrics_.AddCallback(
      MetricKind::kCounter, "camnode_worker_restarts_total", "Workers started again.", {}, [this] {
        return std::vector<MetricSample>{{{}, static_cast<double>(supervisor_->restarts())}};
      });
  supervisor_->Start();
  return absl::OkStatus();
}

absl::Status Node::SettleWorker(const std::string& name, WorkerEnd end) {
  // Nobody is to think that it lives; but its leases matter more than that.
  const absl::Status removed = stores_.workers.Remove(name);
  CAMNODE_RETURN_IF_ERROR(stores_.jobs.ReturnLeases(name, end).status());
  return removed;
}

void Node::ReloadCertificates() {
  if (tls_ == nullptr) {
    Log(LogLevel::kInfo, "tls_certificates_kept", {{LogField::kReason, "dicom.tls is off"}});
    return;
  }
  const absl::Status reloaded = tls_->Reload();
  if (reloaded.ok()) {
    LogCertificates(*tls_);
  } else {
    Log(LogLevel::kError, "tls_certificates_kept",
        {{LogField::kReason,
          absl::StrCat(reloaded.message(), "; the certificates read before stay in use")}});
  }
}

absl::Status Node::CheckStorage() {
  CAMNODE_RETURN_IF_ERROR(upkeep_.Integrity());
  CAMNODE_RETURN_IF_ERROR(storage_probe_.Check());
  CAMNODE_ASSIGN_OR_RETURN(const int64_t free_bytes, stores_.blobs->FreeBytes());
  if (free_bytes < config_.storage.ingest.min_free_bytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat(free_bytes, " bytes of disk are free; storage.min_free_bytes is ",
                     config_.storage.ingest.min_free_bytes));
  }
  return absl::OkStatus();
}

std::vector<HealthPart> Node::HealthParts() {
  const auto running = [](const std::atomic<bool>& flag) {
    return flag ? absl::OkStatus() : absl::UnavailableError("not started");
  };
  return {
      {"camnode.dicom", true, [this, running] { return running(receiving_); }},
      {"camnode.storage", true, [this] { return CheckStorage(); }},
      {"camnode.worker", false,
       [this] {
         // Ages are as exact as somebody looks often.
         stores_.oldest_unfinished.Age().status().IgnoreError();
         return CheckWorkers(stores_.workers, kWorkerMaxSilence, kWorkerMaxStep);
       }},
      {"camnode.outbox", true, [this, running] { return running(sending_); }},
      {"camnode.sweep", false, [this] { return janitor_.Health(); }},
      {"camnode.v1.ResultsService", true, [this] { return stores_.events.LastNumber().status(); }},
  };
}

void Node::Stop(StopSequence& sequence) {
  if (std::exchange(stopped_, true)) return;
  manager_.SayStopping();
  // First, so that balancers send nothing new while the rest drains.
  health_.StartDraining();
  const StopSequence::Step reception = {"the reception of DICOM", [this] { acceptor_.Stop(); }};
  const StopSequence::Step workers = {"the workers", [this] {
                                        if (supervisor_ != nullptr) supervisor_->Stop();
                                      }};
  const StopSequence::Step sending = {"the sending of objects", [this] {
                                        // Nobody waits for a ring any more; the sender would
                                        // up to a second.
                                        stores_.opened.doorbell->Stop();
                                        sender_.Stop();
                                      }};
  const StopSequence::Step calls = {"the calls by gRPC", [this] {
                                      hub_.Stop();
                                      if (grpc_ != nullptr) grpc_->Stop(kCallPatience);
                                    }};
  const StopSequence::Step checks = {"a check of health", [this] { health_.Stop(); }};
  const StopSequence::Step answers = {"the answers by HTTP", [this] {
                                        if (http_ != nullptr) http_->Stop();
                                      }};
  const StopSequence::Step sweep = {"the sweep of files", [this] { janitor_.Stop(); }};
  sequence.Run(kDrainShare, {reception, workers, sending});
  sequence.Run(kCallsShare, {calls});
  // The reporter speaks to the gRPC server until here, the HTTP server to the reporter.
  const StopSequence::Step upkeep = {"the upkeep of the database", [this] { upkeep_.Stop(); }};
  sequence.Run(kRestShare, {checks, answers, sweep, upkeep});
  directory_.RemovePorts();
}

}  // namespace camnode
