// Draws maps over films.  Functions of their arguments, which they borrow: thread-safe.

#ifndef CAMNODE_CORE_RENDER_OVERLAY_RENDERER_H_
#define CAMNODE_CORE_RENDER_OVERLAY_RENDERER_H_

#include <opencv2/core/mat.hpp>
#include <string>

#include "absl/status/statusor.h"
#include "core/domain/analysis.h"

namespace camnode {

struct OverlayOptions {
  int max_long_side = 1024;  // Pixels; a smaller film is not enlarged.  0: native size.
  double alpha = 0.4;        // Opacity of the strongest cell, 0 to 1.
  bool legend = true;        // Model, probability, threshold, verdict, version, scale,
                             // research-only lines: below the film, never over it.
  std::string population;    // "trained on children aged 1-5"; from the manifest.
};

// The film in gray with the map of `result` over it.  Red first.
// Errors: kInvalidArgument (empty film or map, a map without a place on the film, alpha
// outside 0 to 1, max_long_side below 384 and not 0).
absl::StatusOr<cv::Mat3b> RenderOverlay(const cv::Mat1b& film, const ModelResult& result,
                                        const OverlayOptions& options);

// Film and the map of every model side by side, with their agreement.
// Errors: RenderOverlay's, of any model.
absl::StatusOr<cv::Mat3b> RenderPanel(const cv::Mat1b& film, const Analysis& analysis,
                                      const OverlayOptions& options);

// A plain card with the reason a film was not analysed; red first.
cv::Mat3b RenderNotice(const std::string& reason_code, const std::string& reason);

// The film with its long side at most `max_long_side` pixels, area-averaged; the film
// itself, sharing its pixels, where that is so already or `max_long_side` is 0.
cv::Mat1b ShrinkToFit(const cv::Mat1b& film, int max_long_side);

// The line every picture carries.
inline constexpr char kResearchOnly[] = "RESEARCH ONLY - NOT FOR DIAGNOSIS";

}  // namespace camnode

#endif  // CAMNODE_CORE_RENDER_OVERLAY_RENDERER_H_
