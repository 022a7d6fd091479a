// The colours of the heatmaps.
//
// "Plasma" (Smith and van der Walt, CC0): lightness rises evenly from dark blue
// over purple and orange to yellow, so equal steps of the map look equal, and the
// order survives every common colour blindness and a gray print.  No step of it
// is gray, so it is never mistaken for film.  Its last 8 % are left out: a thin
// layer of that lemon over bright film turns green, a hue of its own.

#ifndef CAMNODE_CORE_RENDER_COLORMAP_H_
#define CAMNODE_CORE_RENDER_COLORMAP_H_

#include <array>
#include <opencv2/core/types.hpp>

namespace camnode {

// Red first; [0] is the faintest evidence, [255] the strongest.  Lives for ever.
const std::array<cv::Vec3b, 256>& HeatColours();

}  // namespace camnode

#endif  // CAMNODE_CORE_RENDER_COLORMAP_H_
