// Where the network's square input lay on the film.

#ifndef CAMNODE_CORE_DOMAIN_PLACEMENT_H_
#define CAMNODE_CORE_DOMAIN_PLACEMENT_H_

#include <opencv2/core/types.hpp>

namespace camnode {

// A feature grid of any size covers exactly `region`, so cell (row, column) of an
// R x C grid covers region.width / C by region.height / R film pixels.
struct Placement {
  cv::Size film;      // Film size in pixels.
  cv::Rect2d region;  // In film pixels; the whole film when it is squashed to a
                      // square, larger than the film when it is letterboxed.
};

}  // namespace camnode

#endif  // CAMNODE_CORE_DOMAIN_PLACEMENT_H_
