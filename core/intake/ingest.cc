#include "core/intake/ingest.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "core/base/crash_point.h"
#include "core/base/log.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"
#include "core/dicom/file/file_meta_writer.h"
#include "core/dicom/file/implementation.h"
#include "core/dicom/file/transfer_syntax.h"
#include "core/dicom/film/instance_header.h"
#include "core/dicom/film/sop_classes.h"
#include "core/intake/image_header.h"
#include "core/intake/upload_digest.h"

namespace camnode {
namespace {

constexpr int64_t kMaxImageSide = 32'768;

// The header values that the row keeps.
void FillFromHeader(const InstanceHeader& header, Instance& instance) {
  instance.sop_instance_uid = header.sop_instance_uid;
  instance.series_instance_uid = header.series_instance_uid;
  instance.study_instance_uid = header.study_instance_uid;
  instance.sop_class_uid = header.sop_class_uid;
  instance.transfer_syntax_uid = header.transfer_syntax_uid;
  instance.modality = header.modality;
}

// PNG and JPEG have no UIDs: the same bytes get the same ones everywhere.
void FillFromDigest(Instance& instance) {
  const std::string base = absl::StrCat("camnode upload ", instance.sha256, " ");
  instance.sop_instance_uid = Uid::Derive(absl::StrCat(base, "instance"));
  instance.series_instance_uid = Uid::Derive(absl::StrCat(base, "series"));
  instance.study_instance_uid = Uid::Derive(absl::StrCat(base, "study"));
}

absl::Status CheckMatchesCommand(const InstanceHeader& header, const StoreRequest& request) {
  if (header.sop_instance_uid != request.sop_instance_uid) {
    return absl::InvalidArgumentError("SOP Instance UID of the data set is not the command's");
  }
  if (header.sop_class_uid != request.sop_class_uid) {
    return absl::InvalidArgumentError("SOP Class UID of the data set is not the command's");
  }
  return absl::OkStatus();
}

absl::Status CheckProcessable(const InstanceHeader& header) {
  if (!IsAcceptedStorageSopClass(header.sop_class_uid.text())) {
    return absl::UnimplementedError(
        absl::StrCat("SOP class ", header.sop_class_uid.text(), " is not processed"));
  }
  if (!IsSupportedTransferSyntax(header.transfer_syntax_uid.text())) {
    return absl::UnimplementedError(
        absl::StrCat("transfer syntax ", header.transfer_syntax_uid.text(), " is not processed"));
  }
  return absl::OkStatus();
}

// nullptr if there is none.
const IngestWorkflow* FindCalled(const std::vector<IngestWorkflow>& workflows,
                                 const std::string& called_ae) {
  for (const IngestWorkflow& workflow : workflows) {
    const std::vector<std::string>& titles = workflow.called_ae_titles;
    if (std::find(titles.begin(), titles.end(), called_ae) != titles.end()) return &workflow;
  }
  return nullptr;
}

// The first if `name` is empty; nullptr if there is none of that name.
const IngestWorkflow* FindNamed(const std::vector<IngestWorkflow>& workflows,
                                const std::string& name) {
  for (const IngestWorkflow& workflow : workflows) {
    if (name.empty() || workflow.name == name) return &workflow;
  }
  return nullptr;
}

}  // namespace

bool ClaimsToBeOurs(const InstanceHeader& header) {
  return header.instance_creator_uid == CamnodeInstanceCreatorUid() ||
         header.contributed_by_camnode;
}

// One C-STORE.
class Ingest::StoreSink final : public InstanceSink {
 public:
  StoreSink(Ingest& ingest, const StoreRequest& request, const IngestWorkflow& workflow,
            BlobWriter blob)
      : ingest_(ingest), request_(request), workflow_(workflow), blob_(std::move(blob)) {}

  absl::Status WriteFileHeader() {
    return blob_.Append(FileMeta({request_.sop_class_uid, request_.sop_instance_uid,
                                  request_.transfer_syntax_uid.text(), request_.calling_ae}));
  }

  absl::Status Append(absl::string_view bytes) override {
    digest_.Update(bytes);
    size_bytes_ += static_cast<int64_t>(bytes.size());
    return blob_.Append(bytes);
  }

  absl::Status Finish() override {
    CAMNODE_ASSIGN_OR_RETURN(StagedBlob blob, std::move(blob_).Finish());
    CAMNODE_ASSIGN_OR_RETURN(const InstanceHeader header, ReadInstanceHeader(blob.path()));
    CAMNODE_RETURN_IF_ERROR(CheckMatchesCommand(header, request_));
    CrashPoint("after_header_read");

    Instance instance;
    FillFromHeader(header, instance);
    instance.sha256 = std::move(digest_).Finish();
    instance.size_bytes = size_bytes_;
    instance.calling_ae = request_.calling_ae;
    instance.called_ae = request_.called_ae;
    JobRequest job;
    job.workflow = workflow_.name;
    job.model_set = workflow_.model_set;
    job.priority = workflow_.priority;
    if (workflow_.return_to_sender && ingest_.options_.return_destination) {
      job.extra_destinations.push_back(ingest_.options_.return_destination(request_));
    }
    return ingest_
        .Record(std::move(blob), std::move(instance), ClaimsToBeOurs(header), job,
                ingest_.options_.quarantine)
        .status();
  }

