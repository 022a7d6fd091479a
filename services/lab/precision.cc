// camnode-lab evaluate-precision

#include "core/inference/device/precision.h"

#include <google/protobuf/text_format.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/files.h"
#include "core/base/status_macros.h"
#include "core/domain/radiograph.h"
#include "core/inference/classifier.h"
#include "core/inference/precision_report.h"
#include "core/models/model_manifest.h"
#include "core/models/model_repository.h"
#include "core/models/precision_gate.h"
#include "services/command_line/arguments.h"
#include "services/command_line/option.h"
#include "services/lab/commands.h"
#include "services/lab/film.h"
#include "services/lab/models.h"

namespace camnode {
namespace {

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

// REQUIRES: it is one of those that the options may be.
ComputePrecision PrecisionOf(const std::string& name) {
  for (const ComputePrecision precision :
       {ComputePrecision::kBfloat16, ComputePrecision::kFloat16}) {
    if (name == PrecisionName(precision)) return precision;
  }
  return ComputePrecision::kFloat32;
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

absl::StatusOr<std::vector<JudgedFilm>> FindJudgedFilms(const Arguments& arguments) {
  std::vector<JudgedFilm> films;
  for (const bool positive : {true, false}) {
    const std::vector<std::string> folders = arguments.Texts(positive ? "positive" : "negative");
    if (folders.empty()) continue;
    CAMNODE_ASSIGN_OR_RETURN(std::vector<std::string> paths, FindFilms(folders));
    for (std::string& path : paths) films.push_back({std::move(path), positive});
  }
  if (films.empty()) {
    return absl::InvalidArgumentError("no film: give folders as --positive and --negative");
  }
  std::vector<JudgedFilm> chosen;
  for (size_t i = 0; i < films.size(); i += arguments.WholeNumber<size_t>("every")) {
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

absl::StatusOr<std::vector<Pairing>> LoadPairings(const Arguments& arguments,
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
  constexpr char kManifest[] = "manifest.textproto";
  CAMNODE_ASSIGN_OR_RETURN(const std::string path, ModelFilePath(model, kManifest));
  CAMNODE_ASSIGN_OR_RETURN(const std::string before, ReadFile(path, kMaxManifestBytes));
  return ReplaceModelFile(model, kManifest, absl::StrCat(before, "\n", text));
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

constexpr char kPrecisions[] = "float32|bfloat16|float16";

constexpr Option kOptions[] = {
    ModelOption().Repeated(),
    Option::Text("positive", "FOLDER", "films with the finding").Repeated(),
    Option::Text("negative", "FOLDER", "films without").Repeated(),
    Option::Choice("precision", kPrecisions, "what is judged").Default("bfloat16"),
    Option::Choice("against", kPrecisions,
                   "the reference; the same as --precision shows what the batch size alone changes")
        .Default("float32"),
    Option::WholeNumber("every", "N", "take every Nth film only", 1, 1'000'000).Default(1),
    ThreadsOption(),
    Option::Flag("store", "write the check into the manifest, where precision needs it"),
};

// Errors: kInvalidArgument (no film, or a check that cannot be stored), kFailedPrecondition (a
// model must not use the precision, or this processor cannot), those of the models and of the
// first film that cannot be read, kUnavailable (a manifest cannot be written).
absl::Status Run(const Arguments& arguments) {
  const bool stores = arguments.Has("store");
  const std::string name = arguments.Text("precision");
  const ComputePrecision candidate = PrecisionOf(name);
  const ComputePrecision reference = PrecisionOf(arguments.Text("against"));
  if (stores && reference != ComputePrecision::kFloat32) {
    return absl::InvalidArgumentError("only a check against float32 can be stored");
  }
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<JudgedFilm> films, FindJudgedFilms(arguments));
  SetThreads(arguments);
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

}  // namespace

const LabCommand kEvaluatePrecision = {{"evaluate-precision",
                                        R"(Says whether models may be computed in less precision.

Computes every film below the folders twice with each model, one by one in the
reference precision and in batches of eight in the other, and says what changed: area
under the ROC curve, largest change of a probability, share of verdicts flipped, share
of maps whose strongest cell is another.  Beyond 0.01, 0.2 % or 2 % the precision is
refused, and the exit code is 1: a model that asks for it will not load.)",
                                        {},
                                        kOptions},
                                       Run};

}  // namespace camnode
