#include "core/dicom/codec/jpeg_ls_bits.h"

namespace camnode {

// Annex A.1: the highest bit of the byte behind 0xFF is a stuffed 0, so that byte counts
// for seven; where it is 1 the two are a marker.
void JpegLsBits::Fill() {
  while (valid_ <= 56 && at_ < bytes_.size()) {
    const auto byte = static_cast<unsigned char>(bytes_[at_]);
    const bool is_ff = byte == 0xFF;
    if (is_ff &&
        (at_ + 1 >= bytes_.size() || static_cast<unsigned char>(bytes_[at_ + 1]) >= 0x80)) {
      return;
    }
    const int bits = behind_ff_ ? 7 : 8;
    cache_ |= static_cast<uint64_t>(byte) << (64 - valid_ - bits);
    valid_ += bits;
    behind_ff_ = is_ff;
    ++at_;
  }
}

bool JpegLsBits::GoToMarker() {
  Fill();
  Drop(valid_ % 8);
  while (valid_ > 0) {
    if (cache_ != 0) return false;
    valid_ = 0;
    Fill();
  }
  return at_ + 1 < bytes_.size();
}

}  // namespace camnode
