// Maps that know nothing of the film: what a map must beat to have said anything.

#ifndef CAMNODE_CORE_TRAINING_EXPLANATION_BASELINE_MAPS_H_
#define CAMNODE_CORE_TRAINING_EXPLANATION_BASELINE_MAPS_H_

#include <cstdint>
#include <opencv2/core/mat.hpp>
#include <vector>

namespace camnode {

// A random order of a grid's cells, 1 to as many as there are: stretched over the input it
// is as smooth as any map of that grid.  The same for the same grid and seed everywhere.
cv::Mat1f RandomMap(cv::Size grid, uint64_t seed);

// A Gaussian about the middle, its deviation a quarter of each side: frontal films have
// what matters in the middle.
cv::Mat1f CentreMap(cv::Size grid);

// For each map the mean of all others, each first scaled to sum 1; a map without mass adds
// nothing.  REQUIRES: two or more, of one size.
std::vector<cv::Mat1f> MeansOfOthers(const std::vector<cv::Mat1f>& maps);

}  // namespace camnode

#endif  // CAMNODE_CORE_TRAINING_EXPLANATION_BASELINE_MAPS_H_
