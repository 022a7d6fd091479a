// camnode-lab evaluate-precision

#include <google/protobuf/text_format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/files.h"
#include "core/base/status_macros.h"
#include "core/inference/classifier.h"
#include "core/inference/precision_report.h"
#include "core/models/model_manifest.h"
#include "core/models/precision_gate.h"
#include "services/lab/arguments.h"
#include "services/lab/commands.h"
#include "services/lab/film.h"
#include "services/lab/models.h"

namespace camnode {
namespace {

namespace fs = std::filesystem;
namespace v1 = camnode::model::v1;

constexpr size_t kFilmsAtOnce = 8;

struct JudgedFilm {
  std::string path;
  bool positive = false;
};

// The two ways in which every film is computed.
struct Pairing {
  std::unique_ptr<Classifier> reference;
  std::unique_ptr<Classifier> candidate;
  std::vector<PrecisionPair> pairs;
};

absl::StatusOr<ComputePrecision> ParsePrecision(const std::string& name) {
  for (const ComputePrecision precision :
       {ComputePrecision::kFloat32, ComputePrecision::kBfloat16, ComputePrecision::kFloat16}) {
    if (name == PrecisionName(precision)) return precision;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("precision \"", name, "\" must be float32, bfloat16 or float16"));
}

v1::Precision ToProto(ComputePrecision precision) {
  switch (precision) {
    case ComputePrecision::kBfloat16:
      return v1::BFLOAT16;
    case ComputePrecision::kFloat16:
      return v1::FLOAT16;
    case ComputePrecision::kFloat32:
      break;
  }
  return v1::FLOAT32;
}

absl::StatusOr<std::vector<JudgedFilm>> FindJudgedFilms(const LabArguments& arguments) {
  std::vector<JudgedFilm> films;
  for (const bool positive : {true, false}) {
    const std::vector<std::string> folders = arguments.All(positive ? "positive" : "negative");
    if (folders.empty()) continue;
    CAMNODE_ASSIGN_OR_RETURN(std::vector<std::string> paths, FindFilms(folders));
    for (std::string& path : paths) films.push_back({std::move(path), positive});
  }
  if (films.empty()) {
    return absl::InvalidArgumentError("no film: give folders as --positive and --negative");
  }
  CAMNODE_ASSIGN_OR_RETURN(const int every, arguments.WholeNumber("every", 1, 1, 1'000'000));
  std::vector<JudgedFilm> chosen;
  for (size_t i = 0; i < films.size(); i += static_cast<size_t>(every)) {
    chosen.push_back(std::move(films[i]));
  }
  return chosen;
}

absl::StatusOr<std::unique_ptr<Classifier>> LoadWith(const ModelFolder& model,
                                                     ComputePrecision precision, int64_t batch) {
  ClassifierOptions options;
  options.precision = precision;
  options.batch = batch;
  return Classifier::Load(model, options);
}

absl::StatusOr<std::vector<Pairing>> LoadPairings(const LabArguments& arguments,
                                                  ComputePrecision candidate,
                                                  ComputePrecision reference) {
  std::vector<Pairing> pairings;
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<ModelFolder> models, LoadModelFolders(arguments));
  for (const ModelFolder& model : models) {
    Pairing& pairing = pairings.emplace_back();
    // One by one, and in batches: the check covers that difference too.
    CAMNODE_ASSIGN_OR_RETURN(pairing.reference, LoadWith(model, reference, 1));
    CAMNODE_ASSIGN_OR_RETURN(pairing.candidate, LoadWith(model, candidate, kFilmsAtOnce));
  }
  return pairings;
}

absl::Status ComparePass(const std::vector<Radiograph>& films, const std::vector<bool>& positive,
                         Pairing& pairing) {
  std::vector<ClassifierInput> inputs;
  std::vector<const ClassifierInput*> pointers;
  inputs.reserve(films.size());
  for (const Radiograph& film : films) {
    CAMNODE_ASSIGN_OR_RETURN(ClassifierInput input, pairing.reference->Prepare(film));
    inputs.push_back(std::move(input));
    pointers.push_back(&inputs.back());
  }
  auto references = pairing.reference->ClassifyPrepared(pointers);
  auto candidates = pairing.candidate->ClassifyPrepared(pointers);
  for (size_t i = 0; i < films.size(); ++i) {
    if (!references[i].ok()) return references[i].status();
    if (!candidates[i].ok()) return candidates[i].status();
    pairing.pairs.push_back({*std::move(references[i]), *std::move(candidates[i]), positive[i]});
  }
  return absl::OkStatus();
}

absl::Status RunPairs(const std::vector<JudgedFilm>& films, std::vector<Pairing>& pairings) {
  for (size_t begin = 0; begin < films.size(); begin += kFilmsAtOnce) {
    std::vector<Radiograph> batch;
    std::vector<bool> positive;
    for (size_t i = begin; i < std::min(begin + kFilmsAtOnce, films.size()); ++i) {
      CAMNODE_ASSIGN_OR_RETURN(Radiograph film, ReadNamedFilm(films[i].path));
      batch.push_back(std::move(film));
      positive.push_back(films[i].positive);
    }
    for (Pairing& pairing : pairings) {
      CAMNODE_RETURN_IF_ERROR(ComparePass(batch, positive, pairing));
    }
  }
  return absl::OkStatus();
}

// Text format takes a repeated field wherever it stands, so the check is added at the
// end and every comment of the file stays.  A node may be serving the model: the manifest is
// replaced as a whole.
absl::Status StoreCheck(const ModelFolder& model, const v1::PrecisionCheck& check) {
  v1::ModelManifest addition;
  *addition.add_precision_checks() = check;
  std::string text;
  google::protobuf::TextFormat::PrintToString(addition, &text);
  const std::string path = (fs::path(model.directory) / "manifest.textproto").string();
  CAMNODE_ASSIGN_OR_RETURN(const std::string before, ReadFile(path, kMaxManifestBytes));
  return ReplaceFileDurably(path, absl::StrCat(before, "\n", text), FileAccess::kByUmask);
}

// True if the gate opened.
absl::StatusOr<bool> Report(const Pairing& pairing, bool store) {
  const ModelFolder& model = pairing.candidate->model();
  v1::PrecisionCheck check = ComparePrecisions(pairing.pairs);
  check.set_precision(ToProto(pairing.candidate->precision()));
  check.set_weights_sha256(model.manifest.weights_sha256());
  check.set_threshold(model.manifest.threshold());
  check.set_instruction_set(InstructionSet());
  const absl::Status gate = CheckGate(check);
  absl::PrintF(
      "%s %s against %s on %s: %d films, AUC %+.6f, probability at most %.4f, logit at most "
      "%.2e, verdicts flipped %.3f %%, other peak cell %.3f %%: %s\n",
      model.manifest.name(), PrecisionName(pairing.candidate->precision()),
      PrecisionName(pairing.reference->precision()), check.instruction_set(), check.films(),
      check.auc_difference(), check.max_probability_difference(),
      LargestLogitDifference(pairing.pairs), 100 * check.flipped_verdicts(),
      100 * check.other_peak_cells(), gate.ok() ? "passed" : gate.message());
  if (store) CAMNODE_RETURN_IF_ERROR(StoreCheck(model, check));
  return gate.ok();
}

}  // namespace

