// What the node hands to its parts beside their own structs of the configuration: the
// options that are computed, and those with something wired to them.

#ifndef CAMNODE_SERVICES_NODE_PART_OPTIONS_H_
#define CAMNODE_SERVICES_NODE_PART_OPTIONS_H_

#include <string>

#include "core/intake/ingest.h"
#include "core/models/model_repository.h"
#include "core/storage/quarantine.h"
#include "scp/conformance.h"
#include "scp/receive/acceptor_options.h"
#include "scp/receive/application_entity.h"
#include "scp/send/destination.h"
#include "scp/send/outbox_sender.h"
#include "scp/wire/tls_credentials.h"
#include "services/api/results_service.h"
#include "services/config/config.h"
#include "services/node/blob_janitor.h"
#include "services/node/worker_supervisor.h"
#include "services/settings/grpc_settings.h"

namespace camnode {

// `config` has been checked by LoadConfig: what it holds is valid.
PeerPolicy MakePeerPolicy(const Config& config);
DestinationDirectory MakeDestinations(const Config& config);
// `models`: of ModelNames(config).  `policy` and `quarantine` outlive the Ingest.
IngestOptions MakeIngestOptions(const Config& config, const SharedModels& models,
                                const PeerPolicy& policy, Quarantine& quarantine);
ConformanceSubject MakeConformanceSubject(const Config& config);
BlobJanitorOptions MakeBlobJanitorOptions(const Config& config);
// `tls`: nullptr without certificates; outlives the acceptor and the sender.
AcceptorOptions MakeAcceptorOptions(const Config& config, const TlsCredentials* tls);
OutboxSenderOptions MakeOutboxSenderOptions(const Config& config, const TlsCredentials* tls);
// `descriptors`: how many this process may have open (core/base/descriptor_limit.h).  Leaves
// those free that films, database and HTTP need, and logs it if that is why there are fewer
// connections than configured.
GrpcSettings MakeGrpcSettings(const Config& config, int descriptors);
ResultsServiceOptions MakeResultsServiceOptions(const Config& config, const SharedModels& models);
WorkerSupervisorOptions MakeWorkerSupervisorOptions(const Config& config,
                                                    const std::string& program,
                                                    const std::string& node_id);

}  // namespace camnode

#endif  // CAMNODE_SERVICES_NODE_PART_OPTIONS_H_
