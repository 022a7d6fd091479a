#include "core/dicom/jpeg2000_decoder.h"

#include <openjpeg.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <thread>
#include <utility>

#include "absl/strings/match.h"
#include "core/base/status_macros.h"

namespace camnode {
namespace {

constexpr absl::string_view kJp2Signature("\0\0\0\x0CjP  ", 8);

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

absl::Status CheckImage(const opj_image_t& image, const PixelFormat& format) {
  if (image.numcomps != static_cast<OPJ_UINT32>(format.samples) ||
      image.x1 - image.x0 != static_cast<OPJ_UINT32>(format.columns) ||
      image.y1 - image.y0 != static_cast<OPJ_UINT32>(format.rows)) {
    return absl::InvalidArgumentError(
        "the size or components of the JPEG 2000 stream contradict Rows (0028,0010), Columns "
        "(0028,0011) or Samples per Pixel (0028,0002)");
  }
  for (OPJ_UINT32 i = 0; i < image.numcomps; ++i) {
    const opj_image_comp_t& component = image.comps[i];
    if (component.dx != 1 || component.dy != 1) {
      return absl::UnimplementedError("subsampled JPEG 2000 is not supported");
    }
    if (component.prec < 1 || component.prec > 16) {
      return absl::UnimplementedError("JPEG 2000 of more than 16 bits is not supported");
    }
    if (component.prec > static_cast<OPJ_UINT32>(format.bits_allocated)) {
      return absl::InvalidArgumentError(
          "the precision of the JPEG 2000 stream contradicts Bits Allocated (0028,0100)");
    }
  }
  return absl::OkStatus();
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
absl::StatusOr<std::string> Interleave(const opj_image_t& image, const PixelFormat& format) {
  const size_t pixels = static_cast<size_t>(format.Pixels());
  const size_t components = image.numcomps;
  const size_t bytes = static_cast<size_t>(format.bits_allocated) / 8;
  std::string samples(pixels * components * bytes, '\0');
  for (size_t c = 0; c < components; ++c) {
    const opj_image_comp_t& component = image.comps[c];
    if (component.data == nullptr || component.w != static_cast<OPJ_UINT32>(format.columns) ||
        component.h != static_cast<OPJ_UINT32>(format.rows)) {
      return absl::DataLossError("the JPEG 2000 stream is damaged");
    }
    const auto [low, high] = StoredRange(component, format);
    char* out = samples.data() + c * bytes;
    for (size_t i = 0; i < pixels; ++i, out += components * bytes) {
      const auto value = static_cast<uint32_t>(std::clamp(component.data[i], low, high));
      out[0] = static_cast<char>(value & 0xff);
      if (bytes == 2) out[1] = static_cast<char>(value >> 8 & 0xff);
    }
  }
  return samples;
}

}  // namespace

absl::StatusOr<std::string> DecodeJpeg2000Frame(absl::string_view frame,
                                                const PixelFormat& format) {
  const absl::Status damaged = absl::DataLossError("the JPEG 2000 stream is damaged");
  const bool jp2 = absl::StartsWith(frame, kJp2Signature);
  const std::unique_ptr<opj_codec_t, CodecDeleter> codec(
      opj_create_decompress(jp2 ? OPJ_CODEC_JP2 : OPJ_CODEC_J2K));
  const std::unique_ptr<opj_stream_t, StreamDeleter> stream(opj_stream_default_create(OPJ_TRUE));
  if (!codec || !stream) return absl::ResourceExhaustedError("no memory for JPEG 2000");
  MemoryStream memory;
  memory.bytes = frame;
  opj_stream_set_user_data(stream.get(), &memory, nullptr);
  opj_stream_set_user_data_length(stream.get(), frame.size());
  opj_stream_set_read_function(stream.get(), ReadStream);
  opj_stream_set_skip_function(stream.get(), SkipStream);
  opj_stream_set_seek_function(stream.get(), SeekStream);
  opj_set_info_handler(codec.get(), Ignore, nullptr);
  opj_set_warning_handler(codec.get(), Ignore, nullptr);
  opj_set_error_handler(codec.get(), Ignore, nullptr);

  opj_dparameters_t parameters;
  opj_set_default_decoder_parameters(&parameters);
  if (!opj_setup_decoder(codec.get(), &parameters)) return damaged;
  if (opj_has_thread_support()) {
    const unsigned threads = std::min(4u, std::thread::hardware_concurrency());
    if (threads > 1) opj_codec_set_threads(codec.get(), static_cast<int>(threads));
  }
  opj_image_t* raw = nullptr;
  const bool header_read = opj_read_header(stream.get(), codec.get(), &raw) == OPJ_TRUE;
  const std::unique_ptr<opj_image_t, ImageDeleter> image(raw);
  if (!header_read || !image) return damaged;
  CAMNODE_RETURN_IF_ERROR(CheckImage(*image, format));
  if (!opj_decode(codec.get(), stream.get(), image.get()) ||
      !opj_end_decompress(codec.get(), stream.get())) {
    return damaged;
  }
  return Interleave(*image, format);
}

}  // namespace camnode
