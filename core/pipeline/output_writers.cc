#include "core/pipeline/output_writers.h"

#include <cstddef>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "core/base/mutex.h"
#include "core/base/status_macros.h"
#include "core/dicom/derived/derived_attributes.h"
#include "core/dicom/derived/secondary_capture_writer.h"
#include "core/domain/analysis.h"
#include "core/pipeline/output_identity.h"
#include "core/render/overlay_renderer.h"

namespace camnode {
namespace {

constexpr char kExplicitLittleEndian[] = "1.2.840.10008.1.2.1";

// What the three writers share: identity, and the way into a Secondary Capture.
class PictureWriter : public OutputWriter {
 public:
  PictureWriter(const OutputOptions& options, const ModelSet& models)
      : options_(options), models_(models) {}

 protected:
  // What a writer says of one of its objects.
  struct Object {
    std::string model;        // Empty: about all of them.
    std::string own_options;  // Those of this kind only.
    int version = 2;          // Of the writer.
    int series_offset = 0;
    int instance_number = 1;
    std::string series_description;
    std::string derivation;
    std::vector<ContributingModel> models;
    bool film_geometry = false;
    bool film_size = false;
    bool shows_film = true;
  };

  absl::StatusOr<WrittenOutput> MakeSecondaryCapture(const OutputInput& input, Object object,
                                                     cv::Mat3b picture) const {
    const std::vector<OutputSource> sources = {
        {input.instance.sop_instance_uid, input.instance.sha256}};
    const std::string kind_name(kind());
    SecondaryCapture capture;
    capture.object.sop_instance_uid = DeriveSopInstanceUid(
        sources, models_.digest, models_.threshold_set, RecipeDigest(RecipeOf(object)));
    capture.object.series_instance_uid = DeriveSeriesUid(
        sources, models_.digest, models_.threshold_set, RecipeDigest(SeriesRecipeOf(object)));
    capture.object.series_number = options_.settings.series_number_base + object.series_offset;
    capture.object.instance_number = object.instance_number;
    capture.object.series_description = std::move(object.series_description);
    capture.object.derivation = std::move(object.derivation);
    capture.object.analysis_started_ms = input.analysis.started_ms;
    capture.object.time_zone = options_.time_zone;
    capture.object.models = std::move(object.models);
    capture.rgb = std::move(picture);
    capture.film_geometry = object.film_geometry;
    capture.film_size = object.film_size;
    capture.shows_film = object.shows_film;

    WrittenOutput output;
    MutexLock lock(&input.source_mutex);
    CAMNODE_ASSIGN_OR_RETURN(output.bytes, WriteSecondaryCapture(capture, input.source));
    output.derived.kind = kind_name;
    output.derived.model = object.model;
    output.derived.sop_instance_uid = capture.object.sop_instance_uid;
    output.derived.series_instance_uid = capture.object.series_instance_uid;
    output.derived.study_instance_uid = input.source.study_instance_uid();
    CAMNODE_ASSIGN_OR_RETURN(output.derived.sop_class_uid, Uid::Parse(kSecondaryCaptureSopClass));
    CAMNODE_ASSIGN_OR_RETURN(output.derived.transfer_syntax_uid, Uid::Parse(kExplicitLittleEndian));
    return output;
  }

  OverlayOptions RenderOptions(int max_long_side) const {
    OverlayOptions render;
    render.max_long_side = max_long_side;
    render.alpha = options_.settings.alpha;
    render.population = models_.population;
    return render;
  }

  static ContributingModel Contributor(const ModelResult& result) {
    return {result.model, result.version, DeriveModelDeviceUid(result.weights_sha256)};
  }

  const OutputSettings& settings() const { return options_.settings; }
  const ModelSet& models() const { return models_; }

 private:
  OutputRecipe RecipeOf(const Object& object) const {
    OutputRecipe recipe;
    recipe.kind = std::string(kind());
    recipe.model = object.model;
    recipe.options = absl::StrCat(
        object.own_options, " series=", options_.settings.series_number_base + object.series_offset,
        " zone=", options_.time_zone, " population=", models_.population,
        " program=", options_.program_version);
    recipe.precision = models_.precision;
    recipe.device_class = options_.device_class;
    recipe.preprocessing = models_.preprocessing;
    recipe.writer_version = object.version;
    return recipe;
  }

  // What all objects of the series have in common.
  OutputRecipe SeriesRecipeOf(const Object& object) const {
    OutputRecipe recipe = RecipeOf(object);
    recipe.model.clear();
    return recipe;
  }

