#include "core/dicom/codec/jpeg_ls_decoder.h"

#include <cstddef>
#include <utility>

#include "absl/status/status.h"
#include "core/base/status_macros.h"
#include "core/dicom/codec/jpeg_ls_header.h"
#include "core/dicom/codec/jpeg_ls_scan.h"

namespace camnode {
namespace {

absl::Status Damaged() { return absl::DataLossError("the JPEG-LS stream is damaged"); }

// Writes every `stride`-th sample from number `first` on.
void WriteLine(const int* line, int columns, size_t first, size_t stride, DecodedFrame& frame) {
  const auto bytes = static_cast<size_t>(frame.bytes_per_sample);
  char* out = frame.samples.data() + first * bytes;
  for (int column = 0; column < columns; ++column, out += stride * bytes) {
    out[0] = static_cast<char>(line[column] & 0xFF);
    if (bytes == 2) out[1] = static_cast<char>(line[column] >> 8 & 0xFF);
  }
}

// Decodes the scan whose header was read, which holds components from `component` on;
// returns where the next marker is.
absl::StatusOr<size_t> DecodeScan(absl::string_view stream, const JpegLsHeader& header,
                                  size_t component, DecodedFrame& frame) {
  CAMNODE_ASSIGN_OR_RETURN(const JpegLsCoding coding, JpegLsCoding::From(header));
  JpegLsScan scan(stream, header, coding);
  const auto columns = static_cast<size_t>(header.columns);
  const size_t pixels = static_cast<size_t>(header.rows) * columns;
  const size_t stride = frame.planar ? 1 : static_cast<size_t>(header.components);
  for (size_t row = 0; row < static_cast<size_t>(header.rows); ++row) {
    CAMNODE_RETURN_IF_ERROR(scan.DecodeLine());
    for (int c = 0; c < header.scan_components; ++c) {
      const size_t number = component + static_cast<size_t>(c);
      const size_t first = row * columns * stride + (frame.planar ? number * pixels : number);
      WriteLine(scan.line(c), header.columns, first, stride, frame);
    }
  }
  return scan.Finish();
}

bool IsEnd(absl::string_view stream, size_t at) {
  while (at + 1 < stream.size() && stream[at + 1] == '\xFF') ++at;  // Fill bytes.
  return stream.substr(at, 2) == "\xFF\xD9";
}

}  // namespace

absl::StatusOr<DecodedFrame> DecodeJpegLsFrame(absl::string_view stream,
                                               const PixelFormat& format) {
  JpegLsHeader header;
  CAMNODE_RETURN_IF_ERROR(ReadJpegLsScan(stream, 2, header));
  CAMNODE_RETURN_IF_ERROR(CheckStreamFormat(
      {header.rows, header.columns, header.components, header.precision_bits}, format, "JPEG-LS"));
  const JpegLsHeader first = header;
  const bool interleaved = header.interleave != JpegLsInterleave::kNone;
  DecodedFrame frame;
  frame.bytes_per_sample = header.precision_bits <= 8 ? 1 : 2;
  frame.photometric = format.photometric == "YBR_FULL_422" ? "YBR_FULL" : format.photometric;
  frame.planar = header.components > 1 && !interleaved;
  frame.samples.resize(static_cast<size_t>(format.Pixels()) *
                       static_cast<size_t>(header.components) *
                       static_cast<size_t>(frame.bytes_per_sample));
  int component = 0;
  size_t at = 0;
  while (component < first.components) {
    if (component > 0) CAMNODE_RETURN_IF_ERROR(ReadJpegLsScan(stream, at, header));
    if (header.rows != first.rows || header.columns != first.columns ||
        header.components != first.components || header.precision_bits != first.precision_bits ||
        header.interleave != first.interleave ||
        header.scan_components != (interleaved ? first.components : 1)) {
      return Damaged();
    }
    CAMNODE_ASSIGN_OR_RETURN(at, DecodeScan(stream, header, static_cast<size_t>(component), frame));
    component += header.scan_components;
  }
  return IsEnd(stream, at) ? absl::StatusOr<DecodedFrame>(std::move(frame)) : Damaged();
}

}  // namespace camnode