const char kEvaluatePrecisionUsage[] =
    R"(camnode-lab evaluate-precision --model DIR [--model DIR ...] --positive FOLDER --negative FOLDER [options]

Computes every film below the folders twice with each model, one by one in the
reference precision and in batches of eight in the other, and says what changed: area
under the ROC curve, largest change of a probability, share of verdicts flipped, share
of maps whose strongest cell is another.  Beyond 0.01, 0.2 % or 2 % the precision is
refused, and the exit code is 1: a model that asks for it will not load.

  --model DIR            a model folder, such as deploy/models/resnet18/1
  --positive FOLDER      films with the finding; may be given several times
  --negative FOLDER      films without
  --precision P          float32, bfloat16 (default) or float16
  --against P            the reference, float32 by default; the same as --precision
                         shows what the batch size alone changes
  --every N              take every Nth film only
  --threads NUMBER       default: as many as there are cores
  --store                write the check into the manifest, where precision needs it
)";

absl::Status RunEvaluatePrecision(const std::vector<std::string>& words) {
  CAMNODE_ASSIGN_OR_RETURN(
      const LabArguments arguments,
      LabArguments::Parse(
          words, {"model", "positive", "negative", "precision", "against", "every", "threads"},
          {"store"}));
  const bool stores = arguments.Has("store");
  CAMNODE_ASSIGN_OR_RETURN(const std::string name, arguments.One("precision", "bfloat16"));
  CAMNODE_ASSIGN_OR_RETURN(const ComputePrecision candidate, ParsePrecision(name));
  CAMNODE_ASSIGN_OR_RETURN(const std::string against, arguments.One("against", "float32"));
  CAMNODE_ASSIGN_OR_RETURN(const ComputePrecision reference, ParsePrecision(against));
  if (stores && reference != ComputePrecision::kFloat32) {
    return absl::InvalidArgumentError("only a check against float32 can be stored");
  }
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<JudgedFilm> films, FindJudgedFilms(arguments));
  CAMNODE_RETURN_IF_ERROR(SetThreads(arguments));
  CAMNODE_ASSIGN_OR_RETURN(std::vector<Pairing> pairings,
                           LoadPairings(arguments, candidate, reference));
  CAMNODE_RETURN_IF_ERROR(RunPairs(films, pairings));
  int refused = 0;
  for (const Pairing& pairing : pairings) {
    CAMNODE_ASSIGN_OR_RETURN(const bool passed, Report(pairing, stores));
    if (!passed) ++refused;
  }
  if (refused == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(refused, " of ", pairings.size(), " models must not use ", name));
}

}  // namespace camnode
