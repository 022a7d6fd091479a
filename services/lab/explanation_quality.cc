// camnode-lab explanation-quality

#include "core/training/explanation/explanation_quality.h"

#include <unistd.h>

#include <cstdio>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "core/base/files.h"
#include "core/base/status_macros.h"
#include "core/training/figures/mean_interval.h"
#include "core/training/films/dataset.h"
#include "core/training/films/patient_patterns.h"
#include "core/training/report/explanations_json.h"
#include "dcmtk/config/osconfig.h"
#include "dcmtk/oflog/oflog.h"
#include "services/command_line/arguments.h"
#include "services/command_line/option.h"
#include "services/lab/commands.h"
#include "services/lab/film.h"
#include "services/lab/models.h"

namespace camnode {
namespace {

absl::StatusOr<ExplanationOptions> ReadOptions(const Arguments& arguments) {
  ExplanationOptions options;
  options.films = arguments.WholeNumber("films");
  options.curves.steps = arguments.WholeNumber("steps");
  options.variant_films = arguments.WholeNumber("variant-films");
  options.randomisation_draws = arguments.WholeNumber("draws");
  options.curves.blur_sigma = arguments.Number("blur");
  options.curves.fill = arguments.Text("fill") == "blur" ? FillKind::kBlur : FillKind::kTexture;
  options.seed = arguments.WholeNumber<uint64_t>("seed");
  if (arguments.Has("methods")) {
    options.variants.clear();
    const std::string methods = arguments.Text("methods");
    for (const absl::string_view name : absl::StrSplit(methods, ',', absl::SkipEmpty())) {
      CAMNODE_ASSIGN_OR_RETURN(const CamMethod method, ParseCamMethod(name));
      options.variants.push_back(method);
    }
  }
  options.progress = [watched = isatty(STDERR_FILENO) != 0](const std::string& what, int done,
                                                            int of) {
    // In a log only what is finished.
    if (!watched && done != of) return;
    absl::FPrintF(stderr, "%s%-40s %4d of %d%s", watched ? "\r" : "", what, done, of,
                  done == of ? "\n" : "");
  };
  return options;
}

// Films of the class that is called as the models' reported label is, or as --positive-class says.
absl::StatusOr<std::vector<LabelledFilm>> FindFilms(const Arguments& arguments,
                                                    const std::vector<ModelFolder>& models) {
  DatasetOptions options;
  options.path = arguments.Text("data");
  options.splits = {arguments.Text("split")};
  options.patient_patterns = arguments.Texts("patient");
  if (options.patient_patterns.empty()) options.patient_patterns = UsualPatientPatterns();
  const std::string wanted =
      arguments.TextOr("positive-class", models.front().manifest.reported_label());
  CAMNODE_ASSIGN_OR_RETURN(const Dataset dataset, ReadDataset(options));
  std::vector<LabelledFilm> films;
  for (const LabelledFilm& film : dataset.films) {
    const std::string& name = dataset.classes[static_cast<size_t>(film.class_index)];
    if (absl::EqualsIgnoreCase(name, wanted)) films.push_back(film);
  }
  if (films.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "no film of class \"", wanted, "\"; --positive-class names the one with the finding"));
  }
  return films;
}

std::string Text(const MeanInterval& interval) {
  if (interval.count == 0) return "none";
  return absl::StrFormat("%.3f (%.3f to %.3f)", interval.mean, interval.low, interval.high);
}

void Print(const ModelExplanationQuality& model) {
  absl::PrintF("%s %s: with everything deleted, %d films score higher than they are, %d alike\n",
               model.model, model.version, model.films_deleted_higher, model.films_at_scale_floor);
  for (const MapFaithfulness& map : model.faithfulness) {
    absl::PrintF("  %-15s insertion less deletion %s", map.map, Text(map.score));
    if (map.over.has_value()) {
      absl::PrintF("; over random %s, centre %s, mean of others %s%s", Text(map.over->random),
                   Text(map.over->centre), Text(map.over->mean_of_others),
                   map.over->BeatsAll() ? ": beats all" : "");
    }
    absl::PrintF("\n");
  }
  const RandomisationCheck& check = model.randomisation;
  absl::PrintF("  random weights: %s; other films %.3f, pass below %.2f:",
               check.passed ? "passed" : "FAILED", check.between_films, check.pass_below);
  for (const RandomisationStage& stage : check.stages) {
    absl::PrintF(" %s %.2f", stage.name, stage.correlation.mean);
  }
  absl::PrintF("\n  in the lungs: mass %s, over chance %s; peaks %s, over chance %s\n",
               Text(model.lungs.mass), Text(model.lungs.mass_over_chance), Text(model.lungs.peaks),
               Text(model.lungs.peaks_over_chance));
  for (const MapStability& row : model.stability) {
    absl::PrintF("  %-27s rank correlation %s, peak moved %s\n", row.change, Text(row.correlation),
                 Text(row.peak_moved));
  }
}

