#include "services/node/part_options.h"

#include <algorithm>
#include <cstdlib>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "core/base/log.h"
#include "core/domain/ae_title.h"
#include "core/intake/store_handler.h"
#include "core/storage/quarantine.h"
#include "scp/receive/acceptor_options.h"
#include "services/settings/grpc_settings.h"

namespace camnode {

namespace {

// Database, log, HTTP (37 connections at most), senders, workers, and what libraries open.
constexpr int kOtherDescriptors = 256;
// Each association that is served or refused: its socket, and the part file of its film.
constexpr int kDescriptorsPerAssociation = 2;
constexpr int kAssociationsBesideLimit = 8;
// Of node.stop_timeout, for work in hand to end by itself before it is broken off; the rest is
// for those parts to notice.
constexpr double kPatienceShare = 0.4;
// Whatever the limit is, somebody must be able to ask the node.
constexpr int kMinConnections = 8;

}  // namespace

PeerPolicy MakePeerPolicy(const Config& config) {
  std::vector<AeTitle> called;
  for (const WorkflowConfig& workflow : config.workflows) {
    for (const std::string& title : CalledAeTitles(config, workflow)) {
      called.push_back(AeTitle::Parse(title).value());
    }
  }
  return PeerPolicy(std::move(called), config.peers, config.dicom.accept_unknown_peers);
}

DestinationDirectory MakeDestinations(const Config& config) {
  DestinationDirectory destinations;
  for (const DestinationConfig& configured : config.destinations) {
    // Names are unique, so there is nothing to refuse.
    destinations.Add(configured.name, configured.remote).IgnoreError();
  }
  return destinations;
}

IngestOptions MakeIngestOptions(const Config& config, const SharedModels& models,
                                const PeerPolicy& policy, Quarantine& quarantine) {
  IngestOptions options;
  if (config.storage.quarantine_conflicts) options.quarantine = &quarantine;
  for (const WorkflowConfig& configured : config.workflows) {
    IngestWorkflow workflow;
    workflow.name = configured.name;
    workflow.called_ae_titles = CalledAeTitles(config, configured);
    workflow.model_set = ModelSetDigest(models.FoldersOf(options.workflows.size()));
    workflow.priority = configured.priority;
    workflow.return_to_sender = configured.return_to_sender;
    options.workflows.push_back(std::move(workflow));
  }
  options.settings = config.storage.ingest;
  options.return_destination = [&policy](const StoreRequest& request) {
    return policy.ReturnDestination(request.calling_ae, request.peer_address);
  };
  return options;
}

ConformanceSubject MakeConformanceSubject(const Config& config) {
  return {config.dicom.acceptor, MakeOutboxSenderOptions(config, nullptr),
          config.dicom.tls.require_peer_certificate};
}

BlobJanitorOptions MakeBlobJanitorOptions(const Config& config) {
  BlobJanitorOptions options;
  options.settings = config.storage.sweep;
  return options;
}

AcceptorOptions MakeAcceptorOptions(const Config& config, const TlsCredentials* tls) {
  AcceptorOptions options;
  options.settings = config.dicom.acceptor;
  options.tls = tls;
  options.drain_timeout =
      std::min(options.drain_timeout, kPatienceShare * config.node.stop_timeout);
  return options;
}

OutboxSenderOptions MakeOutboxSenderOptions(const Config& config, const TlsCredentials* tls) {
  OutboxSenderOptions options;
  options.tls = tls;
  options.ae_title = AeTitle::Parse(config.dicom.ae_title).value();
  options.settings = config.delivery;
  options.drain_timeout =
      std::min(options.drain_timeout, kPatienceShare * config.node.stop_timeout);
  return options;
}

GrpcSettings MakeGrpcSettings(const Config& config, int descriptors) {
  GrpcSettings settings = config.grpc;
  const int reserved =
      kOtherDescriptors + kDescriptorsPerAssociation *
                              (config.dicom.acceptor.max_associations + kAssociationsBesideLimit);
  const int most = std::max(descriptors - reserved, kMinConnections);
  if (settings.max_connections > most) {
    settings.max_connections = most;
    Log(LogLevel::kWarning, "grpc_connections_lowered",
        {{LogField::kCount, most},
         {LogField::kReason,
          absl::StrCat("grpc.max_connections is ", config.grpc.max_connections,
                       ", but this process may open ", descriptors, " files and sockets, ",
                       reserved, " of which are kept for films and storage; raise `ulimit -n`")}});
  }
  return settings;
}

ResultsServiceOptions MakeResultsServiceOptions(const Config& config, const SharedModels& models) {
  ResultsServiceOptions options;
  options.upload.max_upload_bytes = config.storage.ingest.max_upload_bytes;
  options.max_watchers = config.grpc.max_watchers;
  options.max_uploads = MaxUploads(config.grpc);
  for (const ModelFolder& model : models.folders) {
    options.populations[model.manifest.name()] = model.manifest.population();
  }
  return options;
}

WorkerSupervisorOptions MakeWorkerSupervisorOptions(const Config& config,
                                                    const std::string& program,
                                                    const std::string& node_id) {
  WorkerSupervisorOptions options;
  options.program = program;
  options.arguments = {"--config", config.file};
  options.node_id = node_id;
  options.count = config.worker.count;
  options.max_silence = config.worker.max_silence;
  options.stop_timeout = std::min(options.stop_timeout, kPatienceShare * config.node.stop_timeout);
  // libgomp's threads spin while they wait and starve themselves in a niced worker
  // on busy cores: films took over 20 s instead of 1 s.  It reads this at load time.
  if (getenv("OMP_WAIT_POLICY") == nullptr) options.environment = {"GOMP_SPINCOUNT=10000"};
  return options;
}

}  // namespace camnode