  const OutputOptions options_;
  const ModelSet models_;
};

class OverlayWriter final : public PictureWriter {
 public:
  using PictureWriter::PictureWriter;
  absl::string_view kind() const override { return "overlay"; }

  int CountFor(const Analysis& analysis) const override {
    return analysis.outcome == AnalysisOutcome::kAnalyzed
               ? static_cast<int>(analysis.results.size())
               : 0;
  }

  absl::StatusOr<WrittenOutput> Write(const OutputInput& input, int index) const override {
    const ModelResult& result = input.analysis.results[static_cast<size_t>(index)];
    const int max_long_side = settings().native_size ? 0 : settings().overlay_max_long_side;
    CAMNODE_ASSIGN_OR_RETURN(cv::Mat3b picture,
                             RenderOverlay(input.film, result, RenderOptions(max_long_side)));
    Object object;
    object.model = result.model;
    object.own_options = absl::StrCat("side=", max_long_side, " alpha=", settings().alpha);
    object.series_offset = 0;
    object.instance_number = index + 1;
    object.series_description = "AI pneumonia overlay (RESEARCH)";
    object.derivation = absl::StrCat("Grad-CAM of ", result.model, " version ", result.version,
                                     " over the film; ", kResearchOnly);
    object.models = {Contributor(result)};
    object.film_geometry = true;
    object.film_size = settings().native_size;
    return MakeSecondaryCapture(input, std::move(object), std::move(picture));
  }
};

class PanelWriter final : public PictureWriter {
 public:
  using PictureWriter::PictureWriter;
  absl::string_view kind() const override { return "panel"; }

  int CountFor(const Analysis& analysis) const override {
    return analysis.outcome == AnalysisOutcome::kAnalyzed && !analysis.results.empty() ? 1 : 0;
  }

  absl::StatusOr<WrittenOutput> Write(const OutputInput& input, int) const override {
    const int max_long_side = settings().panel_max_long_side;
    CAMNODE_ASSIGN_OR_RETURN(cv::Mat3b picture,
                             RenderPanel(input.film, input.analysis, RenderOptions(max_long_side)));
    Object object;
    object.own_options = absl::StrCat("side=", max_long_side, " alpha=", settings().alpha,
                                      " null=", models().agreement_null);
    // What the policy made flags of is part of the picture.
    for (const AnalysisFlag& flag : input.analysis.flags) {
      absl::StrAppend(&object.own_options, " flag=", flag.code);
    }
    object.version = 2;
    object.series_offset = 1;
    object.series_description = "AI pneumonia panel (RESEARCH)";
    object.derivation =
        absl::StrCat("Film and Grad-CAM of every model, with their agreement; ", kResearchOnly);
    for (const ModelResult& result : input.analysis.results) {
      object.models.push_back(Contributor(result));
    }
    return MakeSecondaryCapture(input, std::move(object), std::move(picture));
  }
};

class NoticeWriter final : public PictureWriter {
 public:
  using PictureWriter::PictureWriter;
  absl::string_view kind() const override { return "notice"; }

  int CountFor(const Analysis& analysis) const override {
    return analysis.outcome == AnalysisOutcome::kNotEligible ? 1 : 0;
  }

  absl::StatusOr<WrittenOutput> Write(const OutputInput& input, int) const override {
    const Analysis& analysis = input.analysis;
    Object object;
    object.own_options = absl::StrCat("code=", analysis.reason_code);
    object.series_offset = 2;
    object.shows_film = false;
    object.series_description = "AI pneumonia: not analysed (RESEARCH)";
    object.derivation =
        absl::StrCat("Film not analysed: ", analysis.reason_code, "; ", kResearchOnly);
    return MakeSecondaryCapture(input, std::move(object),
                                RenderNotice(analysis.reason_code, analysis.reason));
  }
};

}  // namespace

std::vector<std::unique_ptr<OutputWriter>> MakeOutputWriters(const OutputOptions& options,
                                                             const ModelSet& models) {
  std::vector<std::unique_ptr<OutputWriter>> writers;
  if (options.settings.overlays)
    writers.push_back(std::make_unique<OverlayWriter>(options, models));
  if (options.settings.panel) writers.push_back(std::make_unique<PanelWriter>(options, models));
  if (options.settings.refusal_notice)
    writers.push_back(std::make_unique<NoticeWriter>(options, models));
  return writers;
}

}  // namespace camnode
