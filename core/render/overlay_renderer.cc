#include "core/render/overlay_renderer.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/render/heatmap_blender.h"
#include "core/render/legend.h"
#include "core/render/picture_fit.h"
#include "core/render/result_text.h"

namespace camnode {
namespace {

// Of max_long_side squared; with three overlays and the panel a film's pictures
// stay below 12 MB uncompressed at the default sizes.
constexpr double kOverlayAreaShare = 0.89;

Legend MakeLegend(const ModelResult& result, const OverlayOptions& options, int capital_height) {
  Legend legend(capital_height);
  legend.AddPair(ModelTitle(result), VerdictText(result.finding), /*strong=*/true);
  legend.AddPair(ProbabilityText(result.finding), "Grad-CAM over the film", /*strong=*/false);
  legend.AddScale(result.heatmap.peak, options.alpha);
  legend.AddStrong(kResearchOnly);
  if (!options.population.empty()) legend.AddText(options.population);
  return legend;
}

// The overlay's picture when the film in it is `film` large.
cv::Size PictureSize(const cv::Size& film, const Legend& legend) {
  const int width = std::max(film.width, legend.WidthOfWidestStrongRow());
  return cv::Size(width, film.height + legend.Height(width));
}

}  // namespace

absl::StatusOr<cv::Mat3b> RenderOverlay(const cv::Mat1b& film, const ModelResult& result,
                                        const OverlayOptions& options) {
  CAMNODE_RETURN_IF_ERROR(CheckPicture(film, options));
  CAMNODE_RETURN_IF_ERROR(CheckMap(result));
  const int picture_long_side = LongSideFor(film.size(), options.max_long_side);
  const Legend legend = MakeLegend(result, options, CapitalHeight(picture_long_side));
  const PictureLimit limit = {options.max_long_side, kOverlayAreaShare};
  const cv::Size film_size = LargestFit(film.size(), [&](const cv::Size& size) {
    return limit.Allows(options.legend ? PictureSize(size, legend) : size);
  });
  const cv::Mat1b small = ResizeFilm(film, film_size);
  if (!options.legend) return BlendHeatmap(small, result.heatmap, result.placement, options.alpha);

  const cv::Size size = PictureSize(film_size, legend);
  cv::Mat3b picture(size);
  picture.setTo(kBackground);
  BlendHeatmap(small, result.heatmap, result.placement, options.alpha,
               picture(cv::Rect(cv::Point((size.width - film_size.width) / 2, 0), film_size)));
  legend.Draw(picture, cv::Rect(0, film_size.height, size.width, size.height - film_size.height));
  return picture;
}

cv::Mat3b RenderNotice(const std::string& reason_code, const std::string& reason) {
  constexpr int kWidth = 640;
  constexpr int kCapitalHeight = 14;
  Legend legend(kCapitalHeight);
  legend.AddStrong("This film was not analysed.");
  legend.AddSpace();
  legend.AddText(reason.substr(0, kMaxTextBytes));
  legend.AddText(absl::StrCat("reason code: ", reason_code.substr(0, kMaxTextBytes)));
  legend.AddSpace();
  legend.AddText("No model has looked at it; this says nothing about the patient.");
  legend.AddStrong(kResearchOnly);
  cv::Mat3b picture(legend.Height(kWidth), kWidth);
  picture.setTo(kBackground);
  legend.Draw(picture, cv::Rect(cv::Point(0, 0), picture.size()));
  return picture;
}

cv::Mat1b ShrinkToFit(const cv::Mat1b& film, int max_long_side) {
  const int long_side = std::max(film.cols, film.rows);
  if (max_long_side <= 0 || long_side <= max_long_side) return film;
  return ResizeFilm(film, ScaledToLongSide(film.size(), max_long_side));
}

}  // namespace camnode
