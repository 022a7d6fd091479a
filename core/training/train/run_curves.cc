#include "core/training/train/run_curves.h"

#include <filesystem>
#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/training/train/recipe.h"

namespace camnode {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kMaxBytes = 16 << 20;

absl::StatusOr<std::string> ReadText(const std::string& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) {
    return absl::NotFoundError(absl::StrCat("no file ", path));
  }
  if (fs::file_size(path, error) > kMaxBytes || error) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": too large"));
  }
  std::ifstream file(path, std::ios::binary);
  return std::string((std::istreambuf_iterator<char>(file)), {});
}

}  // namespace

absl::StatusOr<camnode::training::v1::Recipe> ReadRecipe(const std::string& path) {
  CAMNODE_ASSIGN_OR_RETURN(const std::string text, ReadText(path));
  absl::StatusOr<camnode::training::v1::Recipe> recipe = ParseRecipe(text);
  if (!recipe.ok()) return Annotate(recipe.status(), path);
  return recipe;
}

absl::StatusOr<TrainingRun> ReadTrainingRun(const std::string& folder) {
  TrainingRun run;
  const fs::path path = fs::path(folder).lexically_normal();
  run.name = (path.has_filename() ? path : path.parent_path()).filename().string();
  CAMNODE_ASSIGN_OR_RETURN(run.recipe, ReadRecipe((path / "recipe.textproto").string()));
  const std::string curves_path = (path / "curves.csv").string();
  CAMNODE_ASSIGN_OR_RETURN(const std::string text, ReadText(curves_path));
  absl::StatusOr<std::vector<CurvePoint>> curves = ParseCurves(text);
  if (!curves.ok()) return Annotate(curves.status(), curves_path);
  run.curves = *std::move(curves);
  return run;
}

}  // namespace camnode
