#include "services/api/overlay_request.h"

#include <cstdint>
#include <opencv2/core/mat.hpp>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/domain/analysis.h"
#include "core/render/image_codec.h"
#include "core/render/overlay_renderer.h"
#include "services/api/grpc_status.h"

namespace camnode {
namespace {

// The worker caps the raster far below these.
constexpr int64_t kMaxRasterBytes = int64_t{64} << 20;
constexpr int64_t kMaxRasterPixels = 32'000'000;

absl::StatusOr<cv::Mat1b> ReadRaster(const Analysis& analysis, const BlobStore& blobs) {
  if (analysis.display_blob_id.empty()) {
    return WithReason(absl::FailedPreconditionError("the analysis kept no picture of the film"),
                      "NO_DISPLAY_RASTER");
  }
  CAMNODE_ASSIGN_OR_RETURN(const std::string png,
                           blobs.ReadAll(analysis.display_blob_id, kMaxRasterBytes));
  const absl::StatusOr<cv::Mat> raster = DecodeImage(png, kMaxRasterPixels);
  // The file is ours: whatever is wrong with it is not the caller's fault.
  if (!raster.ok() || raster->type() != CV_8UC1) {
    return absl::InternalError(absl::StrCat("display raster: ", raster.status().message()));
  }
  return cv::Mat1b(*raster);
}

std::string PopulationOf(const std::map<std::string, std::string>& populations,
                         const std::string& model) {
  const auto found = populations.find(model);
  return found == populations.end() ? "" : found->second;
}

const ModelResult* FindResult(const Analysis& analysis, const std::string& model) {
  for (const ModelResult& result : analysis.results) {
    if (result.model == model) return &result;
  }
  return nullptr;
}

}  // namespace

absl::StatusOr<std::string> RenderStoredOverlay(
    const StoredAnalysis& stored, const OverlayRequest& request, const BlobStore& blobs,
    const std::map<std::string, std::string>& populations) {
  const Analysis& analysis = stored.analysis;
  // Written so that NaN fails, too.
  if (!(request.alpha >= 0.0 && request.alpha <= 1.0)) {
    return FieldError("alpha", "is not between 0 and 1");
  }
  if (analysis.outcome != AnalysisOutcome::kAnalyzed || analysis.results.empty()) {
    return WithReason(
        absl::FailedPreconditionError(absl::StrCat("the film was not analysed: ", analysis.reason)),
        "NOT_ELIGIBLE");
  }
  const ModelResult* result =
      request.model.empty() ? &analysis.results.front() : FindResult(analysis, request.model);
  if (result == nullptr) return FieldError("model", "is none of the analysis's models");
  CAMNODE_ASSIGN_OR_RETURN(const cv::Mat1b film, ReadRaster(analysis, blobs));

  OverlayOptions options;
  options.alpha = request.alpha;
  options.population = PopulationOf(populations, result->model);
  absl::StatusOr<cv::Mat3b> picture = absl::InternalError("not rendered");
  if (request.model.empty()) {
    options.max_long_side = 1536;
    picture = RenderPanel(film, analysis, options);
  } else {
    picture = RenderOverlay(film, *result, options);
  }
  if (!picture.ok()) return absl::InternalError(picture.status().message());
  return EncodePng(*picture);
}

}  // namespace camnode
