// A decoded film: the pixels, and what the networks need to know about them.

#ifndef CAMNODE_CORE_DOMAIN_RADIOGRAPH_H_
#define CAMNODE_CORE_DOMAIN_RADIOGRAPH_H_

#include <opencv2/core/mat.hpp>

namespace camnode {

struct Radiograph {
  // The film as a reader sees it: modality transformation, the file's own VOI
  // (first window or LUT, percentiles when it says nothing), presentation shape;
  // 0 is black, bone and pneumonia are bright.  Colour input is gray by luma.
  cv::Mat1b presentation;

  // Values after the modality transformation only: no VOI, MONOCHROME1 not
  // inverted.  For the old tool's fixed window.  Empty when the source is an
  // ordinary 8-bit picture (PNG, JPEG), which that tool took as it was.
  cv::Mat1f modality_values;

  // Not 0 where the film holds no image: padding, or what the display shutter
  // covers; presentation is the background there.  Empty: image everywhere.
  cv::Mat1b background;

  // Largest difference between colour channels over the film, 0 to 255, at the
  // 99th percentile of pixels: far from 0 for a colour photograph.
  int colour_spread = 0;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_DOMAIN_RADIOGRAPH_H_
