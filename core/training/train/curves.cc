#include "core/training/train/curves.h"

#include <cmath>
#include <cstddef>
#include <iterator>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace camnode {
namespace {

constexpr size_t kMaxEpochs = 100'000;

struct WholeColumn {
  const char* name;
  int CurvePoint::*field;
};
constexpr WholeColumn kWholeColumns[] = {
    {"epoch", &CurvePoint::epoch},
    {"stage", &CurvePoint::stage},
    {"image_size", &CurvePoint::image_size},
};

struct NumberColumn {
  const char* name;
  absl::optional<double> CurvePoint::*field;
};
constexpr NumberColumn kNumberColumns[] = {
    {"learning_rate", &CurvePoint::learning_rate},
    {"train_loss", &CurvePoint::train_loss},
    {"train_accuracy", &CurvePoint::train_accuracy},
    {"held_out_loss", &CurvePoint::held_out_loss},
    {"held_out_accuracy", &CurvePoint::held_out_accuracy},
    {"held_out_auc", &CurvePoint::held_out_auc},
    {"images_per_second", &CurvePoint::images_per_second},
};
constexpr size_t kColumns = std::size(kWholeColumns) + std::size(kNumberColumns);

std::string Header() {
  std::vector<std::string> names;
  for (const WholeColumn& column : kWholeColumns) names.emplace_back(column.name);
  for (const NumberColumn& column : kNumberColumns) names.emplace_back(column.name);
  return absl::StrJoin(names, ",");
}

bool ParsePoint(absl::string_view line, CurvePoint& point) {
  const std::vector<absl::string_view> words = absl::StrSplit(line, ',');
  if (words.size() != kColumns) return false;
  auto word = words.begin();
  for (const WholeColumn& column : kWholeColumns) {
    int& value = point.*column.field;
    if (!absl::SimpleAtoi(*word++, &value) || value < 0) return false;
  }
  for (const NumberColumn& column : kNumberColumns) {
    const absl::string_view text = *word++;
    if (text.empty()) continue;
    double value = 0.0;
    if (!absl::SimpleAtod(text, &value) || !std::isfinite(value)) return false;
    point.*column.field = value;
  }
  return true;
}

}  // namespace

std::string FormatCurves(const std::vector<CurvePoint>& curves) {
  std::string text = absl::StrCat(Header(), "\n");
  for (const CurvePoint& point : curves) {
    std::vector<std::string> words;
    for (const WholeColumn& column : kWholeColumns) {
      words.push_back(absl::StrCat(point.*column.field));
    }
    for (const NumberColumn& column : kNumberColumns) {
      const absl::optional<double>& value = point.*column.field;
      words.push_back(value.has_value() ? absl::StrFormat("%.6g", *value) : "");
    }
    absl::StrAppend(&text, absl::StrJoin(words, ","), "\n");
  }
  return text;
}

absl::StatusOr<std::vector<CurvePoint>> ParseCurves(absl::string_view text) {
  std::vector<CurvePoint> curves;
  const std::vector<absl::string_view> lines = absl::StrSplit(text, '\n', absl::SkipEmpty());
  if (lines.empty() || lines[0] != Header()) {
    return absl::InvalidArgumentError(absl::StrCat("the first line is not ", Header()));
  }
  for (size_t i = 1; i < lines.size(); ++i) {
    CurvePoint point;
    if (i > kMaxEpochs || !ParsePoint(lines[i], point)) {
      return absl::InvalidArgumentError(absl::StrCat("line ", i + 1, " is not one of curves"));
    }
    curves.push_back(point);
  }
  return curves;
}

}  // namespace camnode
