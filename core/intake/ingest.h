// From bytes to a durable instance with a job: steps 2 to 7 of the life of an
// instance (README.md).  C-STORE and uploads take the same path.

#ifndef CAMNODE_CORE_INTAKE_INGEST_H_
#define CAMNODE_CORE_INTAKE_INGEST_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/base/stopwatch.h"
#include "core/domain/instance.h"
#include "core/domain/job.h"
#include "core/intake/ingest_settings.h"
#include "core/intake/store_handler.h"
#include "core/storage/blobs/blob_store.h"
#include "core/storage/instance_store.h"
#include "core/storage/job_queue.h"
#include "core/storage/quarantine.h"
#include "core/storage/result_store.h"

namespace camnode {

struct InstanceHeader;

// One way to treat a film, as far as receiving it goes.
struct IngestWorkflow {
  std::string name = "default";
  // The called AE titles whose films take it.  No title belongs to two workflows.
  std::vector<std::string> called_ae_titles;
  std::string model_set;  // Digest of the models in use, from the configuration.
  JobPriority priority = JobPriority::kNormal;
  bool return_to_sender = false;  // Results also go to IngestOptions::return_destination.
};

struct IngestOptions {
  // One or more.  The first is that of uploads which name none.
  std::vector<IngestWorkflow> workflows;

  IngestSettings settings;
  // How old the count of waiting jobs may be.  Longer: the limit is overrun by
  // what arrives meanwhile.  Shorter: more queries.
  absl::Duration backlog_refresh = absl::Seconds(1);

  // Where a C-STORE goes whose SOP Instance UID is here with other bytes; borrowed.
  // nullptr: such an instance is refused.  Uploads are refused either way: their
  // callers wait for an analysis, which there will not be.
  Quarantine* quarantine = nullptr;

  // Name of the destination that a film's results also go to if its workflow
  // returns them; "" for none.  Typically PeerPolicy::ReturnDestination.  Unset:
  // none.  Thread-safe.
  std::function<std::string(const StoreRequest&)> return_destination;
};

// What became of an instance that was taken.
struct Ingested {
  // As stored: for a repeat the row that was there before.  id 0: put into the
  // quarantine, where `added` says nothing.
  Instance instance;
  AddedInstance added;
};

struct UploadRequest {
  MediaType media_type = MediaType::kDicom;
  // Whether DICOM destinations get the outputs.  For PNG and JPEG, whose study is
  // synthetic, false is the sensible value.
  bool deliver = false;
  JobPriority priority = JobPriority::kInteractive;
  std::string workflow;             // Empty: the first.
  std::string calling_ae = "grpc";  // What the row says of who sent it.
  int64_t max_bytes = 0;            // 0: settings.max_upload_bytes.
};

// Made by us, as far as the object itself says.  Image Type does not count: real
// films are DERIVED too.
bool ClaimsToBeOurs(const InstanceHeader& header);

class Ingest;

// One upload.  Move-only, used by one thread.  Destroyed before Finish, it leaves
// nothing behind.
class IngestUpload {
 public:
  IngestUpload(IngestUpload&&) noexcept;
  IngestUpload& operator=(IngestUpload&&) noexcept;
  ~IngestUpload();

  // The file's bytes, in order.
  // Errors: kResourceExhausted beyond max_upload_bytes or without disk;
  // kUnavailable.
  absl::Status Append(absl::string_view bytes);

  // On success the instance and its job are durable.
  //
  // Errors:
  //   kInvalidArgument   No bytes; not the media type declared; a DICOM file
  //                      without the UIDs it needs; an image whose header gives
  //                      no size, or one beyond 32,768 pixels a side.
  //   kDataLoss          A DICOM file that cannot be walked to its pixels.
  //   kUnimplemented     A SOP class or transfer syntax that is not processed.
  //   kAlreadyExists     Its SOP Instance UID is here with other bytes.
  //   kResourceExhausted, kUnavailable
  absl::StatusOr<Ingested> Finish() &&;

 private:
  friend class Ingest;
  struct State;
  explicit IngestUpload(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Thread-safe.
class Ingest final : public StoreHandler {
 public:
  // Borrows everything; all must outlive it and every sink and upload made by it.
  Ingest(const IngestOptions& options, BlobStore& blobs, InstanceStore& instances,
         ResultStore& results, JobQueue& jobs, const Clock& clock);
  ~Ingest() override;

  // A C-STORE.  Errors: kFailedPrecondition if the called AE belongs to no workflow
  // (the acceptor refuses such associations); kResourceExhausted, kUnavailable.
  // The sink's Finish returns:
  //   OK                 Durable: also a repeat of the same bytes, and other bytes
  //                      that were put into the quarantine.
  //   kInvalidArgument   UIDs missing, malformed or not those of the command.
  //   kDataLoss          The data set cannot be walked to its pixels.
  //   kAlreadyExists     The SOP Instance UID is here with other bytes, and there is
  //                      no quarantine or no room in it; or it is of another study.
  //   kResourceExhausted, kUnavailable
  absl::StatusOr<std::unique_ptr<InstanceSink>> Admit(const StoreRequest& request) override;

  // Of that name; always of the empty one, which is the first.
  bool HasWorkflow(const std::string& name) const;

  // An upload.  Errors: kInvalidArgument if it names an unknown workflow;
  // kResourceExhausted, kUnavailable.
  absl::StatusOr<IngestUpload> BeginUpload(const UploadRequest& request);

 private:
  friend class IngestUpload;
  class StoreSink;

  absl::Status CheckCapacity();
  absl::StatusOr<int64_t> WaitingJobs();
  // Own output or not, row and job, repeat or not.  The blob is gone on a definite refusal
  // and on a repeat; after any other error the sweep decides, since the row may be there.
  // `quarantine`: for other bytes under a known UID; may be nullptr.
  absl::StatusOr<Ingested> Record(StagedBlob blob, Instance instance, bool claims_to_be_ours,
                                  const JobRequest& job, Quarantine* quarantine);
  // `refusal` unless `quarantine` takes it.  The blob as in Record: if nobody can say
  // whether the quarantine took it, the sweep decides.
  absl::Status OnConflict(StagedBlob blob, const Instance& instance, const absl::Status& refusal,
                          Quarantine* quarantine);

  const IngestOptions options_;
  BlobStore& blobs_;
  InstanceStore& instances_;
  ResultStore& results_;
  JobQueue& jobs_;
  const Clock& clock_;

  Mutex mutex_;
  Deadline count_holds_ ABSL_GUARDED_BY(mutex_);
  int64_t waiting_jobs_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_INTAKE_INGEST_H_
