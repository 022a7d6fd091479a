#include "services/node/part_options.h"

#include <cstdlib>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "core/domain/ae_title.h"
#include "core/intake/store_handler.h"
#include "core/storage/quarantine.h"
#include "scp/receive/acceptor_options.h"
#include "services/settings/grpc_settings.h"

namespace camnode {

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
  return options;
}

OutboxSenderOptions MakeOutboxSenderOptions(const Config& config, const TlsCredentials* tls) {
  OutboxSenderOptions options;
  options.tls = tls;
  options.ae_title = AeTitle::Parse(config.dicom.ae_title).value();
  options.settings = config.delivery;
  return options;
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
  // libgomp's threads spin while they wait and starve themselves in a niced worker
  // on busy cores: films took over 20 s instead of 1 s.  It reads this at load time.
  if (getenv("OMP_WAIT_POLICY") == nullptr) options.environment = {"GOMP_SPINCOUNT=10000"};
  return options;
}

}  // namespace camnode
