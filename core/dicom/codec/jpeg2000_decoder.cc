#include "core/dicom/codec/jpeg2000_decoder.h"

#include <openjpeg.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "core/base/status_macros.h"
#include "core/dicom/codec/jpeg2000_header.h"

namespace camnode {
namespace {

struct CodecDeleter {
  void operator()(opj_codec_t* codec) const { opj_destroy_codec(codec); }
};
struct StreamDeleter {
  void operator()(opj_stream_t* stream) const { opj_stream_destroy(stream); }
};
struct ImageDeleter {
  void operator()(opj_image_t* image) const { opj_image_destroy(image); }
};

// What OpenJPEG reads from.
struct MemoryStream {
  absl::string_view bytes;
  size_t position = 0;
};

OPJ_SIZE_T ReadStream(void* buffer, OPJ_SIZE_T size, void* data) {
  auto& stream = *static_cast<MemoryStream*>(data);
  const size_t count = std::min<size_t>(size, stream.bytes.size() - stream.position);
  if (count == 0) return static_cast<OPJ_SIZE_T>(-1);
  std::memcpy(buffer, stream.bytes.data() + stream.position, count);
  stream.position += count;
  return count;
}

OPJ_OFF_T SkipStream(OPJ_OFF_T size, void* data) {
  auto& stream = *static_cast<MemoryStream*>(data);
  if (size < 0) return -1;
  const size_t left = stream.bytes.size() - stream.position;
  const size_t count = std::min<size_t>(static_cast<size_t>(size), left);
  stream.position += count;
  return count == 0 && size > 0 ? -1 : static_cast<OPJ_OFF_T>(count);
}

OPJ_BOOL SeekStream(OPJ_OFF_T position, void* data) {
  auto& stream = *static_cast<MemoryStream*>(data);
  if (position < 0 || static_cast<size_t>(position) > stream.bytes.size()) return OPJ_FALSE;
  stream.position = static_cast<size_t>(position);
  return OPJ_TRUE;
}

void Ignore(const char*, void*) {}

absl::Status Damaged() { return absl::DataLossError("the JPEG 2000 stream is damaged"); }

// OpenJPEG mends what it can and warns of it; these warnings mean that pixels are
// missing or made up.  Others tell of headers that real encoders get wrong.
void OnWarning(const char* message, void* data) {
  constexpr absl::string_view kHarmless[] = {
      "SOT marker inconsistency",
      "Unknown marker",
      "Isot Psot",
      "Empty SOT marker",
      "TPsot==TNsot",
      "Psot value of the current tile-part is equal to zero"};
  for (const absl::string_view harmless : kHarmless) {
    if (absl::StrContains(message, harmless)) return;
  }
  *static_cast<bool*>(data) = true;
}

// The range of a component's values that fits into bits_stored bits.  Lossy streams
// of more precision overshoot; cutting off the upper bits would turn white to black.
std::pair<int32_t, int32_t> StoredRange(const opj_image_comp_t& component,
                                        const PixelFormat& format) {
  const int32_t span = int32_t{1} << format.bits_stored;
  if (component.sgnd != 0) return {-span / 2, span / 2 - 1};
  return {0, span - 1};
}

// Two's complement in bits_allocated bits; the reader takes the stored bits.
absl::StatusOr<DecodedFrame> Interleave(const opj_image_t& image, const PixelFormat& format) {
  const size_t pixels = static_cast<size_t>(format.Pixels());
  const size_t components = image.numcomps;
  DecodedFrame frame;
  frame.bytes_per_sample = format.bits_allocated / 8;
  const auto bytes = static_cast<size_t>(frame.bytes_per_sample);
  frame.samples.resize(pixels * components * bytes);
  for (size_t c = 0; c < components; ++c) {
    const opj_image_comp_t& component = image.comps[c];
    if (component.data == nullptr || component.w != static_cast<OPJ_UINT32>(format.columns) ||
        component.h != static_cast<OPJ_UINT32>(format.rows)) {
      return Damaged();
    }
    const auto [low, high] = StoredRange(component, format);
    char* out = frame.samples.data() + c * bytes;
    for (size_t i = 0; i < pixels; ++i, out += components * bytes) {
      const auto value = static_cast<uint32_t>(std::clamp(component.data[i], low, high));
      out[0] = static_cast<char>(value & 0xff);
      if (bytes == 2) out[1] = static_cast<char>(value >> 8 & 0xff);
    }
  }
  const bool undone = format.photometric == "YBR_RCT" || format.photometric == "YBR_ICT";
  frame.photometric = undone ? "RGB" : format.photometric;
  return frame;
}

using Codec = std::unique_ptr<opj_codec_t, CodecDeleter>;
using Stream = std::unique_ptr<opj_stream_t, StreamDeleter>;

bool SetUp(opj_codec_t* codec, opj_stream_t* stream, const PixelFormat& format,
           MemoryStream& memory, bool& warned) {
  opj_stream_set_user_data(stream, &memory, nullptr);
  opj_stream_set_user_data_length(stream, memory.bytes.size());
  opj_stream_set_read_function(stream, ReadStream);
  opj_stream_set_skip_function(stream, SkipStream);
  opj_stream_set_seek_function(stream, SeekStream);
  opj_set_info_handler(codec, Ignore, nullptr);
  opj_set_warning_handler(codec, OnWarning, &warned);
  opj_set_error_handler(codec, Ignore, nullptr);
  opj_dparameters_t parameters;
  opj_set_default_decoder_parameters(&parameters);
  if (!opj_setup_decoder(codec, &parameters)) return false;
  // A small frame is decoded before threads have started.
  if (opj_has_thread_support() && format.Pixels() > 500'000) {
    const unsigned threads = std::min(4u, std::thread::hardware_concurrency());
    if (threads > 1) opj_codec_set_threads(codec, static_cast<int>(threads));
  }
  return true;
}

}  // namespace

absl::StatusOr<DecodedFrame> DecodeJpeg2000Frame(absl::string_view stream,
                                                 const PixelFormat& format) {
  MemoryStream memory;
  CAMNODE_ASSIGN_OR_RETURN(memory.bytes, FindCodestream(stream));
  CAMNODE_ASSIGN_OR_RETURN(const Jpeg2000Header header, ReadJpeg2000Header(memory.bytes));
  CAMNODE_RETURN_IF_ERROR(
      CheckStreamFormat({header.rows, header.columns, header.components, header.precision_bits},
                        format, "JPEG 2000"));
  if (header.subsampled) return absl::UnimplementedError("subsampled JPEG 2000 is not supported");
  CAMNODE_RETURN_IF_ERROR(CheckTilesAreThere(memory.bytes, header));

  bool warned = false;
  const Codec codec(opj_create_decompress(OPJ_CODEC_J2K));
  const Stream source(opj_stream_default_create(OPJ_TRUE));
  if (!codec || !source) return absl::ResourceExhaustedError("no memory for JPEG 2000");
  if (!SetUp(codec.get(), source.get(), format, memory, warned)) return Damaged();
  opj_image_t* raw = nullptr;
  const bool header_read = opj_read_header(source.get(), codec.get(), &raw) == OPJ_TRUE;
  const std::unique_ptr<opj_image_t, ImageDeleter> image(raw);
  if (!header_read || !image || image->numcomps != static_cast<OPJ_UINT32>(format.samples) ||
      !opj_decode(codec.get(), source.get(), image.get()) ||
      !opj_end_decompress(codec.get(), source.get()) || warned) {
    return Damaged();
  }
  return Interleave(*image, format);
}

}  // namespace camnode
