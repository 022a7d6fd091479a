#include "core/intake/image_header.h"

#include <algorithm>
#include <cstddef>

#include "absl/status/status.h"

namespace camnode {
namespace {

// PNG: signature (8), length (4), "IHDR" (4), width (4), height (4).
constexpr size_t kPngHeaderBytes = 24;
constexpr absl::string_view kPngStart("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16);

// JPEG (ITU-T T.81 annex B): markers are FF xx; most are followed by a length that
// counts its own two bytes.
constexpr absl::string_view kJpegStart("\xFF\xD8", 2);
constexpr size_t kSegmentHeaderBytes = 4;
constexpr size_t kFrameBytes = 5;  // Precision, height, width.

uint32_t BigEndian(absl::string_view bytes) {
  uint32_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<uint8_t>(byte);
  return value;
}

// SOF0 to SOF15 without DHT, JPG and DAC, which share the range.
bool IsFrameMarker(uint8_t marker) {
  return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

// Start of scan and end of image: no frame header will come.
bool EndsHeader(uint8_t marker) { return marker == 0xDA || marker == 0xD9; }

}  // namespace

void ImageHeaderReader::Expect(State state, size_t bytes) {
  state_ = state;
  expected_ = bytes;
  pending_.clear();
}

void ImageHeaderReader::Consume(absl::string_view bytes) {
  if (expected_ == 0) {
    expected_ = media_type_ == MediaType::kPng ? kPngHeaderBytes : kJpegStart.size();
  }
  while (!bytes.empty() && state_ != State::kDone && state_ != State::kBroken) {
    const size_t skipped = static_cast<size_t>(std::min<uint64_t>(skip_, bytes.size()));
    bytes.remove_prefix(skipped);
    skip_ -= skipped;
    const absl::string_view taken = bytes.substr(0, expected_ - pending_.size());
    pending_.append(taken.data(), taken.size());
    bytes.remove_prefix(taken.size());
    if (pending_.size() < expected_) return;

    if (state_ == State::kSignature && media_type_ == MediaType::kPng) {
      OnPng();
    } else if (state_ == State::kSignature) {
      const bool jpeg = pending_ == kJpegStart;
      Expect(jpeg ? State::kSegment : State::kBroken, kSegmentHeaderBytes);
    } else if (state_ == State::kSegment) {
      OnJpegSegment();
    } else {
      OnJpegFrame();
    }
  }
}

void ImageHeaderReader::OnPng() {
  const absl::string_view header = pending_;
  if (header.substr(0, kPngStart.size()) != kPngStart) {
    state_ = State::kBroken;
    return;
  }
  size_ = {BigEndian(header.substr(16, 4)), BigEndian(header.substr(20, 4))};
  state_ = State::kDone;
}

void ImageHeaderReader::OnJpegSegment() {
  const uint8_t marker = static_cast<uint8_t>(pending_[1]);
  if (pending_[0] != '\xFF' || EndsHeader(marker)) {
    state_ = State::kBroken;
    return;
  }
  if (marker == 0xFF) {  // Fill bytes may precede a marker.
    pending_.erase(0, 1);
    return;
  }
  const uint32_t length = BigEndian(absl::string_view(pending_).substr(2, 2));
  if (length < 2) {
    state_ = State::kBroken;
  } else if (IsFrameMarker(marker)) {
    Expect(State::kFrame, kFrameBytes);
  } else {
    skip_ = length - 2;
    Expect(State::kSegment, kSegmentHeaderBytes);
  }
}

void ImageHeaderReader::OnJpegFrame() {
  const absl::string_view frame = pending_;
  size_ = {BigEndian(frame.substr(3, 2)), BigEndian(frame.substr(1, 2))};
  state_ = State::kDone;
}

absl::StatusOr<ImageSize> ImageHeaderReader::Size() const {
  if (state_ != State::kDone) {
    return absl::InvalidArgumentError(media_type_ == MediaType::kPng
                                          ? "not a PNG, or its header is damaged"
                                          : "not a JPEG, or its header is damaged");
  }
  if (size_.width == 0 || size_.height == 0) {
    return absl::InvalidArgumentError("the image has no width or no height");
  }
  return size_;
}

}  // namespace camnode
