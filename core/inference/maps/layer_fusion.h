// One map from the maps of several layers.
//
// As the Python package grad-cam 1.5.7 does it: each positive map is scaled to 0..1,
// (m - min) / (max - min + 1e-7), stretched bilinearly, and the mean is taken.  The
// result is a share from 0 to 1 and no longer in units of the score: layers differ in
// their units by orders of magnitude, and unscaled the largest would be all one sees.
// The package stretches to the input's pixels; here it is the finest of the grids, which
// holds all there is to see at a hundredth of the size.  (Layer-CAM's paper takes the
// maximum and lifts shallow layers by tanh; the package's mean is followed.)

#ifndef CAMNODE_CORE_INFERENCE_MAPS_LAYER_FUSION_H_
#define CAMNODE_CORE_INFERENCE_MAPS_LAYER_FUSION_H_

#include <opencv2/core/mat.hpp>
#include <vector>

namespace camnode {

// Of the finest map's size, values 0 to 1; shares no cells with `maps`.  Thread-safe.
// REQUIRES: one map or more, none empty, all values finite and not negative.
cv::Mat1f FuseLayers(const std::vector<cv::Mat1f>& maps);

}  // namespace camnode

#endif  // CAMNODE_CORE_INFERENCE_MAPS_LAYER_FUSION_H_
