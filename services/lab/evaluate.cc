// camnode-lab evaluate

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/types/optional.h"
#include "core/base/files.h"
#include "core/base/status_macros.h"
#include "core/base/version.h"
#include "core/models/model_repository.h"
#include "core/training/evaluation/evaluation.h"
#include "core/training/evaluation/evaluation_result.h"
#include "core/training/evaluation/out_of_fold_evaluation.h"
#include "core/training/explanation/explanation_quality.h"
#include "core/training/explanation/explanation_result.h"
#include "core/training/figures/bootstrap.h"
#include "core/training/figures/film_scores.h"
#include "core/training/films/dataset.h"
#include "core/training/films/labelled_film.h"
#include "core/training/films/patient_rule.h"
#include "core/training/films/training_split.h"
#include "core/training/report/html.h"
#include "core/training/report/json.h"
#include "core/training/train/run_curves.h"
#include "dcmtk/config/osconfig.h"
#include "dcmtk/oflog/oflog.h"
#include "services/command_line/arguments.h"
#include "services/command_line/option.h"
#include "services/lab/commands.h"
#include "services/lab/film.h"
#include "services/lab/models.h"

namespace camnode {
namespace {

namespace fs = std::filesystem;

DatasetOptions SplitOptions(const std::string& path, const std::string& split,
                            const PatientRule& patients) {
  DatasetOptions options;
  options.path = path;
  if (!split.empty()) options.splits = {split};
  options.patient_patterns = patients.patterns;
  return options;
}

PatientRule PatientsBy(const Arguments& arguments, const std::vector<TrainingRun>& runs) {
  std::vector<std::string> of_runs;
  for (const TrainingRun& run : runs) {
    of_runs.insert(of_runs.end(), run.recipe.patient_patterns().begin(),
                   run.recipe.patient_patterns().end());
  }
  return ChoosePatientRule(arguments.Texts("patient-pattern"), of_runs);
}

std::vector<std::string> TrainingDigests(const std::vector<ModelFolder>& models) {
  std::vector<std::string> digests;
  for (const ModelFolder& model : models) {
    digests.push_back(model.manifest.training_data_digest());
  }
  return digests;
}

// "NAME=FILE"; files of one name are folds of one recipe.
std::vector<OutOfFoldFiles> ReadOutOfFoldOptions(const Arguments& arguments) {
  std::map<std::string, std::vector<std::string>> paths;
  for (const std::string& word : arguments.Texts("out-of-fold")) {
    const size_t equals = word.find('=');
    if (equals == std::string::npos) {
      paths["out of fold"].push_back(word);
    } else {
      paths[word.substr(0, equals)].push_back(word.substr(equals + 1));
    }
  }
  std::vector<OutOfFoldFiles> all;
  for (auto& [name, files] : paths) all.push_back({name, std::move(files)});
  return all;
}

// A line now and then, and one at the end.
std::function<void(const std::string&, size_t, size_t)> ShowProgress() {
  constexpr size_t kLinesApart = 500;
  return [next = size_t{0}](const std::string& what, size_t done, size_t of) mutable {
    if (done < next && done != of) return;
    absl::FPrintF(stderr, "%d of %d %s\n", done, of, what);
    next = done == of ? 0 : done + kLinesApart;
  };
}

absl::StatusOr<EvaluationOptions> ReadOptions(const Arguments& arguments) {
  EvaluationOptions options;
  options.data_path = arguments.Text("data");
  options.split = arguments.Text("split");
  options.positive_class = arguments.Text("class");
  options.corruptions = arguments.Has("corruptions");
  options.subgroups = arguments.Texts("subgroup");
  options.seed = arguments.WholeNumber<uint64_t>("seed");
  options.bootstrap_rounds = arguments.WholeNumber("bootstrap");
  options.threads = ThreadsOf(arguments);
  if (options.threads == 0) {
    options.threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  }
  options.out_of_fold = ReadOutOfFoldOptions(arguments);
  for (const std::string& folder : arguments.Texts("run")) {
    CAMNODE_ASSIGN_OR_RETURN(TrainingRun run, ReadTrainingRun(folder));
    options.runs.push_back(std::move(run));
  }
  const PatientRule patients = PatientsBy(arguments, options.runs);
  options.patient_rule = patients.words;
  if (arguments.Has("shortcut-data")) {
    CAMNODE_ASSIGN_OR_RETURN(options.shortcut_data,
                             ReadDataset(SplitOptions(arguments.Text("shortcut-data"),
                                                      arguments.Text("shortcut-split"), patients)));
  }
  options.program_version = kCamnodeVersion;
  options.progress = ShowProgress();
  return options;
}

// 0: maps are not to be measured.
absl::StatusOr<int> ExplainedFilms(const Arguments& arguments) {
  const int films = arguments.WholeNumber("explain-films");
  if (films == 0 || films >= kMinExplainedFilms) return films;
  return absl::InvalidArgumentError(
      absl::StrCat("--explain-films is ", films, ", not 0 or ", kMinExplainedFilms, " to 1000"));
}

// On films of the split with the finding; what there are too few films for is left out.
absl::Status Explain(int films, const std::vector<ModelFolder>& models, const Dataset& dataset,
                     const EvaluationOptions& options, EvaluationResult& result) {
  result.explanations_absence = "camnode-lab evaluate --explain-films NUMBER measures it";
  if (films == 0) return absl::OkStatus();
  std::set<std::string> readable;
  for (const EvaluatedFilm& film : result.films) {
    if (film.positive) readable.insert(film.name);
  }
  std::vector<LabelledFilm> candidates;
  for (const LabelledFilm& film : dataset.films) {
    if (readable.count(film.name) > 0) candidates.push_back(film);
  }
  ExplanationOptions explanation;
  explanation.films = films;
  explanation.seed = options.seed;
  explanation.progress = [show = ShowProgress()](const std::string& what, int done,
                                                 int of) mutable {
    show(what, static_cast<size_t>(done), static_cast<size_t>(of));
  };
  absl::StatusOr<ExplanationQuality> quality =
      MeasureExplanations(models, candidates, ReadNamedFilm, explanation);
  if (absl::IsFailedPrecondition(quality.status())) {
    result.explanations_absence = std::string(quality.status().message());
    return absl::OkStatus();
  }
  if (!quality.ok()) return quality.status();
  result.explanations = *std::move(quality);
  return absl::OkStatus();
}

// A report shows films and names patients: it is for whoever made it, who may pass it on.
absl::Status WriteForOwner(const fs::path& path, const std::string& text) {
  return WriteFile(path.string(), text, FileAccess::kOwnerOnly);
}

void PrintScores(const ScoreEvaluation& scores) {
  const ScoreFigures& figures = scores.figures;
  const auto share = [](const absl::optional<Interval>& interval) {
    return interval.has_value() ? absl::StrFormat("%.3f", interval->estimate) : std::string("-");
  };
  absl::PrintF("%-20s AUC %s, at %.4f: sensitivity %s, specificity %s, accuracy %s\n", scores.label,
               share(figures.auc), scores.threshold, share(figures.sensitivity),
               share(figures.specificity), share(figures.accuracy));
}

// Before the films are scored, which may take long.
absl::Status MakeReportFolder(const std::string& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (!error) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("cannot make the folder ", folder, ": ", error.message()));
}

absl::Status WriteReport(const EvaluationResult& result, const std::string& folder) {
  CAMNODE_RETURN_IF_ERROR(
      WriteForOwner(fs::path(folder) / "report.json", FormatReportJson(result)));
  CAMNODE_ASSIGN_OR_RETURN(const std::string html, FormatReportHtml(result, ReadNamedFilm));
  CAMNODE_RETURN_IF_ERROR(WriteForOwner(fs::path(folder) / "report.html", html));
  for (const ScoreEvaluation& model : result.models) PrintScores(model);
  if (result.mean.has_value()) PrintScores(*result.mean);
  absl::PrintF("%s: report.html, report.json\n", folder);
  return absl::OkStatus();
}

constexpr Option kOptions[] = {
    ModelOption().Repeated(),
    Option::Text("data", "FOLDER|CSV",
                 "SPLIT/CLASS/films, or a CSV file (columns path, class, split, patient and any "
                 "other)")
        .Required(),
    Option::Text("report", "OUT",
                 "a folder.  The report shows films and patients' names as the data set has them: "
                 "its files are readable by their owner only")
        .Required(),
    Option::Text("split", "NAME", "the split of the data set; default: every film"),
    Option::Text("patient-pattern", "RE",
                 "whose film it is: the parentheses of the first expression that matches its file "
                 "name.  Without it names as Kermany et al. have them are known.  Then the Patient "
                 "ID in DICOM headers decides; any other film is a patient of its own")
        .Repeated(),
    Option::Text(
        "class", "NAME",
        "of the films with the finding; default: the reported label, or the class that had "
        "it in a --run.  For films of one class that do not show it: any other name"),
    Option::Text("subgroup", "COLUMN", "a table of figures by this column of the CSV").Repeated(),
    Option::Text("shortcut-data", "FOLDER",
                 "the training films: the shortcut baseline is fitted there and not, out of fold, "
                 "on the films themselves"),
    Option::Text("shortcut-split", "NAME", "of those").Default("train"),
    Option::Text("out-of-fold", "FILE",
                 "held_out.csv of a run that held out one fold; NAME=FILE tells recipes apart (a "
                 "model's name: judged at its threshold)")
        .Repeated(),
    Option::Text("run", "DIR",
                 "a folder of camnode-lab train: its curves, and whether it prepared films as the "
                 "model of its name is served them")
        .Repeated(),
    Option::WholeNumber("explain-films", "NUMBER",
                        "also what the maps are worth, on so many films with the finding, 4 or "
                        "more; minutes for each ten",
                        0, 1000)
        .Default(0),
    Option::Flag("corruptions",
                 "also with blur, low resolution, gamma, contrast, sharpening and other aspect: "
                 "twelve more passes of every film"),
    Option::WholeNumber("seed", "NUMBER", "of resampling", 0, 1'000'000'000).Default(1),
    Option::WholeNumber("bootstrap", "ROUNDS", "of resampling", 100, 1'000'000).Default(2000),
    ThreadsOption(),
    Option::Flag("skip-unreadable", "list films that cannot be read, and go on without them"),
};

// Errors: kInvalidArgument for a data set that cannot be understood; kDataLoss (films that
// cannot be read: how many), Evaluate's, kUnavailable (the folder cannot be written).
absl::Status Run(const Arguments& arguments) {
  const std::string report = arguments.Text("report");
  CAMNODE_ASSIGN_OR_RETURN(EvaluationOptions options, ReadOptions(arguments));
  CAMNODE_ASSIGN_OR_RETURN(const int explained, ExplainedFilms(arguments));
  SetThreads(arguments);
  OFLog::configure(OFLogger::OFF_LOG_LEVEL);
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<ModelFolder> models, LoadModelFolders(arguments));
  const DatasetOptions read =
      SplitOptions(options.data_path, options.split, PatientsBy(arguments, options.runs));
  CAMNODE_ASSIGN_OR_RETURN(const Dataset dataset, ReadDataset(read));
  if (!options.shortcut_data.has_value()) {
    options.training_films = FindTrainingSplit(dataset, read, TrainingDigests(models));
  }
  CAMNODE_RETURN_IF_ERROR(MakeReportFolder(report));
  CAMNODE_ASSIGN_OR_RETURN(EvaluationResult result, Evaluate(models, dataset, ReadFilm, options));
  for (const UnreadableFilm& film : result.data.unreadable) {
    absl::FPrintF(stderr, "%s: %s\n", film.name, film.reason);
  }
  if (!result.data.unreadable.empty() && !arguments.Has("skip-unreadable")) {
    return absl::DataLossError(
        absl::StrFormat("%d of %d films cannot be read; --skip-unreadable leaves them out",
                        result.data.unreadable.size(), dataset.films.size()));
  }
  CAMNODE_RETURN_IF_ERROR(Explain(explained, models, dataset, options, result));
  return WriteReport(result, report);
}

}  // namespace

const LabCommand kEvaluate = {{"evaluate",
                               R"(Scores labelled films with each model and with the mean of all.

Writes OUT/report.html, one file for a reader, and OUT/report.json, the same for a program
(schema: core/training/README.md).  Research only, not for diagnosis.)",
                               {},
                               kOptions},
                              Run};

}  // namespace camnode
