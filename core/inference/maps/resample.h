// Reading a map between its cells, for those who compare maps of different grids.
// Thread-safe.

#ifndef CAMNODE_CORE_INFERENCE_MAPS_RESAMPLE_H_
#define CAMNODE_CORE_INFERENCE_MAPS_RESAMPLE_H_

#include <opencv2/core/mat.hpp>
#include <opencv2/core/types.hpp>

namespace camnode {

// The map's value at a point, bilinear between the centres of cells, which lie at
// halves; outside the outermost centres the edge is repeated.  x runs from 0 to cols,
// y from 0 to rows.  REQUIRES: the map is not empty.
double ValueAt(const cv::Mat1f& map, double x, double y);

// The map on another grid that covers the same area: its value at each cell's centre.
// REQUIRES: neither the map nor the grid is empty.
cv::Mat1d Resample(const cv::Mat1f& map, cv::Size grid);

}  // namespace camnode

#endif  // CAMNODE_CORE_INFERENCE_MAPS_RESAMPLE_H_
