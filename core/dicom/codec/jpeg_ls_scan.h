// Decodes the lines of one JPEG-LS scan: the LOCO-I algorithm of ISO 14495-1 annex A.

#ifndef CAMNODE_CORE_DICOM_CODEC_JPEG_LS_SCAN_H_
#define CAMNODE_CORE_DICOM_CODEC_JPEG_LS_SCAN_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/dicom/codec/jpeg_ls_bits.h"
#include "core/dicom/codec/jpeg_ls_header.h"

namespace camnode {

// What follows from the header (annex C.2.4.1.1 and A.2.1).
struct JpegLsCoding {
  int max_value = 255;
  int near = 0;
  int thresholds[3] = {3, 7, 21};
  int reset = 64;
  int range = 256;
  int range_bits = 8;  // qbpp
  int limit = 32;

  // Errors: kDataLoss if the header's values are none that the standard allows.
  static absl::StatusOr<JpegLsCoding> From(const JpegLsHeader& header);
};

class JpegLsScan {
 public:
  // Borrows `stream`.
  JpegLsScan(absl::string_view stream, const JpegLsHeader& header, const JpegLsCoding& coding);

  // Decodes the next line of every component of the scan, and the restart marker before
  // it where one is due.  line(c) then holds component c's samples.
  // Errors: kDataLoss (the data ends, or no encoder can have written it).
  absl::Status DecodeLine();
  const int* line(int component) const { return &current_[static_cast<size_t>(component)][1]; }

  // Goes behind the scan's data; the position of the marker there.
  // Errors: kDataLoss if there is none, or more data.
  absl::StatusOr<size_t> Finish();

 private:
  // Statistics of one context (annex A.2.1).
  struct Context {
    int a = 0;
    int b = 0;
    int c = 0;
    int n = 1;
  };
  using Line = std::vector<int>;  // One sample more at each end.

  void Reset();
  absl::Status Restart();
  void DecodeComponentLine(size_t component);
  void DecodePixelLine();
  int DecodeRegular(int gradient, int prediction);
  int DecodeRun(int count);
  int DecodeInterruptionError(int type);
  void EndRun();
  int DecodeMapped(int k, int limit);
  int Gradient(int difference) const;
  int ContextOf(const Line& previous, const Line& current, size_t at) const;
  int Reconstruct(int prediction, int error) const;

  const absl::string_view stream_;
  const JpegLsHeader header_;
  const JpegLsCoding coding_;
  JpegLsBits bits_;
  std::array<Context, 365> contexts_;
  std::array<Context, 2> run_contexts_;  // c counts negative errors.
  std::vector<int> run_indices_;         // Of each component.
  size_t run_ = 0;                       // Whose run index is in use.
  std::vector<int> pixel_contexts_;
  std::vector<Line> previous_;
  std::vector<Line> current_;
  int64_t lines_ = 0;
  int restarts_ = 0;
  bool damaged_ = false;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_DICOM_CODEC_JPEG_LS_SCAN_H_
