#include "core/training/train/run_curves.h"

#include <cstdint>
#include <filesystem>
#include <utility>

#include "core/base/files.h"
#include "core/base/status_macros.h"
#include "core/training/train/recipe.h"

namespace camnode {
namespace {

namespace fs = std::filesystem;

// Of a recipe, and of curves.
constexpr int64_t kMaxBytes = 16 << 20;

}  // namespace

absl::StatusOr<camnode::training::v1::Recipe> ReadRecipe(const std::string& path) {
  CAMNODE_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kMaxBytes));
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
  CAMNODE_ASSIGN_OR_RETURN(const std::string text, ReadFile(curves_path, kMaxBytes));
  absl::StatusOr<std::vector<CurvePoint>> curves = ParseCurves(text);
  if (!curves.ok()) return Annotate(curves.status(), curves_path);
  run.curves = *std::move(curves);
  return run;
}

}  // namespace camnode
