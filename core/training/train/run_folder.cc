#include "core/training/train/run_folder.h"

#include <fcntl.h>
#include <google/protobuf/util/message_differencer.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "core/base/durable_file.h"
#include "core/base/files.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"
#include "core/models/text_proto.h"
#include "core/training/train/recipe.h"

namespace camnode {
namespace {

namespace fs = std::filesystem;
namespace v1 = camnode::training::v1;

constexpr char kRecipeFile[] = "recipe.textproto";
constexpr char kRunFile[] = "run.textproto";
constexpr char kCurvesFile[] = "curves.csv";
constexpr char kHeldOutFile[] = "held_out.csv";
constexpr char kLockFile[] = "run.lock";
constexpr int64_t kMaxFileBytes = 16 << 20;

std::string In(const std::string& folder, const char* name) {
  return (fs::path(folder) / name).string();
}

// Whole or not at all; what stood there is replaced.
absl::Status Replace(const std::string& path, const std::string& text) {
  return ReplaceFileDurably(path, text, FileAccess::kOwnerOnly);
}

absl::Status CheckSameRun(const std::string& path, const v1::TrainingRun& wanted) {
  v1::TrainingRun there;
  CAMNODE_RETURN_IF_ERROR(ReadTextProtoFile(In(path, kRunFile), kMaxFileBytes, there));
  std::string differences;
  google::protobuf::util::MessageDifferencer differencer;
  differencer.ReportDifferencesToString(&differences);
  if (differencer.Compare(there, wanted)) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      path, " holds another run, which cannot be gone on with as this one: ",
      absl::StrReplaceAll(absl::StripAsciiWhitespace(differences), {{"\n", "; "}}),
      "; begin anew in another --output, or go on with what that run began with (recipe and fold: ",
      In(path, kRecipeFile),
      "; threads, device, program and the digest of the films: ", In(path, kRunFile), ")"));
}

// The kernel takes the lock back from a process that dies.
absl::StatusOr<std::shared_ptr<const int>> Lock(const std::string& folder) {
  const std::string path = In(folder, kLockFile);
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return StatusOfErrno(errno, path);
  std::shared_ptr<const int> lock(new int(descriptor), [](const int* held) {
    ::close(*held);
    delete held;
  });
  if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno != EWOULDBLOCK) return StatusOfErrno(errno, path);
  return absl::FailedPreconditionError(absl::StrCat("another training is at work in ", folder,
                                                    ": wait for it, or choose another --output"));
}

// Whether an epoch was finished there: curves are written first.
bool HasEpochs(const std::string& folder) {
  std::error_code error;
  return fs::exists(In(folder, kCurvesFile), error);
}

}  // namespace

absl::StatusOr<RunFolder> RunFolder::Open(const std::string& path, const v1::Recipe& recipe,
                                          v1::TrainingRun run) {
  CAMNODE_RETURN_IF_ERROR(CreateDirectoryDurably(path));
  CAMNODE_ASSIGN_OR_RETURN(std::shared_ptr<const int> lock, Lock(path));
  for (const char* file : {kRecipeFile, kRunFile, kCurvesFile, kHeldOutFile}) {
    RemoveLeftParts(In(path, file));
  }
  const std::string recipe_text = FormatRecipe(recipe);
  run.set_recipe_sha256(Sha256Hex(recipe_text));
  std::error_code error;
  if (fs::exists(In(path, kRunFile), error)) {
    const absl::Status same = CheckSameRun(path, run);
    if (same.ok()) return RunFolder(path, std::move(lock));
    if (HasEpochs(path)) return same;
    // Nothing came of it: its first films could not be read, perhaps.
    fs::remove(In(path, kRunFile), error);
  }
  CAMNODE_RETURN_IF_ERROR(Replace(In(path, kRecipeFile), recipe_text));
  CAMNODE_RETURN_IF_ERROR(
      Replace(In(path, kRunFile), FormatTextProto(run,
                                                  "What this training was made of; see "
                                                  "proto/camnode/training/v1/run.proto.")));
  return RunFolder(path, std::move(lock));
}

std::string RunFolder::model_path() const { return In(path_, "model"); }

absl::StatusOr<std::vector<CurvePoint>> RunFolder::ReadCurves(int epochs) const {
  std::vector<CurvePoint> kept;
  const std::string path = In(path_, kCurvesFile);
  std::error_code error;
  if (epochs == 0 || !fs::exists(path, error)) return kept;
  CAMNODE_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kMaxFileBytes));
  const absl::StatusOr<std::vector<CurvePoint>> curves = ParseCurves(text);
  if (!curves.ok()) return Annotate(curves.status(), path);
  for (const CurvePoint& curve : *curves) {
    if (curve.epoch <= epochs) kept.push_back(curve);
  }
  return kept;
}

absl::Status RunFolder::WriteCurves(const std::vector<CurvePoint>& curves) const {
  return Replace(In(path_, kCurvesFile), FormatCurves(curves));
}

absl::Status RunFolder::WriteHeldOut(const std::string& text) const {
  return Replace(In(path_, kHeldOutFile), text);
}

}  // namespace camnode
