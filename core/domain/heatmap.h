// The map behind a score, as the network made it.

#ifndef CAMNODE_CORE_DOMAIN_HEATMAP_H_
#define CAMNODE_CORE_DOMAIN_HEATMAP_H_

#include <opencv2/core/mat.hpp>

namespace camnode {

// How strongly each part of one film argued for one finding.
struct Heatmap {
  // The raw positive map in score units (logits): one value, never negative, per
  // cell of the feature grid (not per film pixel).  All zeros if nothing argued
  // for the finding, which is an answer and not an error.
  cv::Mat1f values;

  // The strongest cell.  values / peak is for display only: it makes faint
  // evidence look as bold as strong.
  float peak = 0.0f;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_DOMAIN_HEATMAP_H_
