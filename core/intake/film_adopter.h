// Takes films in again that lie among the blobs and that no row names: what a database that
// was restored from an older copy does not know.

#ifndef CAMNODE_CORE_INTAKE_FILM_ADOPTER_H_
#define CAMNODE_CORE_INTAKE_FILM_ADOPTER_H_

#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/intake/ingest.h"
#include "core/storage/blob_names.h"
#include "core/storage/blobs/blob_store.h"
#include "core/storage/instance_store.h"

namespace camnode {

struct AdoptionOptions {
  bool dry_run = false;  // Counts only.
  // Of the films that are taken; empty: the first.  Their results go to its destinations.
  std::string workflow;
  // Younger blobs may belong to a reception at work, whose row is to come.
  absl::Duration min_age = absl::Hours(1);
};

struct AdoptionReport {
  int64_t unnamed = 0;  // Blobs that no row names, in their places and in the trash.
  int64_t adopted = 0;  // Films taken in, with a job each; in a dry run, that would be.
  int64_t known =
      0;  // Films whose SOP Instance UID has a row: with other bytes, or adopted before.
  int64_t outputs = 0;  // Objects of ours, which analyses make again.
  int64_t others = 0;   // No DICOM: display rasters, and uploads of PNG and JPEG.
  int64_t refused = 0;  // Films that the intake refuses; the log says why.
};

// Used by one thread at a time.
class FilmAdopter {
 public:
  // Borrows all.
  FilmAdopter(Ingest& ingest, BlobStore& blobs, BlobNames& names, InstanceStore& instances,
              const Clock& clock)
      : ingest_(ingest), blobs_(blobs), names_(names), instances_(instances), clock_(clock) {}

  // A film is copied by the path of an upload, and its old file removed once the new row is
  // durable.  Ended early, it goes on where it was when it is called again.
  // `cancelled`: asked between two files.
  //
  // Errors: kCancelled; kInvalidArgument if there is no such workflow; kResourceExhausted if
  // disk or queue are full; those of SweepBlobs.
  absl::StatusOr<AdoptionReport> Run(const AdoptionOptions& options,
                                     absl::FunctionRef<bool()> cancelled);

 private:
  enum class Fate { kGone, kAdopted, kKnown, kOutput, kOther, kRefused };
  absl::StatusOr<Fate> Take(const AdoptionOptions& options, const std::string& path);
  absl::Status TakeIn(const AdoptionOptions& options, const std::string& path);

  Ingest& ingest_;
  BlobStore& blobs_;
  BlobNames& names_;
  InstanceStore& instances_;
  const Clock& clock_;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_INTAKE_FILM_ADOPTER_H_
