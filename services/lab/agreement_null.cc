// camnode-lab agreement-null

#include "core/models/agreement_null.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/base/status_macros.h"
#include "core/domain/analysis.h"
#include "core/domain/radiograph.h"
#include "core/inference/classifier.h"
#include "core/inference/maps/agreement_null_maker.h"
#include "core/models/model_repository.h"
#include "services/command_line/arguments.h"
#include "services/command_line/option.h"
#include "services/lab/commands.h"
#include "services/lab/film.h"
#include "services/lab/models.h"

namespace camnode {
namespace {

struct Options {
  std::vector<ModelFolder> models;
  std::string output;
  size_t sample = 0;
  AgreementNullOptions null;
};

absl::StatusOr<Options> ReadOptions(const Arguments& arguments) {
  Options options;
  options.output = arguments.Text("output");
  options.sample = arguments.WholeNumber<size_t>("sample");
  options.null.draws = arguments.WholeNumber("draws");
  options.null.seed = arguments.WholeNumber<uint64_t>("seed");
  if (arguments.Texts("model").size() < 2) {
    return absl::InvalidArgumentError("--model must be given for two models or more");
  }
  CAMNODE_ASSIGN_OR_RETURN(options.models, LoadModelFolders(arguments));
  return options;
}

// The same ones for the same names and seed.
std::vector<std::string> Sample(std::vector<std::string> films, size_t count, uint64_t seed) {
  std::mt19937_64 random(seed);
  count = std::min(count, films.size());
  for (size_t i = 0; i < count; ++i) {
    std::swap(films[i], films[i + static_cast<size_t>(random() % (films.size() - i))]);
  }
  films.resize(count);
  return films;
}

absl::StatusOr<std::vector<std::vector<ModelResult>>> Classify(
    const std::vector<std::string>& paths, const std::vector<ModelFolder>& models) {
  std::vector<std::unique_ptr<Classifier>> classifiers;
  for (const ModelFolder& model : models) {
    CAMNODE_ASSIGN_OR_RETURN(std::unique_ptr<Classifier> classifier, Classifier::Load(model, {}));
    classifiers.push_back(std::move(classifier));
  }
  std::vector<std::vector<ModelResult>> films;
  for (const std::string& path : paths) {
    CAMNODE_ASSIGN_OR_RETURN(const Radiograph film, ReadNamedFilm(path));
    std::vector<ModelResult> results;
    for (const auto& classifier : classifiers) {
      absl::StatusOr<ModelResult> result = classifier->Classify(film);
      if (!result.ok()) return Annotate(result.status(), path);
      results.push_back(*std::move(result));
    }
    films.push_back(std::move(results));
  }
  return films;
}

constexpr Option kOptions[] = {
    Option::Text("model", "DIR", "two or more, in the order of workflow.models")
        .Required()
        .Repeated(),
    Option::Text("output", "MODELS", "the folder of models, such as deploy/models").Required(),
    Option::WholeNumber("sample", "NUMBER", "of films, drawn by name and seed", 20, 1'000'000)
        .Default(400),
    Option::WholeNumber("draws", "NUMBER", "comparisons for each subset of the models", 100,
                        10'000'000)
        .Default(AgreementNullOptions().draws),
    Option::WholeNumber("seed", "NUMBER", "of sample and draws", 0, 1'000'000'000).Default(1),
    ThreadsOption(),
};

// Errors: kInvalidArgument (fewer than two models), those of the models, of the first film that
// cannot be read or classified, and of MakeAgreementNull and SaveAgreementNull.
absl::Status Run(const Arguments& arguments) {
  CAMNODE_ASSIGN_OR_RETURN(const Options options, ReadOptions(arguments));
  CAMNODE_ASSIGN_OR_RETURN(std::vector<std::string> paths, FindFilms(arguments.operands()));
  SetThreads(arguments);
  const std::vector<std::string> sample =
      Sample(std::move(paths), options.sample, options.null.seed);
  CAMNODE_ASSIGN_OR_RETURN(const auto films, Classify(sample, options.models));
  CAMNODE_ASSIGN_OR_RETURN(const AgreementNull null,
                           MakeAgreementNull(options.models, films, options.null));
  CAMNODE_RETURN_IF_ERROR(SaveAgreementNull(options.output, null));
  absl::PrintF("%s: %s; maps of %s positive films among %d\n",
               AgreementNullPath(options.output, null.models_digest()),
               absl::StrJoin(null.models(), ", "), absl::StrJoin(null.films(), ", "),
               sample.size());
  return absl::OkStatus();
}

}  // namespace

const LabCommand kAgreementNull = {{"agreement-null",
                                    R"(How alike are the maps of different films?

It is what the agreement of the models' maps of one film is judged by.  Classifies a
sample of the films (DICOM, PNG, JPEG) with each model, compares maps of films that it
finds positive with other models' maps of other films, and writes the distributions to
MODELS/agreement/ID.textproto, where the node and explain find them for the same models
in the same order.)",
                                    kFilmOperands, kOptions},
                                   Run};

}  // namespace camnode
