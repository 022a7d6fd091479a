#include "core/dicom/codecs.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/base/call_once.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/status_macros.h"
#include "core/dicom/file_meta.h"
#include "core/dicom/jpeg2000_decoder.h"
#include "core/dicom/jpeg_header.h"
#include "core/dicom/of_condition.h"
#include "core/dicom/rle_decoder.h"
#include "dcmtk/config/osconfig.h"
#include "dcmtk/dcmdata/dcdatset.h"
#include "dcmtk/dcmdata/dcdeftag.h"
#include "dcmtk/dcmdata/dcpixel.h"
#include "dcmtk/dcmdata/dcpixseq.h"
#include "dcmtk/dcmdata/dcpxitem.h"
#include "dcmtk/dcmdata/dcxfer.h"
#include "dcmtk/dcmjpeg/djdecode.h"
#include "dcmtk/dcmjpls/djdecode.h"

namespace camnode {
namespace {

constexpr absl::string_view kEndOfImage = "\xFF\xD9";

constexpr char kJpegBaseline[] = "1.2.840.10008.1.2.4.50";
constexpr char kJpegExtended[] = "1.2.840.10008.1.2.4.51";
constexpr char kJpegLossless[] = "1.2.840.10008.1.2.4.57";
constexpr char kJpegLosslessFirstOrder[] = "1.2.840.10008.1.2.4.70";
constexpr char kJpegLsLossless[] = "1.2.840.10008.1.2.4.80";
constexpr char kJpegLsNearLossless[] = "1.2.840.10008.1.2.4.81";
constexpr char kJpeg2000Lossless[] = "1.2.840.10008.1.2.4.90";
constexpr char kJpeg2000[] = "1.2.840.10008.1.2.4.91";
constexpr char kRleLossless[] = "1.2.840.10008.1.2.5";

bool IsJpegLs(absl::string_view transfer_syntax) {
  return transfer_syntax == kJpegLsLossless || transfer_syntax == kJpegLsNearLossless;
}

absl::Status CheckStream(const JpegHeader& header, const PixelFormat& format) {
  if (header.rows != format.rows || header.columns != format.columns ||
      header.components != format.samples) {
    return absl::InvalidArgumentError(
        "the size or components of the JPEG stream contradict Rows (0028,0010), Columns "
        "(0028,0011) or Samples per Pixel (0028,0002)");
  }
  if (header.precision_bits < 2 || header.precision_bits > format.bits_allocated) {
    return absl::InvalidArgumentError(
        "the precision of the JPEG stream contradicts Bits Allocated (0028,0100)");
  }
  return absl::OkStatus();
}

// Everything DCMTK's decoders ask of a data set, and nothing of the peer's own.
absl::Status FillDataset(const PixelFormat& format, int bits_allocated, DcmDataset& dataset) {
  const int bits_stored = std::min(format.bits_stored, bits_allocated);
  const auto put = [&dataset](const DcmTagKey& tag, int value) {
    return dataset.putAndInsertUint16(tag, static_cast<Uint16>(value));
  };
  OFCondition result = put(DCM_SamplesPerPixel, format.samples);
  if (result.good()) {
    result = dataset.putAndInsertString(DCM_PhotometricInterpretation, format.photometric.c_str());
  }
  if (result.good() && format.samples > 1) result = put(DCM_PlanarConfiguration, 0);
  if (result.good()) result = dataset.putAndInsertString(DCM_NumberOfFrames, "1");
  if (result.good()) result = put(DCM_Rows, format.rows);
  if (result.good()) result = put(DCM_Columns, format.columns);
  if (result.good()) result = put(DCM_BitsAllocated, bits_allocated);
  if (result.good()) result = put(DCM_BitsStored, bits_stored);
  if (result.good()) result = put(DCM_HighBit, bits_stored - 1);
  if (result.good()) result = put(DCM_PixelRepresentation, format.is_signed ? 1 : 0);
  return ToStatus(result, "pixel attributes", absl::StatusCode::kInternal);
}

// Puts the stream into `dataset` as encapsulated pixel data with one fragment.
absl::StatusOr<DcmPixelData*> InsertStream(absl::string_view transfer_syntax, std::string stream,
                                           DcmDataset& dataset) {
  if (stream.size() % 2 != 0) stream.push_back('\0');
  auto sequence = std::make_unique<DcmPixelSequence>(DcmTag(DCM_PixelData, EVR_OB));
  auto fragment = std::make_unique<DcmPixelItem>(DcmTag(DCM_PixelItemTag, EVR_OB));
  const OFCondition put = fragment->putUint8Array(reinterpret_cast<const Uint8*>(stream.data()),
                                                  static_cast<unsigned long>(stream.size()));
  CAMNODE_RETURN_IF_ERROR(ToStatus(put, "compressed pixel data", absl::StatusCode::kInternal));
  sequence->insert(new DcmPixelItem(DcmTag(DCM_PixelItemTag, EVR_OB)));  // Empty offset table.
  sequence->insert(fragment.release());
  auto pixels = std::make_unique<DcmPixelData>(DCM_PixelData);
  const std::string uid(transfer_syntax);
  pixels->putOriginalRepresentation(DcmXfer(uid.c_str()).getXfer(), nullptr, sequence.release());
  DcmPixelData* inserted = pixels.release();
  CAMNODE_RETURN_IF_ERROR(
      ToStatus(dataset.insert(inserted, OFTrue), "pixel data", absl::StatusCode::kInternal));
  return inserted;
}

// JPEG and JPEG-LS, by DCMTK.
absl::StatusOr<DecodedFrame> DecodeByDcmtk(absl::string_view transfer_syntax, std::string stream,
                                           PixelFormat format) {
  CAMNODE_ASSIGN_OR_RETURN(const JpegHeader header, ReadJpegHeader(stream));
  if (IsAlwaysLossy(transfer_syntax) && format.samples == 3) {
    if (header.colours == JpegColours::kYbr) format.photometric = "YBR_FULL_422";
    if (header.colours == JpegColours::kRgb) format.photometric = "RGB";
  }
  CAMNODE_RETURN_IF_ERROR(CheckStream(header, format));
  // Entropy-coded data never holds this marker, so without it the stream was cut;
  // DCMTK would make up the rest and only log a warning.
  if (!absl::StrContains(stream, kEndOfImage)) {
    return absl::DataLossError("the JPEG stream has no end");
  }
  RegisterCodecs();
  DecodedFrame frame;
  // DCMTK's decoders give one byte a sample up to a precision of 8, else two.
  frame.bytes_per_sample = header.precision_bits <= 8 ? 1 : 2;
  DcmDataset dataset;
  CAMNODE_RETURN_IF_ERROR(FillDataset(format, 8 * frame.bytes_per_sample, dataset));
  CAMNODE_ASSIGN_OR_RETURN(DcmPixelData* const pixels,
                           InsertStream(transfer_syntax, std::move(stream), dataset));
  const size_t bytes = static_cast<size_t>(format.Pixels()) * static_cast<size_t>(format.samples) *
                       static_cast<size_t>(frame.bytes_per_sample);
  frame.samples.resize(bytes + bytes % 2);
  Uint32 fragment = 0;
  OFString photometric;
  const OFCondition decoded =
      pixels->getUncompressedFrame(&dataset, 0, fragment, frame.samples.data(),
                                   static_cast<Uint32>(frame.samples.size()), photometric);
  CAMNODE_RETURN_IF_ERROR(
      ToStatus(decoded, IsJpegLs(transfer_syntax) ? "JPEG-LS stream" : "JPEG stream"));
  frame.photometric.assign(photometric.c_str(), photometric.length());
  return frame;
}

// YBR_RCT and YBR_ICT are undone by the JPEG 2000 decoder itself.
std::string WithoutColourTransform(const std::string& photometric) {
  return photometric == "YBR_RCT" || photometric == "YBR_ICT" ? "RGB" : photometric;
}

}  // namespace

void RegisterCodecs() {
  static absl::once_flag once;
  absl::call_once(once, [] {
    DJDecoderRegistration::registerCodecs(EDC_photometricInterpretation, EUC_default,
                                          EPC_colorByPixel);
    DJLSDecoderRegistration::registerCodecs(EJLSUC_default, EJLSPC_colorByPixel);
  });
}

const std::vector<absl::string_view>& SupportedTransferSyntaxes() {
  static const auto& supported =
      *new std::vector<absl::string_view>{kExplicitLittleEndian, kImplicitLittleEndian,
                                          kDeflatedLittleEndian, kJpegLosslessFirstOrder,
                                          kJpegLossless,         kJpegLsLossless,
                                          kRleLossless,          kJpeg2000Lossless,
                                          kJpegLsNearLossless,   kJpeg2000,
                                          kJpegBaseline,         kJpegExtended,
                                          kExplicitBigEndian};
  return supported;
}

bool IsEncapsulated(absl::string_view transfer_syntax) {
  return absl::StartsWith(transfer_syntax, "1.2.840.10008.1.2.4.") ||
         transfer_syntax == kRleLossless;
}

bool IsAlwaysLossy(absl::string_view transfer_syntax) {
  return transfer_syntax == kJpegBaseline || transfer_syntax == kJpegExtended;
}

std::string LossyMethod(absl::string_view transfer_syntax) {
  if (IsAlwaysLossy(transfer_syntax)) return "ISO_10918_1";
  if (transfer_syntax == kJpegLsNearLossless) return "ISO_14495_1";
  if (transfer_syntax == kJpeg2000) return "ISO_15444_1";
  return "";
}

absl::StatusOr<DecodedFrame> DecodeFrame(absl::string_view transfer_syntax,
                                         const std::vector<std::string>& fragments,
                                         const PixelFormat& format) {
  std::string stream = absl::StrJoin(fragments, "");
  DecodedFrame frame;
  frame.bytes_per_sample = format.bits_allocated / 8;
  frame.photometric = format.photometric;
  if (transfer_syntax == kRleLossless) {
    CAMNODE_ASSIGN_OR_RETURN(frame.samples, DecodeRleFrame(stream, format));
    return frame;
  }
  if (transfer_syntax == kJpeg2000Lossless || transfer_syntax == kJpeg2000) {
    CAMNODE_ASSIGN_OR_RETURN(frame.samples, DecodeJpeg2000Frame(stream, format));
    frame.photometric = WithoutColourTransform(format.photometric);
    return frame;
  }
  if (IsJpegLs(transfer_syntax) || IsAlwaysLossy(transfer_syntax) ||
      transfer_syntax == kJpegLossless || transfer_syntax == kJpegLosslessFirstOrder) {
    return DecodeByDcmtk(transfer_syntax, std::move(stream), format);
  }
  return absl::UnimplementedError(
      absl::StrCat("transfer syntax ", transfer_syntax, " is not supported"));
}

}  // namespace camnode
