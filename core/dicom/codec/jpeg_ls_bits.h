// The bits of a JPEG-LS scan (ISO 14495-1 annex A.1): behind each byte 0xFF comes one of
// seven bits, and 0xFF before a byte of 0x80 or more is a marker, which ends them.

#ifndef CAMNODE_CORE_DICOM_CODEC_JPEG_LS_BITS_H_
#define CAMNODE_CORE_DICOM_CODEC_JPEG_LS_BITS_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace camnode {

// Never reads beyond `bytes`.  Behind the last bit there are ones without end, so that
// whoever counts zeros or ones comes to an end; failed() tells.
class JpegLsBits {
 public:
  JpegLsBits(absl::string_view bytes, size_t at) : bytes_(bytes), at_(at) {}

  // `count` bits, at most 16.
  int Read(int count) {
    if (count == 0) return 0;
    if (valid_ < count) Fill();
    if (valid_ < count) {
      failed_ = true;
      return (1 << count) - 1;
    }
    const auto bits = static_cast<int>(cache_ >> (64 - count));
    Drop(count);
    return bits;
  }

  // How many zeros come before the next one, which is taken too; at most `most` + 64.
  int CountZeros(int most) {
    int zeros = 0;
    while (true) {
      if (valid_ < 16) Fill();
      if (valid_ == 0) {
        failed_ = true;
        return zeros;
      }
      if (cache_ != 0) break;
      zeros += valid_;
      valid_ = 0;
      if (zeros > most) return zeros;
    }
    const int leading = __builtin_clzll(cache_);
    Drop(leading + 1);
    return zeros + leading;
  }

  // Goes to the marker that ends these bits, over padding: the rest of a byte, and zeros.
  // False if there is no marker, or more than padding before it.
  bool GoToMarker();

  size_t position() const { return at_; }
  bool failed() const { return failed_; }

 private:
  void Drop(int count) {
    cache_ = count >= 64 ? 0 : cache_ << count;
    valid_ -= count;
  }
  void Fill();

  absl::string_view bytes_;
  size_t at_;
  uint64_t cache_ = 0;  // The next bits, from the highest on; zeros behind them.
  int valid_ = 0;
  bool behind_ff_ = false;
  bool failed_ = false;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_DICOM_CODEC_JPEG_LS_BITS_H_
