#include "core/training/evaluation/bias_alarms.h"

#include <google/protobuf/util/message_differencer.h>

#include <algorithm>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/types/optional.h"
#include "core/models/model_manifest.h"
#include "core/training/figures/score_metrics.h"

namespace camnode {
namespace {

namespace v1 = camnode::model::v1;

void AddLopsided(const ScoreEvaluation& scores, std::vector<std::string>& alarms) {
  const Confusion& c = scores.figures.confusion;
  const double films = c.true_positives + c.false_positives + c.true_negatives + c.false_negatives;
  if (films <= 0.0) return;
  const double called = (c.true_positives + c.false_positives) / films;
  const double labelled = (c.true_positives + c.false_negatives) / films;
  for (const bool positive : {true, false}) {
    const double verdicts = positive ? called : 1.0 - called;
    const double labels = positive ? labelled : 1.0 - labelled;
    if (verdicts < kLopsidedVerdicts || verdicts - labels < kLopsidedExcess) continue;
    alarms.push_back(absl::StrFormat(
        "%s calls %.1f %% of the films %s, but only %.1f %% are labelled so: at this threshold it "
        "says nearly the same of every film.",
        scores.label, 100.0 * verdicts, positive ? "positive" : "negative", 100.0 * labels));
  }
}

void AddConstant(const ScoreEvaluation& scores, std::vector<std::string>& alarms) {
  if (scores.films.size() < 2) return;
  const auto [low, high] = std::minmax_element(
      scores.films.begin(), scores.films.end(),
      [](const ScoredFilm& a, const ScoredFilm& b) { return a.logit < b.logit; });
  if (high->logit - low->logit > 1e-3) return;
  alarms.push_back(absl::StrFormat("%s gives every film the same score: it does not look at them.",
                                   scores.label));
}

void AddShortcut(const ScoreEvaluation& scores, const ShortcutSection& shortcut,
                 std::vector<std::string>& alarms) {
  if (!scores.figures.auc.has_value() || !shortcut.auc.has_value()) return;
  if (scores.figures.auc->estimate > shortcut.auc->estimate) return;
  alarms.push_back(absl::StrFormat(
      "%s ranks these films no better (AUC %.3f) than a regression on brightness, sharpness and "
      "borders that never looks at a lung (%.3f).",
      scores.label, scores.figures.auc->estimate, shortcut.auc->estimate));
}

void AddUncalibrated(const ScoreEvaluation& scores, std::vector<std::string>& alarms) {
  if (scores.threshold_set_id != kUncalibratedSet) return;
  alarms.push_back(absl::StrFormat(
      "%s is as training left it: its probabilities are not calibrated, and its threshold %.2f "
      "was not chosen from any scores. camnode-lab calibrate does both.",
      scores.label, scores.threshold));
}

}  // namespace

std::vector<std::string> ScoreAlarms(const ScoreEvaluation& scores,
                                     const absl::optional<ShortcutSection>& shortcut) {
  std::vector<std::string> alarms;
  AddLopsided(scores, alarms);
  AddConstant(scores, alarms);
  AddUncalibrated(scores, alarms);
  if (shortcut.has_value()) AddShortcut(scores, *shortcut, alarms);
  return alarms;
}

std::vector<std::string> PreprocessingAlarms(const camnode::training::v1::Recipe& recipe,
                                             const v1::ModelManifest& manifest) {
  std::vector<std::string> alarms;
  const v1::Preprocessing& trained = recipe.manifest().preprocessing();
  const v1::Preprocessing& served = manifest.preprocessing();
  std::string differences;
  google::protobuf::util::MessageDifferencer differencer;
  differencer.ReportDifferencesToString(&differences);
  if (!differencer.Compare(trained, served)) {
    alarms.push_back(absl::StrFormat(
        "%s is served films that are prepared otherwise than in training (training -> serving): "
        "%s.",
        manifest.name(),
        absl::StrJoin(absl::StrSplit(differences, '\n', absl::SkipWhitespace()), "; ")));
  }
  const int stages = recipe.stages_size();
  if (stages > 0 && recipe.stages(stages - 1).image_size() != served.input_size()) {
    alarms.push_back(absl::StrFormat(
        "%s was last trained on pictures of %d pixels and is served pictures of %d.",
        manifest.name(), recipe.stages(stages - 1).image_size(), served.input_size()));
  }
  return alarms;
}

}  // namespace camnode
