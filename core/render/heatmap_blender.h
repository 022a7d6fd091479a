// Lays a map from the feature grid over film pixels.  Functions of their arguments,
// which they borrow: thread-safe, and the same pixels on every machine.

#ifndef CAMNODE_CORE_RENDER_HEATMAP_BLENDER_H_
#define CAMNODE_CORE_RENDER_HEATMAP_BLENDER_H_

#include <opencv2/core/mat.hpp>

#include "core/domain/heatmap.h"
#include "core/domain/placement.h"

namespace camnode {

// `film` may be the film of `placement` at any scale.  A cell's value belongs to
// the cell's centre; between centres it is bilinear, beyond the outermost centres
// it stays as it is, and outside placement.region it is 0.
//
// With v = value / peak at a pixel, the result there is
//   film + alpha * v * (colour(v) - film),
// so the strongest place is covered to `alpha` and where the map is 0 the film's
// own gray is left exactly as it was.  Red first.
//
// REQUIRES: film and map are not empty, region and placement.film have an area,
// alpha is 0 to 1.
cv::Mat3b BlendHeatmap(const cv::Mat1b& film, const Heatmap& heatmap, const Placement& placement,
                       double alpha);

// The same, into `picture`, which is as large as the film and may be a part of another.
void BlendHeatmap(const cv::Mat1b& film, const Heatmap& heatmap, const Placement& placement,
                  double alpha, cv::Mat3b picture);

// Gray as red-first colour.
cv::Mat3b GrayToColour(const cv::Mat1b& gray);

}  // namespace camnode

#endif  // CAMNODE_CORE_RENDER_HEATMAP_BLENDER_H_
