// camnode-lab explain

#include <cstdio>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "core/inference/agreement.h"
#include "core/inference/classifier.h"
#include "dcmtk/config/osconfig.h"
#include "dcmtk/oflog/oflog.h"
#include "services/lab_arguments.h"
#include "services/lab_commands.h"
#include "services/lab_film.h"
#include "services/lab_intensity.h"

namespace camnode {
namespace {

using Json = nlohmann::ordered_json;
using Classifiers = std::vector<std::unique_ptr<Classifier>>;

absl::StatusOr<Classifiers> LoadModels(const LabArguments& arguments) {
  CAMNODE_ASSIGN_OR_RETURN(const std::string intensity, arguments.One("intensity", ""));
  ClassifierOptions options;
  CAMNODE_ASSIGN_OR_RETURN(options.device, arguments.One("device", "cpu"));
  Classifiers classifiers;
  for (const std::string& directory : arguments.All("model")) {
    CAMNODE_ASSIGN_OR_RETURN(ModelFolder model,
                             LoadModelFolder(directory, WeightsCheck::kVerifyDigest));
    if (!intensity.empty()) {
      CAMNODE_RETURN_IF_ERROR(SetIntensity(intensity, *model.manifest.mutable_preprocessing()));
    }
    CAMNODE_ASSIGN_OR_RETURN(std::unique_ptr<Classifier> classifier,
                             Classifier::Load(model, options));
    classifiers.push_back(std::move(classifier));
  }
  return classifiers;
}

// Rows of the feature grid, from the top.
Json HeatmapJson(const cv::Mat1f& values) {
  Json rows = Json::array();
  for (int row = 0; row < values.rows; ++row) {
    rows.push_back(std::vector<float>(values[row], values[row] + values.cols));
  }
  return rows;
}

Json ModelJson(const ModelResult& result) {
  Json json{{"name", result.model},
            {"version", result.version},
            {"label", result.finding.label},
            {"logit", result.finding.logit},
            {"probability", result.finding.probability},
            {"threshold", result.finding.threshold},
            {"positive", result.finding.positive},
            {"heatmap_peak", result.heatmap.peak},
            {"heatmap", HeatmapJson(result.heatmap.values)}};
  if (result.outlier.has_value()) {
    json["outlier_distance"] = result.outlier->distance;
    json["outlier_threshold"] = result.outlier->threshold;
  }
  return json;
}

Json AgreementJson(const Agreement& agreement) {
  Json json{{"models", agreement.models}, {"sentence", agreement.sentence}};
  if (agreement.models >= 2) {
    json["overlap"] = agreement.overlap;
    json["distance"] = agreement.distance;
    json["correlation"] = agreement.correlation;
  }
  return json;
}

absl::StatusOr<Json> ExplainFilm(const std::string& path, const Classifiers& classifiers) {
  CAMNODE_ASSIGN_OR_RETURN(const Radiograph film, ReadFilm(path));
  std::vector<ModelResult> results;
  for (const std::unique_ptr<Classifier>& classifier : classifiers) {
    CAMNODE_ASSIGN_OR_RETURN(ModelResult result, classifier->Classify(film));
    results.push_back(std::move(result));
  }
  Json line{{"file", path}, {"models", Json::array()}};
  for (const ModelResult& result : results) line["models"].push_back(ModelJson(result));
  line["agreement"] = AgreementJson(ComputeAgreement(results));
  return line;
}

absl::Status ExplainAll(const std::vector<std::string>& films, const Classifiers& classifiers,
                        const std::string& output) {
  std::ofstream file(output, std::ios::binary | std::ios::trunc);
  size_t failed = 0;
  for (const std::string& path : films) {
    absl::StatusOr<Json> line = ExplainFilm(path, classifiers);
    if (!line.ok()) {
      ++failed;
      absl::FPrintF(stderr, "camnode-lab: %s: %s\n", path, line.status().message());
      line = Json{{"file", path},
                  {"models", Json::array()},
                  {"error", std::string(line.status().message())}};
    }
    // A file name may hold any bytes; JSON takes UTF-8 only.
    file << line->dump(-1, ' ', false, Json::error_handler_t::replace) << '\n' << std::flush;
    if (!file) return absl::UnavailableError(absl::StrCat("cannot write ", output));
  }
  if (failed > 0) {
    return absl::DataLossError(absl::StrCat(failed, " of ", films.size(), " films failed"));
  }
  return absl::OkStatus();
}

}  // namespace

const char kExplainUsage[] =
    R"(camnode-lab explain --model DIR [--model DIR ...] --output OUT.jsonl [options] FILM...

Classifies each film (DICOM, PNG, JPEG) with each model and writes one line of JSON a
film: file; models: name, version, label, logit, probability, threshold, positive,
heatmap_peak, heatmap (the raw positive map in logit units, row by row); agreement.
A film that fails has no models but an error, and the exit code is 1 at the end.

  --model DIR            a model folder, such as deploy/models/resnet18/1
  --output OUT.jsonl     overwritten if it exists
  --intensity POLICY     file or fixed_window, instead of what the manifests say
  --threads NUMBER       default: as many as there are cores
  --device DEVICE        cpu (default) or cuda
)";

absl::Status RunExplain(const std::vector<std::string>& words) {
  CAMNODE_ASSIGN_OR_RETURN(
      const LabArguments arguments,
      LabArguments::Parse(words, {"model", "output", "intensity", "threads", "device"}));
  CAMNODE_ASSIGN_OR_RETURN(const std::string output, arguments.Required("output"));
  if (arguments.All("model").empty()) {
    return absl::InvalidArgumentError("option --model is missing");
  }
  if (arguments.files().empty()) return absl::InvalidArgumentError("no film is given");
  CAMNODE_ASSIGN_OR_RETURN(const double threads, arguments.Number("threads", 0));
  if (threads < 0 || threads > 1024) {
    return absl::InvalidArgumentError("option --threads must be 0 to 1024");
  }
  SetComputeThreads(static_cast<int>(threads));
  // What is wrong with a film is said once, in its own line.
  OFLog::configure(OFLogger::OFF_LOG_LEVEL);
  CAMNODE_ASSIGN_OR_RETURN(const Classifiers classifiers, LoadModels(arguments));
  return ExplainAll(arguments.files(), classifiers, output);
}

}  // namespace camnode
