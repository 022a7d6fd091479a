// camnode-lab explanation-quality

#include "core/training/explanation/explanation_quality.h"

#include <unistd.h>

#include <cstdio>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "core/base/files.h"
#include "core/base/status_macros.h"
#include "core/training/films/dataset.h"
#include "core/training/films/patient_patterns.h"
#include "core/training/report/explanations_json.h"
#include "dcmtk/config/osconfig.h"
#include "dcmtk/oflog/oflog.h"
#include "services/lab/arguments.h"
#include "services/lab/commands.h"
#include "services/lab/film.h"
#include "services/lab/models.h"

namespace camnode {
namespace {

absl::StatusOr<ExplanationOptions> ReadOptions(const LabArguments& arguments) {
  ExplanationOptions options;
  CAMNODE_ASSIGN_OR_RETURN(options.films,
                           arguments.WholeNumber("films", options.films, kMinExplainedFilms, 1000));
  CAMNODE_ASSIGN_OR_RETURN(options.curves.steps,
                           arguments.WholeNumber("steps", options.curves.steps, 2, 100));
  CAMNODE_ASSIGN_OR_RETURN(options.variant_films,
                           arguments.WholeNumber("variant-films", options.variant_films, 0, 1000));
  CAMNODE_ASSIGN_OR_RETURN(options.randomisation_draws,
                           arguments.WholeNumber("draws", options.randomisation_draws, 1, 1000));
  CAMNODE_ASSIGN_OR_RETURN(options.curves.blur_sigma,
                           arguments.Number("blur", options.curves.blur_sigma));
  CAMNODE_ASSIGN_OR_RETURN(const std::string fill, arguments.One("fill", "texture"));
  if (fill != "texture" && fill != "blur") {
    return absl::InvalidArgumentError("option --fill must be texture or blur");
  }
  options.curves.fill = fill == "blur" ? FillKind::kBlur : FillKind::kTexture;
  CAMNODE_ASSIGN_OR_RETURN(const int seed, arguments.WholeNumber("seed", 1, 0, 1'000'000'000));
  options.seed = static_cast<uint64_t>(seed);
  if (arguments.Has("methods")) {
    options.variants.clear();
    CAMNODE_ASSIGN_OR_RETURN(const std::string methods, arguments.One("methods", ""));
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

// Films of the class that is called as the models' reported label is, or as --class says.
absl::StatusOr<std::vector<LabelledFilm>> FindFilms(const LabArguments& arguments,
                                                    const std::vector<ModelFolder>& models) {
  DatasetOptions options;
  CAMNODE_ASSIGN_OR_RETURN(options.path, arguments.Required("data"));
  CAMNODE_ASSIGN_OR_RETURN(const std::string split, arguments.Required("split"));
  options.splits = {split};
  options.patient_patterns = arguments.All("patient");
  if (options.patient_patterns.empty()) options.patient_patterns = UsualPatientPatterns();
  CAMNODE_ASSIGN_OR_RETURN(
      const std::string wanted,
      arguments.One("positive-class", models.front().manifest.reported_label()));
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

}  // namespace

const char kExplanationQualityUsage[] =
    R"(camnode-lab explanation-quality --model DIR [--model DIR ...] --data FOLDER --split NAME
                                --output FILE.json [options]

Where do the models look, and does it matter to them?  On films with the finding that every
model finds positive, one a patient: deletion and insertion along the map against a random
map, a centred Gaussian and the mean map of other films; maps of networks whose weights
were made random; the share of the map in the lungs; the map of a slightly changed film;
the agreement of the models.  Prints a summary; FILE.json has every film's map and scores.

  --data FOLDER          SPLIT/CLASS/films, or a CSV (see camnode-lab train)
  --positive-class NAME  of the films with the finding; default: the reported label
  --patient REGEX        a film's patient: what the parentheses of the first expression
                         that matches its file name hold; may be given several times;
                         default: as Kermany et al. name them.  Else the Patient ID in
                         its DICOM header tells, or it is a patient of its own
  --films NUMBER         default: 100
  --seed NUMBER          which films, baselines and random weights; default: 1
  --steps NUMBER         of deletion and insertion; default: 10
  --fill KIND            what deleted pixels show: texture (default), the blurred film with
                         the film's own texture scrambled, or blur alone
  --blur SHARE           deviation of the blur that deletes, in sides of the network's
                         input; default: 0.1
  --methods NAME[,NAME]  maps besides the served one; default:
                         gradcam++,hirescam,xgradcam,layercam; scorecam takes minutes a film
  --variant-films NUMBER on which these are measured; default: 24
  --draws NUMBER         of random weights; default: 8
  --threads NUMBER       default: as many as there are cores
)";

absl::Status RunExplanationQuality(const std::vector<std::string>& words) {
  CAMNODE_ASSIGN_OR_RETURN(
      const LabArguments arguments,
      LabArguments::Parse(
          words, {"model", "data", "split", "positive-class", "patient", "output", "films", "seed",
                  "steps", "fill", "blur", "methods", "variant-films", "draws", "threads"}));
  if (!arguments.files().empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("unexpected word \"", arguments.files().front(), "\""));
  }
  CAMNODE_ASSIGN_OR_RETURN(const std::string output, arguments.Required("output"));
  CAMNODE_ASSIGN_OR_RETURN(const ExplanationOptions options, ReadOptions(arguments));
  CAMNODE_RETURN_IF_ERROR(SetThreads(arguments));
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

}  // namespace camnode
