// The folder of one training: what it is, and how far it came.

#ifndef CAMNODE_CORE_TRAINING_TRAIN_RUN_FOLDER_H_
#define CAMNODE_CORE_TRAINING_TRAIN_RUN_FOLDER_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/training/train/curves.h"
#include "proto/camnode/training/v1/recipe.pb.h"
#include "proto/camnode/training/v1/run.pb.h"

namespace camnode {

// The files that trainer.h lists.  Held by one process at a time, until the object goes;
// used by one thread.
class RunFolder {
 public:
  // Makes the folder and writes recipe.textproto and run.textproto, or finds both there
  // as they would be written.  Those of a run that came to no end of an epoch are
  // replaced: nothing is lost.
  // Errors: kFailedPrecondition (another run is there: says in what it differs; another
  // process is at work there), the disk's.
  static absl::StatusOr<RunFolder> Open(const std::string& path,
                                        const camnode::training::v1::Recipe& recipe,
                                        camnode::training::v1::TrainingRun run);

  const std::string& path() const { return path_; }
  std::string model_path() const;

  // What curves.csv says of the first `epochs`; nothing if there is no such file.
  // Errors: ParseCurves's.
  absl::StatusOr<std::vector<CurvePoint>> ReadCurves(int epochs) const;
  absl::Status WriteCurves(const std::vector<CurvePoint>& curves) const;
  absl::Status WriteHeldOut(const std::string& text) const;

 private:
  RunFolder(std::string path, std::shared_ptr<const int> lock)
      : path_(std::move(path)), lock_(std::move(lock)) {}
  std::string path_;
  std::shared_ptr<const int> lock_;  // The descriptor of a locked file; closed with the last copy.
};

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_TRAIN_RUN_FOLDER_H_
