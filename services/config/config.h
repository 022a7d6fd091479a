// The configuration of both programs: one struct that is nothing but the parts'
// options side by side.  deploy/camnode.textproto shows every option with these
// defaults; a test holds the two equal.
//
// Only the mains see a whole Config; every part is handed its own struct.

#ifndef CAMNODE_SERVICES_CONFIG_CONFIG_H_
#define CAMNODE_SERVICES_CONFIG_CONFIG_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/base/log.h"
#include "core/base/retryable.h"
#include "core/domain/eligibility_policy.h"
#include "core/domain/job.h"
#include "core/storage/job_queue.h"
#include "core/storage/outbox.h"
#include "core/storage/quarantine.h"

namespace camnode {

// DICOM by TLS, in and out.
struct DicomTlsConfig {
  int port = -1;  // 0: any free one, see ports.json; -1: none.
  // PEM; all three or none.
  std::string certificate_file;
  std::string private_key_file;
  std::string ca_file;
  bool require_peer_certificate = true;  // Of those who call us.

  bool has_files() const { return !certificate_file.empty(); }
};

// The storage SCP.
struct DicomConfig {
  // Ours when we send; and what a workflow is called that names no title of its own.
  std::string ae_title = "CAMNODE";
  int port = 11112;  // 0: any free one, see ports.json; -1: none.
  DicomTlsConfig tls;
  // One thread each.  More at once are refused as "temporary congestion".
  int max_associations = 16;
  int max_associations_per_peer = 8;                // So that one peer cannot take them all.
  int max_pdu_bytes = 131072;                       // Of what we receive; 4,096 to 131,072.
  int64_t max_instance_bytes = int64_t{512} << 20;  // A larger data set is refused.
  absl::Duration idle_timeout = absl::Seconds(30);  // No byte for so long: aborted.
  // From TCP accept to a whole A-ASSOCIATE-RQ: bounds a silent or trickling peer.
  absl::Duration association_request_timeout = absl::Seconds(10);
  absl::Duration instance_timeout = absl::Minutes(5);  // One data set, first to last byte.
  bool accept_unknown_peers = false;                   // For a closed test network only.
};

// Who may send: AE title and address must both match.
struct PeerConfig {
  std::string ae_title;
  std::vector<std::string> addresses;  // "10.0.0.7", "10.1.0.0/16", "fd00::/8".
  // Where return_to_sender sends.  Port 0: nowhere; empty host: the address the
  // film came from.
  int return_port = 0;
  std::string return_host;
  bool return_tls = false;
  // Within the limits of all; 0: none of its own.
  int max_associations = 0;
  int64_t max_instance_bytes = 0;
};

// A DICOM peer that receives what we make.
struct DestinationConfig {
  std::string name;
  std::string ae_title;
  std::string host;  // Name or address.
  int port = 104;
  bool tls = false;
  std::string tls_server_name;  // What its certificate must carry; "": any name.
};

// Which objects are made of an analysis.
struct OutputsConfig {
  bool overlays = true;              // One per model.
  bool panel = true;                 // Film, every map, agreement.
  bool refusal_notice = false;       // For a film that is not analysed: says why.
  int overlay_max_long_side = 1024;  // Pixels.
  int panel_max_long_side = 1536;    // Pixels.
  bool native_size = false;          // Overlays as large as the film: many megabytes.
  double alpha = 0.4;                // Opacity of the strongest cell, 0 to 1.
  int series_number_base = 9000;     // Above what modalities use, so that ours sort last.
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
  OutputsConfig outputs;  // The file's, with what the workflow says otherwise.
};

// Instead of the precision in a model's manifest; must have passed the same check.
struct ModelPrecisionConfig {
  std::string model;      // "resnet18" or "resnet18/1".
  std::string precision;  // "float32", "bfloat16" or "float16".
};

// The sending of derived instances.
struct DeliveryConfig {
  Backoff backoff = {absl::Seconds(2), absl::Minutes(10), 2.0};
  int max_failures = 5;  // For answers that are retried "a few times".
  absl::Duration connect_timeout = absl::Seconds(10);
  absl::Duration response_timeout = absl::Minutes(1);
  int max_per_association = 100;
};

// When to stop receiving.
struct StorageConfig {
  int64_t min_free_bytes = int64_t{1} << 30;  // Less free disk: C-STORE 0xA700.
  int64_t max_queued_jobs = 100'000;          // More waiting: C-STORE 0xA700.
  // Other bytes under a UID that is here already.  False: C-STORE 0x0111.  True:
  // set aside for a human, success; 0x0111 once the quarantine is full.
  bool quarantine_conflicts = false;
  QuarantineOptions quarantine;
};

struct QueueConfig {
  JobQueueOptions queue;
  Backoff backoff = {absl::Seconds(1), absl::Minutes(10), 2.0};
};

// The worker processes.
struct WorkerConfig {
  bool supervise = true;             // False: systemd or a pod starts camnode-worker.
  int count = 1;                     // One per device; on a CPU more than one only share the cores.
  std::string device = "cpu";        // Or "cuda:0"; "auto": the first GPU, if there is one.
  int threads = 0;                   // 0: as many as there are cores.
  int decode_ahead = 8;              // Decoded films waiting; each takes up to 5 bytes per pixel.
  int max_batch = 8;                 // Films computed together when so many wait; 1 to 64.
  int64_t max_pixels = 100'000'000;  // A larger film is buried unread.
  int niceness = 5;                  // So that reception comes first; 0 to 19.
};

struct GrpcConfig {
  std::string address = "127.0.0.1";
  int port = 50051;       // 0: any free one, see ports.json.
  bool insecure = false;  // Allows an address other than loopback, without TLS.
  bool reflection = true;
  int max_watchers = 32;  // WatchAnalyses streams at once; each holds a thread.
  int max_threads = 64;   // More calls at once wait; at least max_watchers + 8.
  int64_t max_upload_bytes = int64_t{256} << 20;
};

struct HttpConfig {
  std::string address = "127.0.0.1";
  int port = 8080;        // 0: any free one, see ports.json; -1: off.
  bool insecure = false;  // Allows an address other than loopback, without TLS.
};

struct Config {
  // Database, blobs, sockets, lock, ports.json.
  std::string data_directory = "data";
  std::string database_uri;  // Empty (LoadConfig fills it in): sqlite:data_directory/camnode.db.
  std::string model_directory = "models";
  std::string time_zone = "UTC";  // IANA name, for dates in the objects we make.
  LogLevel log_level = LogLevel::kInfo;

  DicomConfig dicom;
  std::vector<PeerConfig> peers;
  std::vector<DestinationConfig> destinations;
  std::vector<WorkflowConfig> workflows = {WorkflowConfig()};  // One or more.
  std::vector<ModelPrecisionConfig> precisions;
  DeliveryConfig delivery;
  StorageConfig storage;
  QueueConfig queue;
  OutboxOptions outbox;  // Not in the file.
  WorkerConfig worker;
  EligibilityPolicy eligibility;
  GrpcConfig grpc;
  HttpConfig http;

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
// kFailedPrecondition if larger than 1 MiB.
absl::StatusOr<Config> LoadConfig(const std::string& path);

}  // namespace camnode

#endif  // CAMNODE_SERVICES_CONFIG_CONFIG_H_
