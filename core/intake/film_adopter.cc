#include "core/intake/film_adopter.h"

#include <unistd.h>

#include <cstddef>
#include <fstream>
#include <ios>
#include <limits>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/log.h"
#include "core/base/status_macros.h"
#include "core/dicom/film/instance_header.h"
#include "core/domain/instance.h"
#include "core/domain/job.h"
#include "core/storage/blobs/blob_layout.h"
#include "core/storage/blobs/blob_sweep.h"
#include "core/storage/blobs/blob_trash.h"

namespace camnode {
namespace {

constexpr size_t kChunkBytes = 256 * 1024;
constexpr size_t kMaxInOneRun = 100'000;

// What the node's resources or the caller stop, not the film.
bool EndsTheRun(const absl::Status& status) {
  return absl::IsResourceExhausted(status) || absl::IsUnavailable(status) ||
         absl::IsCancelled(status);
}

}  // namespace

absl::StatusOr<AdoptionReport> FilmAdopter::Run(const AdoptionOptions& options,
                                                absl::FunctionRef<bool()> cancelled) {
  if (!ingest_.HasWorkflow(options.workflow)) {
    return absl::InvalidArgumentError("there is no workflow of that name");
  }
  CAMNODE_RETURN_IF_ERROR(blobs_.CheckIdentity());
  AdoptionReport report;
  const auto take = [&](const std::string& path,
                        absl::FunctionRef<absl::Status()> remove) -> absl::Status {
    if (cancelled()) return absl::CancelledError("the caller ended it");
    ++report.unnamed;
    CAMNODE_ASSIGN_OR_RETURN(const Fate fate, Take(options, path));
    report.adopted += fate == Fate::kAdopted ? 1 : 0;
    report.known += fate == Fate::kKnown ? 1 : 0;
    report.outputs += fate == Fate::kOutput ? 1 : 0;
    report.others += fate == Fate::kOther ? 1 : 0;
    report.refused += fate == Fate::kRefused ? 1 : 0;
    return fate == Fate::kAdopted && !options.dry_run ? remove() : absl::OkStatus();
  };
  const auto named = [this](const std::vector<std::string>& ids) { return names_.Among(ids); };
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<std::string> unnamed,
                           FindUnnamedBlobs(blobs_, named, clock_.Now() - options.min_age,
                                            kMaxInOneRun, nullptr, nullptr));
  for (const std::string& id : unnamed) {
    CAMNODE_RETURN_IF_ERROR(
        take(BlobPath(blobs_.directory(), id), [&] { return blobs_.Remove(id); }));
  }
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<TrashedBlob> trash, blobs_.trash().List());
  for (const TrashedBlob& blob : trash) {
    CAMNODE_ASSIGN_OR_RETURN(const std::set<std::string> those, names_.Among({blob.id}));
    if (!those.empty()) continue;  // The next sweep puts it back.
    CAMNODE_RETURN_IF_ERROR(
        take(blobs_.trash().PathOf(blob), [&] { return blobs_.trash().Delete(blob); }));
  }
  return report;
}

absl::StatusOr<FilmAdopter::Fate> FilmAdopter::Take(const AdoptionOptions& options,
                                                    const std::string& path) {
  if (::access(path.c_str(), F_OK) != 0) return Fate::kGone;  // The sweep was here meanwhile.
  const absl::StatusOr<InstanceHeader> header = ReadInstanceHeader(path);
  if (!header.ok()) return Fate::kOther;
  if (ClaimsToBeOurs(*header)) return Fate::kOutput;
  const absl::Status found = instances_.FindBySopInstanceUid(header->sop_instance_uid).status();
  if (found.ok()) return Fate::kKnown;
  if (!absl::IsNotFound(found)) return found;
  if (options.dry_run) return Fate::kAdopted;
  const absl::Status taken = TakeIn(options, path);
  if (taken.ok()) return Fate::kAdopted;
  if (EndsTheRun(taken)) return taken;
  Log(LogLevel::kWarning, "film_not_adopted",
      {{LogField::kInstance, header->sop_instance_uid.text()},
       {LogField::kPath, path},
       {LogField::kReason, taken.message()}});
  return Fate::kRefused;
}

absl::Status FilmAdopter::TakeIn(const AdoptionOptions& options, const std::string& path) {
  UploadRequest request;
  request.media_type = MediaType::kDicom;
  request.deliver = true;
  request.priority = JobPriority::kBacklog;
  request.workflow = options.workflow;
  request.calling_ae = "ADOPTED";
  request.max_bytes = std::numeric_limits<int64_t>::max();  // It was taken before.
  CAMNODE_ASSIGN_OR_RETURN(IngestUpload upload, ingest_.BeginUpload(request));
  std::ifstream file(path, std::ios::binary);
  std::string chunk(kChunkBytes, '\0');
  while (file.read(chunk.data(), static_cast<std::streamsize>(chunk.size())) || file.gcount() > 0) {
    CAMNODE_RETURN_IF_ERROR(
        upload.Append(absl::string_view(chunk.data(), static_cast<size_t>(file.gcount()))));
  }
  if (file.bad() || !file.eof()) {
    return absl::UnavailableError(absl::StrCat(path, " cannot be read to its end"));
  }
  return std::move(upload).Finish().status();
}

}  // namespace camnode