 private:
  Ingest& ingest_;
  const StoreRequest request_;
  const IngestWorkflow& workflow_;
  BlobWriter blob_;
  Sha256 digest_;  // Of the data set alone.
  int64_t size_bytes_ = 0;
};

Ingest::Ingest(const IngestOptions& options, BlobStore& blobs, InstanceStore& instances,
               ResultStore& results, JobQueue& jobs, const Clock& clock)
    : options_(options),
      blobs_(blobs),
      instances_(instances),
      results_(results),
      jobs_(jobs),
      clock_(clock),
      count_holds_(absl::ZeroDuration(), clock) {}

Ingest::~Ingest() = default;

absl::StatusOr<int64_t> Ingest::WaitingJobs() {
  {
    MutexLock lock(&mutex_);
    // Asked for seldom; in between, what we added ourselves is counted on top.  One
    // association counts, the others go on with what was known.
    if (!count_holds_.Expired()) return waiting_jobs_;
    count_holds_ = Deadline(options_.backlog_refresh, clock_);
  }
  const absl::StatusOr<int64_t> counted = jobs_.CountQueued();
  MutexLock lock(&mutex_);
  if (!counted.ok()) {
    count_holds_ = Deadline(absl::ZeroDuration(), clock_);
    return counted;
  }
  waiting_jobs_ = *counted;
  return waiting_jobs_;
}

absl::Status Ingest::CheckCapacity() {
  CAMNODE_ASSIGN_OR_RETURN(const int64_t free_bytes, blobs_.FreeBytes());
  if (free_bytes < options_.settings.min_free_bytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat("only ", free_bytes, " bytes of disk are free, ",
                     options_.settings.min_free_bytes, " must stay free"));
  }
  CAMNODE_ASSIGN_OR_RETURN(const int64_t waiting, WaitingJobs());
  if (waiting >= options_.settings.max_queued_jobs) {
    return absl::ResourceExhaustedError(
        absl::StrCat(waiting, " jobs wait, at most ", options_.settings.max_queued_jobs, " may"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<InstanceSink>> Ingest::Admit(const StoreRequest& request) {
  const IngestWorkflow* workflow = FindCalled(options_.workflows, request.called_ae);
  if (workflow == nullptr) {
    return absl::FailedPreconditionError("the called AE title belongs to no workflow");
  }
  CAMNODE_RETURN_IF_ERROR(CheckCapacity());
  CAMNODE_ASSIGN_OR_RETURN(BlobWriter blob, blobs_.Create(BlobDigest::kNone));
  auto sink = std::make_unique<StoreSink>(*this, request, *workflow, std::move(blob));
  CAMNODE_RETURN_IF_ERROR(sink->WriteFileHeader());
  return sink;
}

absl::StatusOr<Ingested> Ingest::Record(StagedBlob blob, Instance instance, bool claims_to_be_ours,
                                        const JobRequest& job, Quarantine* quarantine) {
  instance.blob_id = blob.info().id;
  instance.received_ms = ToUnixMs(clock_.Now());
  CAMNODE_ASSIGN_OR_RETURN(const bool made_by_us, results_.IsOwnOutput(instance.sop_instance_uid));
  instance.own_output = made_by_us || claims_to_be_ours;

  absl::StatusOr<AddedInstance> added =
      instances_.Add(instance, instance.own_output ? absl::optional<JobRequest>()
                                                   : absl::optional<JobRequest>(job));
  if (absl::IsAlreadyExists(added.status())) {
    CAMNODE_RETURN_IF_ERROR(OnConflict(std::move(blob), instance, added.status(), quarantine));
    return Ingested{std::move(instance), {}};
  }
  // Only a definite refusal or a repeat means that no row names the blob.  After any other
  // error the commit may have happened.
  if (!added.ok() || !added->repeat) std::move(blob).Keep();
  CAMNODE_RETURN_IF_ERROR(added.status());
  if (!added->repeat) {
    MutexLock lock(&mutex_);
    if (added->job_id) ++waiting_jobs_;
  }
  instance.id = added->instance_id;
  return Ingested{std::move(instance), *added};
}

absl::Status Ingest::OnConflict(StagedBlob blob, const Instance& instance,
                                const absl::Status& refusal, Quarantine* quarantine) {
  if (quarantine == nullptr) return refusal;
  const absl::StatusOr<QuarantineOutcome> answer = quarantine->Add(instance);
  if (!answer.ok() || *answer == QuarantineOutcome::kAdded) std::move(blob).Keep();
  CAMNODE_ASSIGN_OR_RETURN(const QuarantineOutcome outcome, answer);
  if (outcome == QuarantineOutcome::kFull) {
    return Annotate(refusal, "the quarantine is full");
  }
  if (outcome != QuarantineOutcome::kAdded && outcome != QuarantineOutcome::kRepeat) {
    return refusal;
  }
  // For the sender all is well, so nobody else will say it.
  Log(LogLevel::kWarning, "instance_quarantined",
      {{LogField::kInstance, instance.sop_instance_uid.text()},
       {LogField::kCallingAe, instance.calling_ae},
       {LogField::kCalledAe, instance.called_ae},
       {LogField::kOutcome, outcome == QuarantineOutcome::kAdded ? "added" : "repeat"},
       {LogField::kReason, refusal.message()}});
  return absl::OkStatus();
}

struct IngestUpload::State {
  State(Ingest& taken_by, const UploadRequest& wish, const IngestWorkflow& chosen, BlobWriter empty)
      : ingest(taken_by),
        request(wish),
        workflow(chosen),
        blob(std::move(empty)),
        digest(wish.media_type),
        image(wish.media_type) {}

  Ingest& ingest;
  const UploadRequest request;
  const IngestWorkflow& workflow;
  BlobWriter blob;
  UploadDigest digest;
  ImageHeaderReader image;  // For PNG and JPEG.
};

IngestUpload::IngestUpload(std::unique_ptr<State> state) : state_(std::move(state)) {}
IngestUpload::IngestUpload(IngestUpload&&) noexcept = default;
IngestUpload& IngestUpload::operator=(IngestUpload&&) noexcept = default;
IngestUpload::~IngestUpload() = default;

bool Ingest::HasWorkflow(const std::string& name) const {
  return FindNamed(options_.workflows, name) != nullptr;
}

absl::StatusOr<IngestUpload> Ingest::BeginUpload(const UploadRequest& request) {
  const IngestWorkflow* workflow = FindNamed(options_.workflows, request.workflow);
  if (workflow == nullptr) return absl::InvalidArgumentError("there is no workflow of that name");
  CAMNODE_RETURN_IF_ERROR(CheckCapacity());
  CAMNODE_ASSIGN_OR_RETURN(BlobWriter blob, blobs_.Create(BlobDigest::kNone));
  return IngestUpload(
      std::make_unique<IngestUpload::State>(*this, request, *workflow, std::move(blob)));
}

absl::Status IngestUpload::Append(absl::string_view bytes) {
  const int64_t limit = state_->request.max_bytes > 0
                            ? state_->request.max_bytes
                            : state_->ingest.options_.settings.max_upload_bytes;
  if (static_cast<int64_t>(bytes.size()) > limit - state_->blob.size_bytes()) {
    return absl::ResourceExhaustedError(absl::StrCat("upload is larger than ", limit, " bytes"));
  }
  state_->digest.Update(bytes);
  if (state_->request.media_type != MediaType::kDicom) state_->image.Consume(bytes);
  return state_->blob.Append(bytes);
}

absl::StatusOr<Ingested> IngestUpload::Finish() && {
  State& state = *state_;
  Ingest& ingest = state.ingest;
  const bool is_dicom = state.request.media_type == MediaType::kDicom;
  if (state.blob.size_bytes() == 0) return absl::InvalidArgumentError("the upload is empty");
  if (!is_dicom) {
    CAMNODE_ASSIGN_OR_RETURN(const ImageSize size, state.image.Size());
    if (size.width > kMaxImageSide || size.height > kMaxImageSide) {
      return absl::InvalidArgumentError(absl::StrCat("the image is ", size.width, " x ",
                                                     size.height, " pixels, larger than ",
                                                     kMaxImageSide, " a side"));
    }
  }
  CAMNODE_ASSIGN_OR_RETURN(StagedBlob blob, std::move(state.blob).Finish());

  Instance instance;
  instance.media_type = state.request.media_type;
  UploadDigest::Result digest = std::move(state.digest).Finish();
  instance.sha256 = std::move(digest.sha256);
  instance.size_bytes = digest.size_bytes;
  instance.calling_ae = state.request.calling_ae;
  bool claims_to_be_ours = false;
  if (is_dicom) {
    CAMNODE_ASSIGN_OR_RETURN(const InstanceHeader header, ReadInstanceHeader(blob.path()));
    CAMNODE_RETURN_IF_ERROR(CheckProcessable(header));
    FillFromHeader(header, instance);
    claims_to_be_ours = ClaimsToBeOurs(header);
  } else {
    FillFromDigest(instance);
  }

  JobRequest job;
  job.workflow = state.workflow.name;
  job.model_set = state.workflow.model_set;
  job.priority = state.request.priority;
  job.deliver = state.request.deliver;
  CAMNODE_ASSIGN_OR_RETURN(Ingested ingested, ingest.Record(std::move(blob), std::move(instance),
                                                            claims_to_be_ours, job, nullptr));
  if (ingested.added.repeat) {
    CAMNODE_ASSIGN_OR_RETURN(ingested.instance, ingest.instances_.Get(ingested.instance.id));
  }
  return ingested;
}

}  // namespace camnode
