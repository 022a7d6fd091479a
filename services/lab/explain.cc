// camnode-lab explain

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "core/base/status_macros.h"
#include "core/domain/analysis.h"
#include "core/domain/radiograph.h"
#include "core/inference/classifier.h"
#include "core/inference/explainer.h"
#include "core/inference/maps/agreement.h"
#include "core/inference/maps/cam_method.h"
#include "core/models/agreement_null.h"
#include "core/models/model_repository.h"
#include "services/command_line/arguments.h"
#include "services/command_line/command.h"
#include "services/command_line/command_line.h"
#include "services/command_line/option.h"
#include "services/lab/commands.h"
#include "services/lab/explain_options.h"
#include "services/lab/film.h"
#include "services/lab/intensity.h"
#include "services/lab/models.h"

namespace camnode {
namespace {

using Json = nlohmann::ordered_json;

// One of the two, as the options ask.
struct LoadedModel {
  std::unique_ptr<Classifier> classifier;
  std::unique_ptr<Explainer> explainer;
};
struct Models {
  std::vector<LoadedModel> loaded;
  absl::optional<AgreementNull> null;  // What chance gives, where it is known.
};

absl::StatusOr<LoadedModel> LoadModel(const ModelFolder& folder, const LabExplainOptions& options,
                                      size_t index) {
  LoadedModel model;
  const ExplainerOptions& own = options.explainers[index];
  if (options.as_served) {
    ClassifierOptions served;
    served.device = own.device;
    CAMNODE_ASSIGN_OR_RETURN(model.classifier, Classifier::Load(folder, served));
    return model;
  }
  absl::StatusOr<std::unique_ptr<Explainer>> explainer = Explainer::Load(folder, own);
  if (!explainer.ok()) return Annotate(explainer.status(), folder.manifest.name());
  model.explainer = *std::move(explainer);
  return model;
}

// A model lies in MODELS/NAME/VERSION, and the null in MODELS.
absl::optional<AgreementNull> FindNull(const std::vector<ModelFolder>& folders) {
  if (folders.size() < 2) return absl::nullopt;
  const std::filesystem::path first =
      std::filesystem::absolute(folders.front().directory).lexically_normal();
  absl::StatusOr<AgreementNull> null =
      LoadAgreementNull(first.parent_path().parent_path().string(), folders);
  if (null.ok()) return *std::move(null);
  PrintError(std::cerr, LabProgram().name,
             absl::StrCat("agreement without percentiles: ", null.status().message()));
  return absl::nullopt;
}

absl::StatusOr<Models> LoadModels(const Arguments& arguments, const LabExplainOptions& options) {
  const std::string intensity = arguments.Text("intensity");
  Models models;
  CAMNODE_ASSIGN_OR_RETURN(std::vector<ModelFolder> folders, LoadModelFolders(arguments));
  for (ModelFolder& folder : folders) {
    if (!intensity.empty()) {
      CAMNODE_RETURN_IF_ERROR(SetIntensity(intensity, *folder.manifest.mutable_preprocessing()));
    }
    CAMNODE_ASSIGN_OR_RETURN(LoadedModel model, LoadModel(folder, options, models.loaded.size()));
    models.loaded.push_back(std::move(model));
  }
  // Maps of another method are no more or less alike by the same chance.
  if (options.as_served) models.null = FindNull(folders);
  return models;
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
  if (agreement.percentiles.has_value()) {
    json["overlap_percentile"] = agreement.percentiles->overlap;
    json["distance_percentile"] = agreement.percentiles->distance;
    json["correlation_percentile"] = agreement.percentiles->correlation;
  }
  return json;
}

// What the options add to ModelJson.
Json ExplanationJson(const Explanation& explanation, const ExplainerOptions& own,
                     bool signed_maps) {
  Json json = ModelJson(explanation.result);
  json["method"] = CamMethodName(own.method);
  json["layers"] = own.layers;
  json["explained_label"] = explanation.label;
  json["heatmap_unit"] = explanation.unit;
  json["views"] = explanation.views;
  if (signed_maps) json["heatmap_signed"] = HeatmapJson(explanation.signed_map);
  return json;
}

absl::StatusOr<Json> ExplainFilm(const std::string& path, const Models& models,
                                 const LabExplainOptions& options) {
  CAMNODE_ASSIGN_OR_RETURN(const Radiograph film, ReadFilm(path));
  std::vector<ModelResult> results;
  Json line{{"file", path}, {"models", Json::array()}};
  for (size_t i = 0; i < models.loaded.size(); ++i) {
    if (models.loaded[i].classifier != nullptr) {
      CAMNODE_ASSIGN_OR_RETURN(ModelResult result, models.loaded[i].classifier->Classify(film));
      line["models"].push_back(ModelJson(result));
      results.push_back(std::move(result));
    } else {
      CAMNODE_ASSIGN_OR_RETURN(Explanation explanation, models.loaded[i].explainer->Explain(film));
      line["models"].push_back(
          ExplanationJson(explanation, options.explainers[i], options.signed_maps));
      results.push_back(std::move(explanation.result));
    }
  }
  line["agreement"] =
      AgreementJson(ComputeAgreement(results, models.null.has_value() ? &*models.null : nullptr));
  return line;
}

absl::Status ExplainAll(const std::vector<std::string>& films, const Models& models,
                        const LabExplainOptions& options, const std::string& output) {
  // A line at a time: whoever waits may read those that are there.
  std::ofstream file(output, std::ios::binary | std::ios::trunc);
  size_t failed = 0;
  for (const std::string& path : films) {
    absl::StatusOr<Json> line = ExplainFilm(path, models, options);
    if (!line.ok()) {
      ++failed;
      PrintError(std::cerr, LabProgram().name, absl::StrCat(path, ": ", line.status().message()));
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

constexpr Option kOptions[] = {
    ModelOption().Repeated(),
    Option::Text("output", "OUT.jsonl", "overwritten if it exists").Required(),
    Option::Choice("intensity", "file|fixed_window", "instead of what the manifests say"),
    ThreadsOption(),
    Option::Text("device", "DEVICE", "cpu or cuda").Default("cpu"),
    Option::Heading(
        "Other explanations than the node's.  With any of these a model's entry also has method,\n"
        "layers, explained_label, heatmap_unit (logit, activation or share) and views:"),
    Option::Text("method", "METHOD",
                 "gradcam, gradcam++, hirescam, xgradcam, layercam, or scorecam (as many passes as "
                 "the layer has channels)")
        .Default("gradcam"),
    Option::Text("layer", "NAME[,NAME]",
                 "as PyTorch names modules: layer3, features.denseblock3; default: the end of the "
                 "trunk.  For all models, or once for each --model.  Several: their maps, each "
                 "scaled to 0..1, averaged on the finest grid; heatmap is then a share, not logits")
        .Repeated(),
    Option::Text("tta", "flip,scale",
                 "averages scores and maps over the mirrored film and over the normalised input "
                 "times 0.9 and 1.1, or one of the two"),
    Option::Choice("target", "reported|predicted", "predicted: the label with the largest logit")
        .Default("reported"),
    Option::Flag("signed", "also heatmap_signed: evidence against the label is negative"),
};

// A film that cannot be read or classified is reported to standard error and in its line of the
// output, and the others go on.
// Errors: kInvalidArgument (what is to be explained, or how), those of the models, kUnavailable
// (the output cannot be written), kDataLoss (some films failed: how many).
absl::Status Run(const Arguments& arguments) {
  CAMNODE_ASSIGN_OR_RETURN(const LabExplainOptions options, ReadExplainOptions(arguments));
  SetThreads(arguments);
  CAMNODE_ASSIGN_OR_RETURN(const Models models, LoadModels(arguments, options));
  return ExplainAll(arguments.operands(), models, options, arguments.Text("output"));
}

}  // namespace

const LabCommand kExplain = {{"explain",
                              R"(Classifies films and writes what each model says, map and all.

One line of JSON a film (DICOM, PNG, JPEG): file; models: name, version, label, logit,
probability, threshold, positive, heatmap_peak, heatmap (the raw positive map in logit
units, row by row); agreement.  A film that fails has no models but an error, and the
exit code is 1 at the end.)",
                              {"FILM...", 1, Operands::kAnyNumber, "at least one film"},
                              kOptions},
                             Run};

}  // namespace camnode
