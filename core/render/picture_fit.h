// How large a film may be drawn so that the whole picture keeps its limits.  Sizes are in
// pixels; functions of their arguments: thread-safe.

#ifndef CAMNODE_CORE_RENDER_PICTURE_FIT_H_
#define CAMNODE_CORE_RENDER_PICTURE_FIT_H_

#include <opencv2/core/mat.hpp>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "core/domain/analysis.h"
#include "core/render/overlay_renderer.h"

namespace camnode {

// Below this the legend would be larger than the film.
inline constexpr int kMinLongSide = 384;

struct PictureLimit {
  int max_long_side = 0;    // 0: no limit at all.
  double area_share = 1.0;  // Of max_long_side squared.

  bool Allows(const cv::Size& picture) const;
};

// `film` with its long side `long_side`, the short one rounded, at least 1.
cv::Size ScaledToLongSide(const cv::Size& film, int long_side);

// The largest size of the film, never above its own, that `fits`; 1 pixel if
// none does.  `fits` must be true for all sizes below one that fits, nearly.
cv::Size LargestFit(const cv::Size& film, absl::FunctionRef<bool(const cv::Size&)> fits);

// Averages areas; the film itself if `size` is its own.
cv::Mat1b ResizeFilm(const cv::Mat1b& film, const cv::Size& size);

// The long side a picture of this film will have, about.
int LongSideFor(const cv::Size& film, int max_long_side);

// Height of the legend's capitals for a picture that large: about 12 pixels at
// 1,024, so that it reads the same on every screen; never below 10.
int CapitalHeight(int picture_long_side);

// Whether they can be drawn.  Errors: kInvalidArgument, as in overlay_renderer.h.
absl::Status CheckPicture(const cv::Mat1b& film, const OverlayOptions& options);
absl::Status CheckMap(const ModelResult& result);

}  // namespace camnode

#endif  // CAMNODE_CORE_RENDER_PICTURE_FIT_H_
