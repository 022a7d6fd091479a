// The folder of one training: what it is, and how far it came.

#ifndef CAMNODE_CORE_TRAINING_RUN_FOLDER_H_
#define CAMNODE_CORE_TRAINING_RUN_FOLDER_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/training/curves.h"
#include "proto/camnode/training/v1/recipe.pb.h"
#include "proto/camnode/training/v1/run.pb.h"

namespace camnode {

// The files that trainer.h lists.  Used by one thread.
class RunFolder {
 public:
  // Makes the folder and writes recipe.textproto and run.textproto, or finds both there
  // as they would be written.
  // Errors: kFailedPrecondition (another run is there: says in what it differs), the
  // disk's.
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
  explicit RunFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_RUN_FOLDER_H_
