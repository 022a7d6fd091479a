#include "services/node/part_options.h"

#include <cstdlib>
#include <utility>

#include "absl/status/statusor.h"

namespace camnode {
namespace {

// Threads left for short calls beside watchers and uploads.
constexpr int kThreadsForShortCalls = 4;

}  // namespace

PeerPolicy MakePeerPolicy(const Config& config) {
  std::vector<Peer> peers;
  for (const PeerConfig& configured : config.peers) {
    Peer peer;
    peer.ae_title = AeTitle::Parse(configured.ae_title).value();
    for (const std::string& address : configured.addresses) {
      peer.addresses.push_back(AddressRange::Parse(address).value());
    }
    peer.return_port = configured.return_port;
    peer.return_host = configured.return_host;
    peer.return_tls = configured.return_tls;
    peer.max_associations = configured.max_associations;
    peer.max_instance_bytes = configured.max_instance_bytes;
    peers.push_back(std::move(peer));
  }
  std::vector<AeTitle> called;
  for (const WorkflowConfig& workflow : config.workflows) {
    for (const std::string& title : CalledAeTitles(config, workflow)) {
      called.push_back(AeTitle::Parse(title).value());
    }
  }
  return PeerPolicy(std::move(called), std::move(peers), config.dicom.accept_unknown_peers);
}

DestinationDirectory MakeDestinations(const Config& config) {
  DestinationDirectory destinations;
  for (const DestinationConfig& configured : config.destinations) {
    RemoteAe remote;
    remote.ae_title = AeTitle::Parse(configured.ae_title).value();
    remote.host = configured.host;
    remote.port = configured.port;
    remote.tls = configured.tls;
    remote.tls_server_name = configured.tls_server_name;
    // Names are unique, so there is nothing to refuse.
    destinations.Add(configured.name, remote).IgnoreError();
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
  options.min_free_bytes = config.storage.min_free_bytes;
  options.max_queued_jobs = config.storage.max_queued_jobs;
  options.max_upload_bytes = config.grpc.max_upload_bytes;
  options.return_destination = [&policy](const StoreRequest& request) {
    return policy.ReturnDestination(request.calling_ae, request.peer_address);
  };
  return options;
}

ConformanceSubject MakeConformanceSubject(const Config& config) {
  return {MakeAcceptorOptions(config, nullptr), MakeOutboxSenderOptions(config, nullptr),
          config.dicom.tls.require_peer_certificate};
}

TlsFiles MakeTlsFiles(const Config& config) {
  const DicomTlsConfig& tls = config.dicom.tls;
  return {tls.certificate_file, tls.private_key_file, tls.ca_file, tls.require_peer_certificate};
}

AcceptorOptions MakeAcceptorOptions(const Config& config, const TlsCredentials* tls) {
  AcceptorOptions options;
  options.port = config.dicom.port;
  options.tls_port = config.dicom.tls.port;
  options.tls = tls;
  options.max_associations = config.dicom.max_associations;
  options.max_associations_per_peer = config.dicom.max_associations_per_peer;
  options.max_pdu_bytes = config.dicom.max_pdu_bytes;
  options.max_instance_bytes = config.dicom.max_instance_bytes;
  options.idle_timeout = config.dicom.idle_timeout;
  options.association_request_timeout = config.dicom.association_request_timeout;
  options.instance_timeout = config.dicom.instance_timeout;
  return options;
}

OutboxSenderOptions MakeOutboxSenderOptions(const Config& config, const TlsCredentials* tls) {
  OutboxSenderOptions options;
  options.tls = tls;
  options.ae_title = AeTitle::Parse(config.dicom.ae_title).value();
  options.backoff = config.delivery.backoff;
  options.max_failures = config.delivery.max_failures;
  options.connect_timeout = config.delivery.connect_timeout;
  options.response_timeout = config.delivery.response_timeout;
  options.max_per_association = config.delivery.max_per_association;
  return options;
}

ResultsServiceOptions MakeResultsServiceOptions(const Config& config, const SharedModels& models) {
  ResultsServiceOptions options;
  options.upload.max_upload_bytes = config.grpc.max_upload_bytes;
  options.max_watchers = config.grpc.max_watchers;
  options.max_uploads = config.grpc.max_threads - config.grpc.max_watchers - kThreadsForShortCalls;
  for (const ModelFolder& model : models.folders) {
    options.populations[model.manifest.name()] = model.manifest.population();
  }
  return options;
}

GrpcServerOptions MakeGrpcServerOptions(const Config& config) {
  GrpcServerOptions options;
  options.address = config.grpc.address;
  options.port = config.grpc.port;
  options.reflection = config.grpc.reflection;
  options.max_threads = config.grpc.max_threads;
  return options;
}

HttpServerOptions MakeHttpServerOptions(const Config& config) {
  HttpServerOptions options;
  options.address = config.http.address;
  options.port = config.http.port;
  return options;
}

WorkerSupervisorOptions MakeWorkerSupervisorOptions(const Config& config,
                                                    const std::string& program) {
  WorkerSupervisorOptions options;
  options.program = program;
  options.arguments = {"--config", config.file};
  options.count = config.worker.count;
  // libgomp's threads spin while they wait and starve themselves in a niced worker
  // on busy cores: films took over 20 s instead of 1 s.  It reads this at load time.
  if (getenv("OMP_WAIT_POLICY") == nullptr) options.environment = {"GOMP_SPINCOUNT=10000"};
  return options;
}

}  // namespace camnode
