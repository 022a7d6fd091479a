#include "core/intake/upload_digest.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace camnode {
namespace {

// Preamble, "DICM", then (0002,0000) UL with length 4: how many bytes the rest of
// the file meta information has.
constexpr size_t kPreambleBytes = 128;
constexpr absl::string_view kGroupLengthStart("DICM\x02\0\0\0UL\x04\0", 12);
constexpr size_t kDecisiveBytes = kPreambleBytes + kGroupLengthStart.size() + 4;

}  // namespace

void UploadDigest::Update(absl::string_view bytes) {
  if (deciding_) {
    const absl::string_view taken = bytes.substr(0, kDecisiveBytes - start_.size());
    start_.append(taken.data(), taken.size());
    bytes.remove_prefix(taken.size());
    if (start_.size() < kDecisiveBytes) return;
    Decide();
  }
  Digest(bytes);
}

void UploadDigest::Decide() {
  deciding_ = false;
  const absl::string_view start = start_;
  if (start.substr(kPreambleBytes, kGroupLengthStart.size()) != kGroupLengthStart) {
    Digest(start);
    return;
  }
  for (size_t i = 0; i < 4; ++i) {
    skip_ |= uint64_t{static_cast<uint8_t>(start[kDecisiveBytes - 4 + i])} << (8 * i);
  }
}

void UploadDigest::Digest(absl::string_view bytes) {
  const uint64_t skipped = std::min<uint64_t>(skip_, bytes.size());
  skip_ -= skipped;
  bytes.remove_prefix(static_cast<size_t>(skipped));
  digest_.Update(bytes);
  size_bytes_ += static_cast<int64_t>(bytes.size());
}

UploadDigest::Result UploadDigest::Finish() && {
  if (deciding_) Digest(start_);  // Shorter than any header.
  return {std::move(digest_).Finish(), size_bytes_};
}

}  // namespace camnode
