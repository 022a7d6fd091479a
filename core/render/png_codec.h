// PNG files, behind libpng.  Nothing outside png_codec.cc sees its types.

#ifndef CAMNODE_CORE_RENDER_PNG_CODEC_H_
#define CAMNODE_CORE_RENDER_PNG_CODEC_H_

#include <cstdint>
#include <opencv2/core/mat.hpp>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace camnode {

// By the first bytes.
bool LooksLikePng(absl::string_view bytes);

// `pixels`: 8-bit gray (1 channel) or red-first colour (3 channels), not empty.
// Quick rather than small: these files live for as long as a request.
// Errors: kInvalidArgument (empty, other channels), kInternal (libpng refused).
absl::StatusOr<std::string> WritePng(const cv::Mat& pixels);

// Gray of any depth becomes 8-bit gray; palette and colour become 8-bit red-first
// colour; alpha is dropped, not blended; gamma is left alone.
// Errors: kInvalidArgument (more than `max_pixels`), kDataLoss (damaged), kInternal
// (libpng failed).  Both thread-safe.
absl::StatusOr<cv::Mat> ReadPng(absl::string_view bytes, int64_t max_pixels);

}  // namespace camnode

#endif  // CAMNODE_CORE_RENDER_PNG_CODEC_H_
