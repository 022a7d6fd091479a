// PNG and JPEG files to and from matrices, in memory.  Functions of their arguments,
// which they borrow: thread-safe.

#ifndef CAMNODE_CORE_RENDER_IMAGE_CODEC_H_
#define CAMNODE_CORE_RENDER_IMAGE_CODEC_H_

#include <cstdint>
#include <opencv2/core/mat.hpp>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/domain/radiograph.h"

namespace camnode {

// Errors: kInvalidArgument (empty), kInternal (libpng failed).
absl::StatusOr<std::string> EncodePng(const cv::Mat1b& gray);
absl::StatusOr<std::string> EncodePng(const cv::Mat3b& rgb);

// Decodes PNG or JPEG, told apart by their first bytes, after checking the size in
// the header against `max_pixels`.  Gray stays gray, colour is red first (3
// channels), alpha is dropped, 16 bits become 8.
// Errors: kInvalidArgument (neither PNG nor JPEG; too large), kUnimplemented (a JPEG of a
// kind that jpeg_decoder.h names), kDataLoss (damaged), kInternal (a library failed).
absl::StatusOr<cv::Mat> DecodeImage(absl::string_view bytes, int64_t max_pixels);

// A film that came as an ordinary picture: gray, no modality values.
// Errors: DecodeImage's.
absl::StatusOr<Radiograph> DecodePicture(absl::string_view bytes, int64_t max_pixels);

}  // namespace camnode

#endif  // CAMNODE_CORE_RENDER_IMAGE_CODEC_H_
