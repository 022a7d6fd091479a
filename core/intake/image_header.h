// How large is a PNG or JPEG, by its header alone?

#ifndef CAMNODE_CORE_INTAKE_IMAGE_HEADER_H_
#define CAMNODE_CORE_INTAKE_IMAGE_HEADER_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/domain/instance.h"

namespace camnode {

struct ImageSize {
  int64_t width = 0;
  int64_t height = 0;
};

// Follows the bytes of an upload until they say how large the image is; keeps 32
// of them at most.  Used by one thread.
class ImageHeaderReader {
 public:
  // REQUIRES: media_type is kPng or kJpeg.
  explicit ImageHeaderReader(MediaType media_type) : media_type_(media_type) {}

  // The next bytes, cut anywhere.
  void Consume(absl::string_view bytes);

  // After the last byte.
  // Errors: kInvalidArgument if the bytes are not of the media type, end before
  // the size is known, or give a size of zero.
  absl::StatusOr<ImageSize> Size() const;

 private:
  enum class State { kSignature, kSegment, kFrame, kDone, kBroken };

  void OnPng();
  void OnJpegSegment();
  void OnJpegFrame();
  void Expect(State state, size_t bytes);

  const MediaType media_type_;
  State state_ = State::kSignature;
  std::string pending_;
  size_t expected_ = 0;  // Bytes of pending_ that the state waits for.
  uint64_t skip_ = 0;    // Bytes to pass by first.
  ImageSize size_;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_INTAKE_IMAGE_HEADER_H_