void Print(const ExplanationQuality& quality) {
  absl::PrintF("%s\nLung region: %.3f of the film; of %d films the prior.\n", quality.sample,
               quality.lung_area, quality.lung_fallbacks);
  for (const ModelExplanationQuality& model : quality.models) Print(model);
  if (!quality.agreement.has_value() || !quality.agreement->percentiles.has_value()) return;
  const AgreementSummary::Percentiles& percentiles = *quality.agreement->percentiles;
  absl::PrintF(
      "agreement: median percentile of overlap %.0f, distance %.0f, correlation %.0f; the same "
      "area on %.2f of the films, partly on %.2f\n",
      percentiles.median_overlap, percentiles.median_distance, percentiles.median_correlation,
      percentiles.same_area, percentiles.partly_same_area);
}

const Option kOptions[] = {
    ModelOption().Repeated(),
    Option::Text("data", "FOLDER", "SPLIT/CLASS/films, or a CSV (see camnode-lab train)")
        .Required(),
    Option::Text("split", "NAME", "of the data set").Required(),
    Option::Text("output", "FILE.json", "every film's map and scores").Required(),
    Option::Text("positive-class", "NAME",
                 "of the films with the finding; default: the reported label"),
    PatientOption("patient"),
    Option::WholeNumber("films", "NUMBER", "looked at", kMinExplainedFilms, 1000)
        .Default(ExplanationOptions().films),
    Option::WholeNumber("seed", "NUMBER", "which films, baselines and random weights", 0,
                        1'000'000'000)
        .Default(1),
    Option::WholeNumber("steps", "NUMBER", "of deletion and insertion", 2, 100)
        .Default(DeletionInsertionOptions().steps),
    Option::Choice("fill", "texture|blur",
                   "what deleted pixels show: the blurred film with the film's own texture "
                   "scrambled, or blur alone")
        .Default("texture"),
    Option::Number("blur", "SHARE",
                   "deviation of the blur that deletes, in sides of the network's input")
        .Default(DeletionInsertionOptions().blur_sigma),
    Option::Text("methods", "NAME[,NAME]",
                 "maps besides the served one; default: gradcam++,hirescam,xgradcam,layercam; "
                 "scorecam takes minutes a film"),
    Option::WholeNumber("variant-films", "NUMBER", "on which these are measured", 0, 1000)
        .Default(ExplanationOptions().variant_films),
    Option::WholeNumber("draws", "NUMBER", "of random weights", 1, 1000)
        .Default(ExplanationOptions().randomisation_draws),
    ThreadsOption(),
};

// Errors: kInvalidArgument (no film of the class, or an unknown method), those of the models,
// of ReadDataset and of MeasureExplanations; kUnavailable (the output cannot be written).
absl::Status Run(const Arguments& arguments) {
  const std::string output = arguments.Text("output");
  CAMNODE_ASSIGN_OR_RETURN(const ExplanationOptions options, ReadOptions(arguments));
  SetThreads(arguments);
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<ModelFolder> models, LoadModelFolders(arguments));
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<LabelledFilm> films, FindFilms(arguments, models));
  // What is wrong with a film is said once.
  OFLog::configure(OFLogger::OFF_LOG_LEVEL);
  CAMNODE_ASSIGN_OR_RETURN(const ExplanationQuality quality,
                           MeasureExplanations(models, films, ReadFilm, options));
  nlohmann::ordered_json json = ExplanationsJson(quality);
  json["films"] = ExplainedFilmsJson(quality);
  CAMNODE_RETURN_IF_ERROR(
      WriteFile(output, absl::StrCat(json.dump(1), "\n"), FileAccess::kByUmask));
  Print(quality);
  return absl::OkStatus();
}

}  // namespace

const LabCommand kExplanationQuality = {{"explanation-quality",
                                         R"(Where do the models look, and does it matter to them?

On films with the finding that every model finds positive, one a patient: deletion and
insertion along the map against a random map, a centred Gaussian and the mean map of
other films; maps of networks whose weights were made random; the share of the map in the
lungs; the map of a slightly changed film; the agreement of the models.  Prints a
summary; FILE.json has every film's map and scores.)",
                                         {},
                                         kOptions},
                                        Run};

}  // namespace camnode
