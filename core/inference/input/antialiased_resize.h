// The resize of every film: Pillow's antialiased bilinear filter on 8 bits, in whole
// numbers and to the bit as LibTorch 2.11's _upsample_bilinear2d_aa has it, which
// widens a gray film to four channels first.

#ifndef CAMNODE_CORE_INFERENCE_INPUT_ANTIALIASED_RESIZE_H_
#define CAMNODE_CORE_INFERENCE_INPUT_ANTIALIASED_RESIZE_H_

#include <opencv2/core/mat.hpp>

namespace camnode {

// Columns first, rounded to 8 bits, then rows.  Shrinking averages with a triangle as
// wide as two pixels of the result, enlarging is bilinear.  The same pixels on every
// processor; thread-safe.  The result is continuous and shares no pixels
// with `gray`.
// REQUIRES: neither `gray` nor `size` is empty.
cv::Mat1b AntialiasedResize(const cv::Mat1b& gray, const cv::Size& size);

}  // namespace camnode

#endif  // CAMNODE_CORE_INFERENCE_INPUT_ANTIALIASED_RESIZE_H_
