// JPEG files, behind libjpeg-turbo.  Nothing outside jpeg_decoder.cc sees its types.

#ifndef CAMNODE_CORE_RENDER_JPEG_DECODER_H_
#define CAMNODE_CORE_RENDER_JPEG_DECODER_H_

#include <cstdint>
#include <opencv2/core/mat.hpp>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace camnode {

// By the first bytes.
bool LooksLikeJpeg(absl::string_view bytes);

// Gray stays gray (1 channel); YCbCr and RGB become red-first colour (3 channels).
// A file that ends early or whose codes are wrong is refused, not filled in with
// gray.  An orientation in its EXIF data is not obeyed.
//
// Errors: kInvalidArgument (more than `max_pixels`), kUnimplemented (CMYK, 12 bits,
// more than 100 scans), kDataLoss (damaged), kInternal (libjpeg failed).  Thread-safe.
absl::StatusOr<cv::Mat> ReadJpeg(absl::string_view bytes, int64_t max_pixels);

}  // namespace camnode

#endif  // CAMNODE_CORE_RENDER_JPEG_DECODER_H_
