#include "core/training/run_curves.h"

#include <google/protobuf/text_format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/training/csv.h"

namespace camnode {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kMaxRecipeBytes = 1 << 20;
constexpr size_t kMaxEpochs = 100'000;

absl::StatusOr<camnode::training::v1::Recipe> ReadRecipe(const std::string& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) {
    return absl::NotFoundError(absl::StrCat("no file ", path));
  }
  if (fs::file_size(path, error) > kMaxRecipeBytes || error) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": too large"));
  }
  std::ifstream file(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  camnode::training::v1::Recipe recipe;
  google::protobuf::TextFormat::Parser parser;
  if (!parser.ParseFromString(text, &recipe)) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": is not a recipe"));
  }
  return recipe;
}

absl::optional<double> Number(const std::string& text) {
  double number = 0.0;
  if (!absl::SimpleAtod(text, &number) || !std::isfinite(number)) return absl::nullopt;
  return number;
}

CurvePoint MakePoint(const std::map<std::string, std::string>& fields) {
  const auto number = [&fields](const char* name) {
    const auto found = fields.find(name);
    return found == fields.end() ? absl::nullopt : Number(found->second);
  };
  const auto whole = [&number](const char* name) {
    return static_cast<int>(std::clamp(number(name).value_or(0.0), 0.0, 1e9));
  };
  CurvePoint point;
  point.epoch = whole("epoch");
  point.stage = whole("stage");
  point.image_size = whole("image_size");
  point.learning_rate = number("learning_rate");
  point.train_loss = number("train_loss");
  point.train_accuracy = number("train_accuracy");
  point.held_out_loss = number("held_out_loss");
  point.held_out_accuracy = number("held_out_accuracy");
  point.held_out_auc = number("held_out_auc");
  point.images_per_second = number("images_per_second");
  return point;
}

absl::StatusOr<std::vector<CurvePoint>> ReadCurves(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat("no file ", path));
  CsvReader reader(file);
  std::vector<std::string> header;
  std::vector<CurvePoint> curves;
  while (true) {
    absl::StatusOr<CsvRecord> record = reader.Next();
    if (!record.ok()) return Annotate(record.status(), path);
    if (record->line == 0) return curves;
    if (header.empty()) {
      header = record->fields;
      continue;
    }
    if (record->fields.size() != header.size() || curves.size() == kMaxEpochs) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ": line ", record->line, " is not one of curves"));
    }
    std::map<std::string, std::string> fields;
    for (size_t i = 0; i < header.size(); ++i) fields[header[i]] = record->fields[i];
    curves.push_back(MakePoint(fields));
  }
}

}  // namespace

absl::StatusOr<TrainingRun> ReadTrainingRun(const std::string& folder) {
  TrainingRun run;
  const fs::path path = fs::path(folder).lexically_normal();
  run.name = (path.has_filename() ? path : path.parent_path()).filename().string();
  CAMNODE_ASSIGN_OR_RETURN(run.recipe, ReadRecipe((path / "recipe.textproto").string()));
  CAMNODE_ASSIGN_OR_RETURN(run.curves, ReadCurves((path / "curves.csv").string()));
  return run;
}

}  // namespace camnode
