#include "core/dicom/codec/jpeg_decoder.h"

#include <cstddef>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "core/base/status_macros.h"
#include "core/dicom/codec/jpeg_header.h"
#include "core/dicom/file/of_condition.h"
#include "dcmtk/config/osconfig.h"
#include "dcmtk/dcmjpeg/djcparam.h"
#include "dcmtk/dcmjpeg/djdijg12.h"
#include "dcmtk/dcmjpeg/djdijg16.h"
#include "dcmtk/dcmjpeg/djdijg8.h"

namespace camnode {
namespace {

// One of DCMTK's wrappers round the library, made to count what it would log.
template <typename Wrapper>
class CountingDecoder final : public Wrapper {
 public:
  explicit CountingDecoder(const DJCodecParameter& parameter) : Wrapper(parameter, OFFalse) {}

  void emitMessage(int level) const override {
    if (level < 0) ++warnings_;
  }
  int warnings() const { return warnings_; }

 private:
  mutable int warnings_ = 0;
};

// True if the library found nothing wrong.
template <typename Wrapper>
absl::StatusOr<bool> TryDecode(const std::string& stream, const PixelFormat& format,
                               std::string& samples) {
  // No colour conversion: the values that are stored are wanted.
  const DJCodecParameter parameter(ECC_lossyYCbCr, EDC_never, EUC_never, EPC_colorByPixel);
  CountingDecoder<Wrapper> decoder(parameter);
  CAMNODE_RETURN_IF_ERROR(ToStatus(decoder.init(), "JPEG decoder", absl::StatusCode::kInternal));
  // The interface takes a pointer to what it only reads.
  auto* const bytes = reinterpret_cast<Uint8*>(const_cast<char*>(stream.data()));
  const OFCondition decoded = decoder.decode(
      bytes, static_cast<Uint32>(stream.size()), reinterpret_cast<Uint8*>(samples.data()),
      static_cast<Uint32>(samples.size()), format.is_signed ? OFTrue : OFFalse);
  CAMNODE_RETURN_IF_ERROR(ToStatus(decoded, "JPEG stream"));
  return decoder.warnings() == 0;
}

template <typename Wrapper>
absl::Status Decode(std::string stream, const PixelFormat& format, std::string& samples) {
  CAMNODE_ASSIGN_OR_RETURN(bool whole, TryDecode<Wrapper>(stream, format, samples));
  if (!whole && RemovePadding(stream)) {
    CAMNODE_ASSIGN_OR_RETURN(whole, TryDecode<Wrapper>(stream, format, samples));
  }
  return whole ? absl::OkStatus() : absl::DataLossError("the JPEG stream is damaged");
}

// What the three components of a colour stream are.
std::string Photometric(const JpegHeader& header, const PixelFormat& format) {
  if (format.samples == 1) return format.photometric;
  if (!header.lossless && header.colours == JpegColours::kYbr) return "YBR_FULL";
  if (!header.lossless && header.colours == JpegColours::kRgb) return "RGB";
  return format.photometric == "YBR_FULL_422" ? "YBR_FULL" : format.photometric;
}

}  // namespace

absl::StatusOr<DecodedFrame> DecodeJpegFrame(absl::string_view stream, const PixelFormat& format) {
  CAMNODE_ASSIGN_OR_RETURN(const JpegHeader header, ReadJpegHeader(stream));
  CAMNODE_RETURN_IF_ERROR(CheckStreamFormat(
      {header.rows, header.columns, header.components, header.precision_bits}, format, "JPEG"));
  CAMNODE_ASSIGN_OR_RETURN(std::string tidy, TidyJpegStream(stream, header));
  DecodedFrame frame;
  frame.bytes_per_sample = header.precision_bits <= 8 ? 1 : 2;
  frame.photometric = Photometric(header, format);
  frame.samples.resize(static_cast<size_t>(format.Pixels()) * static_cast<size_t>(format.samples) *
                       static_cast<size_t>(frame.bytes_per_sample));
  if (header.precision_bits <= 8) {
    CAMNODE_RETURN_IF_ERROR(Decode<DJDecompressIJG8Bit>(std::move(tidy), format, frame.samples));
  } else if (header.precision_bits <= 12) {
    CAMNODE_RETURN_IF_ERROR(Decode<DJDecompressIJG12Bit>(std::move(tidy), format, frame.samples));
  } else {
    CAMNODE_RETURN_IF_ERROR(Decode<DJDecompressIJG16Bit>(std::move(tidy), format, frame.samples));
  }
  return frame;
}

}  // namespace camnode
