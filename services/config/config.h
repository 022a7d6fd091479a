// The configuration of both programs: the parts' own structs side by side, and here only
// what no part has a struct for.  A default, its unit and its price stand in the struct,
// the range in the ReadOptions under it.  deploy/camnode.textproto shows every option with
// these defaults; a test holds the two equal.
//
// Only the mains see a whole Config; every part is handed its own struct.

#ifndef CAMNODE_SERVICES_CONFIG_CONFIG_H_
#define CAMNODE_SERVICES_CONFIG_CONFIG_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/log.h"
#include "core/domain/eligibility_policy.h"
#include "core/domain/job.h"
#include "core/intake/ingest_settings.h"
#include "core/pipeline/output_settings.h"
#include "core/pipeline/pipeline_settings.h"
#include "core/storage/blobs/sweep_settings.h"
#include "core/storage/job_queue.h"
#include "core/storage/outbox.h"
#include "core/storage/quarantine.h"
#include "scp/settings/acceptor_settings.h"
#include "scp/settings/delivery_settings.h"
#include "scp/settings/peer.h"
#include "scp/settings/remote_ae.h"
#include "scp/settings/tls_files.h"
#include "services/settings/grpc_settings.h"
#include "services/settings/http_settings.h"
#include "services/settings/node_settings.h"
#include "services/settings/worker_settings.h"

namespace camnode {

// Who we are in DICOM, and how we receive.
struct DicomConfig {
  // Ours when we send; and what a workflow is called that names no title of its own.
  std::string ae_title = "CAMNODE";
  AcceptorSettings acceptor;
  TlsFiles tls;
  bool accept_unknown_peers = false;  // For a closed test network only.
};

// A DICOM peer that receives what we make.
struct DestinationConfig {
  std::string name;  // Unique.
  RemoteAe remote;
};

// One way to treat a film.
struct WorkflowConfig {
  std::string name = "default";  // Unique.
  // Associations that call one of these choose it.  Empty: dicom.ae_title.
  std::vector<std::string> called_ae_titles;
  std::vector<std::string> models = {"resnet18", "efficientnet_b0", "densenet121"};
  std::vector<std::string> destinations;        // Names of destinations.
  bool return_to_sender = false;                // Also to the sending peer's return_port.
  JobPriority priority = JobPriority::kNormal;  // Of films that come by C-STORE.
  OutputSettings outputs;  // The file's, with what the workflow says otherwise.
};

// Instead of the precision in a model's manifest; must have passed the same check.
struct ModelPrecisionConfig {
  std::string model;      // "resnet18" or "resnet18/1".
  std::string precision;  // "float32", "bfloat16" or "float16".
};

// When to stop receiving, and what becomes of conflicts.
struct StorageConfig {
  IngestSettings ingest;
  SweepSettings sweep;
  // Other bytes under a UID that is here already.  False: C-STORE 0x0111.  True:
  // set aside for a human, success; 0x0111 once the quarantine is full.
  bool quarantine_conflicts = false;
  QuarantineOptions quarantine;
};

struct Config {
  // Database, blobs, sockets, lock, ports.json.
  std::string data_directory = "data";
  // Empty (LoadConfig fills it in): sqlite:data_directory/camnode.db.  LoadConfig puts the password
  // of database_password_file into it.
  std::string database_uri;
  std::string database_password_file;  // Empty: database_uri says all there is.
  std::string model_directory = "models";
  std::string time_zone = "UTC";  // IANA name, for dates in the objects we make.
  LogLevel log_level = LogLevel::kInfo;
  bool allow_root = false;  // Node and workers do not run as root unless told.
  NodeSettings node;

  DicomConfig dicom;
  std::vector<Peer> peers;
  std::vector<DestinationConfig> destinations;
  std::vector<WorkflowConfig> workflows = {WorkflowConfig()};  // One or more.
  std::vector<ModelPrecisionConfig> precisions;
  DeliverySettings delivery;
  StorageConfig storage;
  JobQueueOptions queue;
  OutboxOptions outbox;  // Not in the file.
  WorkerSettings worker;
  PipelineSettings pipeline;
  EligibilityPolicy eligibility;
  GrpcSettings grpc;
  HttpSettings http;

  // Set by ParseConfig: the options whose value is not the default, as "dicom.port".
  std::vector<std::string> changed;
  // Set by LoadConfig: the file as given, and the SHA-256 of its bytes.
  std::string file;
  std::string file_sha256;
};

// The called AE titles of a workflow: its own, or dicom.ae_title if it names none.
std::vector<std::string> CalledAeTitles(const Config& config, const WorkflowConfig& workflow);

// The model names of each workflow, in their order: for LoadSharedModels.
std::vector<std::vector<std::string>> ModelNames(const Config& config);

// Parses and checks the text.  Paths stay as written.  `file` is for messages.
// Errors: kInvalidArgument; the message has one line per mistake found, in the
// order of the file: "FILE:LINE: what is wrong; what was expected".
absl::StatusOr<Config> ParseConfig(const std::string& text, const std::string& file);

// ParseConfig of the file at `path`; relative paths (of TLS files, too) are made
// relative to its folder, database_uri is filled in.
// Errors: as ParseConfig; ReadFile's: kNotFound or kUnavailable if it cannot be read,
// kResourceExhausted if larger than 1 MiB; kFailedPrecondition for a file with a password that
// others can read (secret_file.h), be it this one or database_password_file.
absl::StatusOr<Config> LoadConfig(const std::string& path);

}  // namespace camnode

#endif  // CAMNODE_SERVICES_CONFIG_CONFIG_H_
