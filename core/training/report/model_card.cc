#include "core/training/report/model_card.h"

#include <algorithm>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "core/training/report/json.h"
#include "core/training/report/model_card_text.h"

namespace camnode {
namespace {

using Json = nlohmann::json;

// Words of a manifest in a line of Markdown.
std::string Words(const Json& text) {
  return absl::StrReplaceAll(text.get<std::string>(),
                             {{"|", "\\|"}, {"<", "&lt;"}, {"\n", " "}, {"\r", " "}});
}

std::string Digits(const Json& number, int digits = 3) {
  return number.is_null() ? "-" : absl::StrFormat("%.*f", digits, number.get<double>());
}

std::string WithBounds(const Json& estimate, const Json& bounds, int digits = 3) {
  if (estimate.is_null() || bounds.is_null()) return Digits(estimate, digits);
  return absl::StrFormat("%s (%s to %s)", Digits(estimate, digits), Digits(bounds[0], digits),
                         Digits(bounds[1], digits));
}

void AddRow(const std::vector<std::string>& cells, std::string& card) {
  absl::StrAppend(&card, "| ", absl::StrJoin(cells, " | "), " |\n");
}

void AddHeader(const std::vector<std::string>& names, std::string& card) {
  AddRow(names, card);
  absl::StrAppend(&card, "|", absl::StrJoin(std::vector<std::string>(names.size(), "---"), "|"),
                  "|\n");
}

std::string Folder(const Json& model) {
  return absl::StrCat(Words(model.at("name")), "/", Words(model.at("version")));
}

void AddModels(const Json& report, std::string& card) {
  AddHeader({"Folder", "Network", "Label", "Threshold", "Threshold set", "Input", "Weights"}, card);
  for (const Json& model : report.at("models")) {
    const double megabytes = model.at("weights_bytes").get<double>() / 1e6;
    AddRow({absl::StrCat("`", Folder(model), "`"), Words(model.at("architecture")),
            Words(model.at("label")), Digits(model.at("threshold"), 4),
            Words(model.at("threshold_set_id")),
            absl::StrCat(model.at("input_size").get<int>(), " pixels"),
            absl::StrFormat("%.1f MB, %s", megabytes, Words(model.at("weights_precision")))},
           card);
  }
}

std::vector<std::string> ScoreCells(const std::string& name, const Json& scores) {
  return {name,
          WithBounds(scores.at("auc"), scores.at("interval")),
          WithBounds(scores.at("sensitivity"), scores.at("sensitivity_interval")),
          WithBounds(scores.at("specificity"), scores.at("specificity_interval")),
          WithBounds(scores.at("accuracy"), scores.at("accuracy_interval")),
          Digits(scores.at("threshold"), 4),
          Digits(scores.at("ece")),
          WithBounds(scores.at("shortcut_balanced_auc"), scores.at("shortcut_balanced_interval"))};
}

const std::vector<std::string>& ScoreNames() {
  static const auto* const names = new std::vector<std::string>{
      "",         "AUC",       "Sensitivity",       "Specificity",
      "Accuracy", "Threshold", "Calibration error", "Shortcut-balanced AUC"};
  return *names;
}

void AddFigures(const Json& report, std::string& card) {
  const Json& data = report.at("data");
  const Json& program = report.at("program");
  const std::string split = Words(data.at("split"));
  absl::StrAppendFormat(
      &card,
      "\nMeasured by `camnode-lab evaluate` on %d films of %d patients%s, %d of them labelled %s "
      "(digest of the\ndata `%s`), in %s with %s, seed %d. In brackets: 95 %% intervals, patients "
      "resampled.\n\n",
      data.at("films").get<int>(), data.at("patients").get<int>(),
      split.empty() ? "" : absl::StrCat(" (split `", split, "`)"), data.at("positives").get<int>(),
      Words(data.at("positive_class")), data.at("digest").get<std::string>(),
      Words(program.at("precision")), Words(program.at("instruction_set")),
      program.at("seed").get<int>());
  AddHeader(ScoreNames(), card);
  for (const Json& model : report.at("models")) AddRow(ScoreCells(Folder(model), model), card);
  const Json& mean = report.at("mean");
  if (!mean.is_null()) {
    AddRow(ScoreCells("mean of the models", mean), card);
    absl::StrAppend(&card, "\nThe mean's threshold is from ", Words(mean.at("threshold_origin")),
                    ".\n");
  }
  const Json& shortcut = report.at("shortcut");
  if (!shortcut.contains("absent")) {
    absl::StrAppend(&card, "\n", Words(shortcut.at("source")),
                    " Without a look at the lungs it reaches an AUC of ",
                    WithBounds(shortcut.at("auc"), shortcut.at("interval")),
                    "; under the balancing weights ", Digits(shortcut.at("balanced_auc")), ".\n");
  }
}

void AddAlarms(const Json& report, std::string& card) {
  std::vector<std::string> alarms;
  const auto collect = [&alarms](const Json& texts) {
    for (const Json& text : texts) alarms.push_back(Words(text));
  };
  collect(report.at("alarms"));
  for (const Json& model : report.at("models")) collect(model.at("alarms"));
  if (!report.at("mean").is_null()) collect(report.at("mean").at("alarms"));
  if (alarms.empty()) return;
  absl::StrAppend(&card, "\n**Alarms.**\n\n");
  for (const std::string& alarm : alarms) absl::StrAppend(&card, "* ", alarm, "\n");
}

void AddOutOfFold(const Json& report, std::string& card) {
  const Json& folds = report.at("out_of_fold");
  if (folds.empty()) return;
  absl::StrAppend(
      &card,
      "\n### Out of fold\n\nTraining films, each scored by a network of the same recipe "
      "that had not seen its patient. Thresholds were\nchosen here, and recipes by the "
      "balanced AUC.\n\n");
  std::vector<std::string> names = ScoreNames();
  names.push_back("Films");
  names.push_back("Folds");
  AddHeader(names, card);
  for (const Json& recipe : folds) {
    std::vector<std::string> cells = ScoreCells(Words(recipe.at("name")), recipe);
    cells.push_back(absl::StrCat(recipe.at("films").get<int>()));
    cells.push_back(absl::StrCat(recipe.at("folds").get<int>()));
    AddRow(cells, card);
  }
}

// "0.21 (0.15 to 0.27)" of a mean with its interval.
std::string Mean(const Json& interval) {
  return interval.is_null() ? "-" : WithBounds(interval.at("mean"), interval.at("interval"), 2);
}

void AddExplanations(const Json& report, std::string& card) {
  const Json& quality = report.at("explanations");
  if (quality.is_null()) return;
  absl::StrAppend(&card, "\n## What the maps are worth\n\n", Words(quality.at("sample")),
                  " The score is insertion less deletion.\n\n");
  AddHeader({"", "Score", "over random maps", "over a centred one", "over the mean map of others",
             "Mass in the lungs beyond chance", "Depends on the weights"},
            card);
  std::vector<std::string> no_better;
  for (const Json& model : quality.at("models")) {
    const Json& served = model.at("faithfulness").at(0);
    if (!served.at("beats_all").get<bool>()) {
      no_better.push_back(absl::StrCat("`", Folder(model), "`"));
    }
    const auto over = [&served](const char* key) {
      return served.contains(key) ? Mean(served.at(key)) : std::string("-");
    };
    AddRow({Folder(model), Mean(served.at("score")), over("over_random"), over("over_centre"),
            over("over_mean_of_others"), Mean(model.at("lungs").at("mass_over_chance")),
            model.at("randomisation").at("passed").get<bool>() ? "yes" : "NO"},
           card);
  }
  if (no_better.empty()) return;
  absl::StrAppend(
      &card, "\nOn these films the maps of ", absl::StrJoin(no_better, ", "),
      " say no more about what the network needs than one of the simple maps does: that "
      "interval does not lie above 0.\n");
}

// The text once where all models say the same, else a line for each.
void AddStatement(const Json& report, const std::string& title, const char* key,
                  std::string& card) {
  std::vector<std::string> texts;
  for (const Json& model : report.at("models")) texts.push_back(Words(model.at(key)));
  if (std::all_of(texts.begin(), texts.end(), [](const auto& text) { return text.empty(); }))
    return;
  const bool same = std::all_of(texts.begin(), texts.end(),
                                [&texts](const auto& text) { return text == texts.front(); });
  absl::StrAppend(&card, "* **", title, ".**");
  if (same) {
    absl::StrAppend(&card, " ", texts.front(), "\n");
    return;
  }
  absl::StrAppend(&card, "\n");
  for (size_t i = 0; i < texts.size(); ++i) {
    absl::StrAppend(&card, "  * `", Folder(report.at("models").at(i)), "`: ", texts[i], "\n");
  }
}

std::string MakeCard(const Json& report) {
  std::string card = kModelCardOpening;
  AddModels(report, card);
  absl::StrAppend(&card, "\n## How good they are\n");
  AddFigures(report, card);
  AddAlarms(report, card);
  AddOutOfFold(report, card);
  AddExplanations(report, card);
  absl::StrAppend(&card, "\n## For what and for whom\n\n");
  AddStatement(report, "Intended use", "intended_use", card);
  AddStatement(report, "Population", "population", card);
  AddStatement(report, "Training data", "training_data", card);
  AddStatement(report, "Digest of the training data", "training_data_digest", card);
  AddStatement(report, "Known limits", "known_limits", card);
  absl::StrAppend(&card, kModelCardEnding);
  return card;
}

}  // namespace

absl::StatusOr<std::string> FormatModelCard(absl::string_view report_json) {
  const Json report = Json::parse(report_json.begin(), report_json.end(), nullptr, false);
  if (report.is_discarded() || !report.is_object()) {
    return absl::InvalidArgumentError("the report is not JSON");
  }
  if (report.value("schema", Json()) != kReportSchema) {
    return absl::InvalidArgumentError(absl::StrCat("the report's schema is not ", kReportSchema));
  }
  try {
    return MakeCard(report);
  } catch (const Json::exception& error) {
    return absl::InvalidArgumentError(absl::StrCat("the report is incomplete: ", error.what()));
  }
}

}  // namespace camnode
