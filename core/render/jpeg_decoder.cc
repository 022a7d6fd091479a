// As in png_codec.cc: libjpeg's errors come by longjmp, so the calls that may fail
// sit in small functions that own nothing.

#include "core/render/jpeg_decoder.h"

#include <jerror.h>
#include <jpeglib.h>

#include <csetjmp>
#include <cstddef>
#include <cstdio>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace camnode {
namespace {

// A progressive film has about ten scans; thousands of empty ones are an attack
// on the processor's time.
constexpr int kMaxScans = 100;

struct ErrorState {
  jpeg_error_mgr manager;  // First: libjpeg holds a pointer to it.
  jmp_buf jump;
  bool damaged;  // A warning that says data is missing or wrong.
  char text[JMSG_LENGTH_MAX];
};

struct Progress {
  jpeg_progress_mgr manager;  // First, likewise.
  bool too_many_scans;
};

ErrorState& ErrorsOf(j_common_ptr jpeg) { return *reinterpret_cast<ErrorState*>(jpeg->err); }

void OnError(j_common_ptr jpeg) {
  ErrorState& errors = ErrorsOf(jpeg);
  jpeg->err->format_message(jpeg, errors.text);
  longjmp(errors.jump, 1);
}

// Level -1 is a warning.  These three are harmless: bytes between segments, and
// version numbers we do not need.
void OnMessage(j_common_ptr jpeg, int level) {
  if (level >= 0) return;
  const int code = jpeg->err->msg_code;
  if (code == JWRN_EXTRANEOUS_DATA || code == JWRN_JFIF_MAJOR || code == JWRN_ADOBE_XFORM) return;
  ErrorState& errors = ErrorsOf(jpeg);
  if (!errors.damaged) jpeg->err->format_message(jpeg, errors.text);
  errors.damaged = true;
}

void OnOutput(j_common_ptr) {}

void OnProgress(j_common_ptr jpeg) {
  if (reinterpret_cast<j_decompress_ptr>(jpeg)->input_scan_number <= kMaxScans) return;
  reinterpret_cast<Progress*>(jpeg->progress)->too_many_scans = true;
  longjmp(ErrorsOf(jpeg).jump, 1);
}

bool TryReadHeader(j_decompress_ptr jpeg, ErrorState* errors, const unsigned char* bytes,
                   unsigned long size) {
  if (setjmp(errors->jump) != 0) return false;
  jpeg_create_decompress(jpeg);
  jpeg_mem_src(jpeg, bytes, size);
  jpeg_read_header(jpeg, TRUE);
  return true;
}

bool TryStart(j_decompress_ptr jpeg, ErrorState* errors) {
  if (setjmp(errors->jump) != 0) return false;
  jpeg->out_color_space = jpeg->num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_start_decompress(jpeg);
  return true;
}

bool TryReadRows(j_decompress_ptr jpeg, ErrorState* errors, unsigned char* pixels, size_t stride) {
  if (setjmp(errors->jump) != 0) return false;
  while (jpeg->output_scanline < jpeg->output_height) {
    JSAMPROW row = pixels + stride * jpeg->output_scanline;
    jpeg_read_scanlines(jpeg, &row, 1);
  }
  jpeg_finish_decompress(jpeg);
  return true;
}

// One file being decoded.
class Decoder {
 public:
  Decoder() : jpeg_(), errors_(), progress_() {
    jpeg_.err = jpeg_std_error(&errors_.manager);
    errors_.manager.error_exit = OnError;
    errors_.manager.emit_message = OnMessage;
    errors_.manager.output_message = OnOutput;
    progress_.manager.progress_monitor = OnProgress;
  }
  ~Decoder() { jpeg_destroy_decompress(&jpeg_); }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  absl::StatusOr<cv::Mat> Decode(absl::string_view bytes, int64_t max_pixels) {
    if (!TryReadHeader(&jpeg_, &errors_, reinterpret_cast<const unsigned char*>(bytes.data()),
                       bytes.size())) {
      return Failure();
    }
    // Only now: creating the decoder clears this field.
    jpeg_.progress = &progress_.manager;
    if (absl::Status status = CheckHeader(max_pixels); !status.ok()) return status;
    if (!TryStart(&jpeg_, &errors_)) return Failure();
    if (jpeg_.output_components != 1 && jpeg_.output_components != 3) {
      return absl::InternalError("libjpeg gave neither gray nor colour");
    }
    cv::Mat pixels(static_cast<int>(jpeg_.output_height), static_cast<int>(jpeg_.output_width),
                   CV_8UC(jpeg_.output_components));
    if (!TryReadRows(&jpeg_, &errors_, pixels.data, pixels.step[0]) || errors_.damaged) {
      return Failure();
    }
    return pixels;
  }

 private:
  absl::Status CheckHeader(int64_t max_pixels) const {
    if (int64_t{jpeg_.image_width} * int64_t{jpeg_.image_height} > max_pixels) {
      return absl::InvalidArgumentError(absl::StrCat("picture is ", jpeg_.image_width, " x ",
                                                     jpeg_.image_height, " pixels; at most ",
                                                     max_pixels, " in all are taken"));
    }
    const J_COLOR_SPACE space = jpeg_.jpeg_color_space;
    if (space != JCS_GRAYSCALE && space != JCS_YCbCr && space != JCS_RGB) {
      return absl::UnimplementedError("JPEG is neither gray nor RGB (CMYK, perhaps)");
    }
    return absl::OkStatus();
  }

  absl::Status Failure() const {
    if (progress_.too_many_scans) {
      return absl::UnimplementedError(absl::StrCat("JPEG has more than ", kMaxScans, " scans"));
    }
    if (errors_.manager.msg_code == JERR_BAD_PRECISION) {
      return absl::UnimplementedError("JPEG does not have 8 bits per sample");
    }
    return absl::DataLossError(absl::StrCat("JPEG is damaged: ", errors_.text));
  }

  jpeg_decompress_struct jpeg_;
  ErrorState errors_;
  Progress progress_;
};

}  // namespace

bool LooksLikeJpeg(absl::string_view bytes) {
  return bytes.size() >= 3 && bytes.substr(0, 3) == "\xff\xd8\xff";
}

absl::StatusOr<cv::Mat> ReadJpeg(absl::string_view bytes, int64_t max_pixels) {
  Decoder decoder;
  return decoder.Decode(bytes, max_pixels);
}

}  // namespace camnode
