// camnode-lab evaluate

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/files.h"
#include "core/base/status_macros.h"
#include "core/base/version.h"
#include "core/training/evaluation/evaluation.h"
#include "core/training/explanation/explanation_quality.h"
#include "core/training/films/patient_patterns.h"
#include "core/training/report/html.h"
#include "core/training/report/json.h"
#include "dcmtk/config/osconfig.h"
#include "dcmtk/oflog/oflog.h"
#include "services/lab/arguments.h"
#include "services/lab/commands.h"
#include "services/lab/film.h"
#include "services/lab/models.h"

namespace camnode {
namespace {

namespace fs = std::filesystem;

// For films without a patient column, and how to say it.
struct PatientRule {
  std::vector<std::string> patterns;
  std::string words;
};

PatientRule ChoosePatientRule(const LabArguments& arguments, const std::vector<TrainingRun>& runs) {
  PatientRule rule;
  rule.patterns = arguments.All("patient-pattern");
  rule.words =
      "by the column patient, the file names under --patient-pattern, or the Patient ID in DICOM "
      "headers";
  if (!rule.patterns.empty()) return rule;
  rule.words =
      "by the column patient, file names as Kermany et al. and the recipes of the runs have "
      "them, or the Patient ID in DICOM headers; any other film is a patient of its own";
  for (const TrainingRun& run : runs) {
    rule.patterns.insert(rule.patterns.end(), run.recipe.patient_patterns().begin(),
                         run.recipe.patient_patterns().end());
  }
  rule.patterns.insert(rule.patterns.end(), UsualPatientPatterns().begin(),
                       UsualPatientPatterns().end());
  return rule;
}

absl::StatusOr<Dataset> ReadSplit(const std::string& path, const std::string& split,
                                  const PatientRule& patients) {
  DatasetOptions options;
  options.path = path;
  if (!split.empty()) options.splits = {split};
  options.patient_patterns = patients.patterns;
  return ReadDataset(options);
}

bool AnyWasTrainedWith(const Dataset& films, const std::vector<ModelFolder>& models) {
  return std::any_of(models.begin(), models.end(), [&films](const ModelFolder& model) {
    return model.manifest.training_data_digest() == films.digest;
  });
}

// The split of the same data set that a model was trained with, by the digest in its
// manifest; absent: there is none, or the other splits cannot be read.
absl::optional<Dataset> FindTrainingSplit(const Dataset& evaluated,
                                          const EvaluationOptions& options,
                                          const PatientRule& patients,
                                          const std::vector<ModelFolder>& models) {
  if (AnyWasTrainedWith(evaluated, models)) return evaluated;
  const absl::StatusOr<Dataset> everything =
      options.split.empty() ? evaluated : ReadSplit(options.data_path, "", patients);
  if (!everything.ok()) return absl::nullopt;
  std::set<std::string> others;
  for (const LabelledFilm& film : everything->films) others.insert(film.split);
  others.erase(options.split);
  for (const std::string& split : others) {
    absl::StatusOr<Dataset> films = ReadSplit(options.data_path, split, patients);
    if (films.ok() && AnyWasTrainedWith(*films, models)) return *std::move(films);
  }
  return absl::nullopt;
}

// "NAME=FILE"; files of one name are folds of one recipe.
std::vector<OutOfFoldFiles> ReadOutOfFoldOptions(const LabArguments& arguments) {
  std::map<std::string, std::vector<std::string>> paths;
  for (const std::string& word : arguments.All("out-of-fold")) {
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

absl::StatusOr<EvaluationOptions> ReadOptions(const LabArguments& arguments) {
  EvaluationOptions options;
  CAMNODE_ASSIGN_OR_RETURN(options.data_path, arguments.Required("data"));
  CAMNODE_ASSIGN_OR_RETURN(options.split, arguments.One("split", ""));
  CAMNODE_ASSIGN_OR_RETURN(options.positive_class, arguments.One("class", ""));
  options.corruptions = arguments.Has("corruptions");
  options.subgroups = arguments.All("subgroup");
  CAMNODE_ASSIGN_OR_RETURN(const int seed, arguments.WholeNumber("seed", 1, 0, 1'000'000'000));
  options.seed = static_cast<uint64_t>(seed);
  CAMNODE_ASSIGN_OR_RETURN(options.bootstrap_rounds,
                           arguments.WholeNumber("bootstrap", 2000, 100, 1'000'000));
  CAMNODE_ASSIGN_OR_RETURN(options.threads, arguments.WholeNumber("threads", 0, 0, 1024));
  if (options.threads == 0) {
    options.threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  }
  options.out_of_fold = ReadOutOfFoldOptions(arguments);
  for (const std::string& folder : arguments.All("run")) {
    CAMNODE_ASSIGN_OR_RETURN(TrainingRun run, ReadTrainingRun(folder));
    options.runs.push_back(std::move(run));
  }
  const PatientRule patients = ChoosePatientRule(arguments, options.runs);
  options.patient_rule = patients.words;
  CAMNODE_ASSIGN_OR_RETURN(const std::string shortcut, arguments.One("shortcut-data", ""));
  if (!shortcut.empty()) {
    CAMNODE_ASSIGN_OR_RETURN(const std::string split, arguments.One("shortcut-split", "train"));
    CAMNODE_ASSIGN_OR_RETURN(options.shortcut_data, ReadSplit(shortcut, split, patients));
  }
  options.program_version = kCamnodeVersion;
  options.progress = ShowProgress();
  return options;
}

// 0: maps are not to be measured.
absl::StatusOr<int> ExplainedFilms(const LabArguments& arguments) {
  CAMNODE_ASSIGN_OR_RETURN(const int films, arguments.WholeNumber("explain-films", 0, 0, 1000));
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

}  // namespace

const char kEvaluateUsage[] =
    R"(camnode-lab evaluate --model DIR [--model DIR ...] --data FOLDER --split NAME --report OUT [options]

Scores labelled films with each model and with the mean of all, and writes OUT/report.html,
one file for a reader, and OUT/report.json, the same for a program (schema:
core/training/README.md).  Research only, not for diagnosis.

  --model DIR            a model folder, such as deploy/models/resnet18/1
  --data FOLDER|CSV      SPLIT/CLASS/films, or a CSV file (columns path, class, split,
                         patient and any other)
  --split NAME           the split of the data set; default: every film
  --report OUT           a folder.  The report shows films and patients' names as the data
                         set has them: its files are readable by their owner only
  --patient-pattern RE   whose film it is: the parentheses of the first expression that
                         matches its file name; may be repeated.  Without it names as
                         Kermany et al. have them are known.  Then the Patient ID in DICOM
                         headers decides; any other film is a patient of its own
  --class NAME           of the films with the finding; default: the reported label, or
                         the class that had it in a --run.  For films of one class that do
                         not show it: any other name
  --subgroup COLUMN      a table of figures by this column of the CSV; may be repeated
  --shortcut-data FOLDER the training films: the shortcut baseline is fitted there and
                         not, out of fold, on the films themselves
  --shortcut-split NAME  of those; default: train
  --out-of-fold FILE     held_out.csv of a run that held out one fold; NAME=FILE tells
                         recipes apart (a model's name: judged at its threshold)
  --run DIR              a folder of camnode-lab train: its curves, and whether it
                         prepared films as the model of its name is served them
  --explain-films NUMBER also what the maps are worth, on so many films with the finding,
                         4 or more; minutes for each ten
  --corruptions          also with blur, low resolution, gamma, contrast, sharpening and
                         other aspect: twelve more passes of every film
  --seed NUMBER          of resampling; default: 1
  --bootstrap ROUNDS     default: 2000
  --threads NUMBER       default: as many as there are cores
  --skip-unreadable      list films that cannot be read, and go on without them
)";

absl::Status RunEvaluate(const std::vector<std::string>& words) {
  CAMNODE_ASSIGN_OR_RETURN(
      const LabArguments arguments,
      LabArguments::Parse(words,
                          {"model", "data", "split", "report", "patient-pattern", "class",
                           "subgroup", "shortcut-data", "shortcut-split", "out-of-fold", "run",
                           "explain-films", "seed", "bootstrap", "threads"},
                          {"skip-unreadable", "corruptions"}));
  if (!arguments.files().empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", arguments.files().front(), "\" belongs to no option"));
  }
  CAMNODE_ASSIGN_OR_RETURN(const std::string report, arguments.Required("report"));
  CAMNODE_ASSIGN_OR_RETURN(EvaluationOptions options, ReadOptions(arguments));
  CAMNODE_ASSIGN_OR_RETURN(const int explained, ExplainedFilms(arguments));
  CAMNODE_RETURN_IF_ERROR(SetThreads(arguments));
  OFLog::configure(OFLogger::OFF_LOG_LEVEL);
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<ModelFolder> models, LoadModelFolders(arguments));
  const PatientRule patients = ChoosePatientRule(arguments, options.runs);
  CAMNODE_ASSIGN_OR_RETURN(const Dataset dataset,
                           ReadSplit(options.data_path, options.split, patients));
  if (!options.shortcut_data.has_value()) {
    options.training_films = FindTrainingSplit(dataset, options, patients, models);
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

}  // namespace camnode
