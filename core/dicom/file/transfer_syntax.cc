#include "core/dicom/file/transfer_syntax.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/match.h"

namespace camnode {
namespace {

struct Named {
  absl::string_view uid;
  absl::string_view name;
};

// Not constexpr: under the undefined-behaviour sanitizer GCC 12 takes no address for constant.
const Named kNames[] = {
    {kImplicitLittleEndian, "Implicit VR Little Endian"},
    {kExplicitLittleEndian, "Explicit VR Little Endian"},
    {"1.2.840.10008.1.2.1.98", "Encapsulated Uncompressed Explicit VR Little Endian"},
    {kDeflatedLittleEndian, "Deflated Explicit VR Little Endian"},
    {kExplicitBigEndian, "Explicit VR Big Endian"},
    {kJpegBaseline, "JPEG Baseline"},
    {kJpegExtended, "JPEG Extended"},
    {"1.2.840.10008.1.2.4.52", "JPEG Extended (Process 3 & 5)"},
    {"1.2.840.10008.1.2.4.53", "JPEG Spectral Selection (Process 6 & 8)"},
    {"1.2.840.10008.1.2.4.54", "JPEG Spectral Selection (Process 7 & 9)"},
    {"1.2.840.10008.1.2.4.55", "JPEG Full Progression (Process 10 & 12)"},
    {"1.2.840.10008.1.2.4.56", "JPEG Full Progression (Process 11 & 13)"},
    {kJpegLossless, "JPEG Lossless"},
    {"1.2.840.10008.1.2.4.58", "JPEG Lossless (Process 15)"},
    {kJpegLosslessFirstOrder, "JPEG Lossless, First-Order Prediction"},
    {kJpegLsLossless, "JPEG-LS Lossless"},
    {kJpegLsNearLossless, "JPEG-LS Near-Lossless"},
    {kJpeg2000Lossless, "JPEG 2000 Lossless Only"},
    {kJpeg2000, "JPEG 2000"},
    {"1.2.840.10008.1.2.4.92", "JPEG 2000 Part 2 Lossless Only"},
    {"1.2.840.10008.1.2.4.93", "JPEG 2000 Part 2"},
    {"1.2.840.10008.1.2.4.94", "JPIP Referenced"},
    {"1.2.840.10008.1.2.4.95", "JPIP Referenced Deflate"},
    {"1.2.840.10008.1.2.4.100", "MPEG2 Main Profile / Main Level"},
    {"1.2.840.10008.1.2.4.101", "MPEG2 Main Profile / High Level"},
    {"1.2.840.10008.1.2.4.102", "MPEG-4 AVC/H.264 High Profile"},
    {"1.2.840.10008.1.2.4.103", "MPEG-4 AVC/H.264 BD-compatible High Profile"},
    {"1.2.840.10008.1.2.4.104", "MPEG-4 AVC/H.264 High Profile for 2D Video"},
    {"1.2.840.10008.1.2.4.105", "MPEG-4 AVC/H.264 High Profile for 3D Video"},
    {"1.2.840.10008.1.2.4.106", "MPEG-4 AVC/H.264 Stereo High Profile"},
    {"1.2.840.10008.1.2.4.107", "HEVC/H.265 Main Profile"},
    {"1.2.840.10008.1.2.4.108", "HEVC/H.265 Main 10 Profile"},
    {"1.2.840.10008.1.2.4.110", "JPEG XL Lossless"},
    {"1.2.840.10008.1.2.4.111", "JPEG XL JPEG Recompression"},
    {"1.2.840.10008.1.2.4.112", "JPEG XL"},
    {"1.2.840.10008.1.2.4.201", "High-Throughput JPEG 2000 Lossless Only"},
    {"1.2.840.10008.1.2.4.202", "High-Throughput JPEG 2000 with RPCL Lossless Only"},
    {"1.2.840.10008.1.2.4.203", "High-Throughput JPEG 2000"},
    {"1.2.840.10008.1.2.4.204", "JPIP HTJ2K Referenced"},
    {"1.2.840.10008.1.2.4.205", "JPIP HTJ2K Referenced Deflate"},
    {kRleLossless, "RLE Lossless"},
    {"1.2.840.10008.1.2.7.1", "SMPTE ST 2110-20 Uncompressed Progressive Active Video"},
    {"1.2.840.10008.1.2.7.2", "SMPTE ST 2110-20 Uncompressed Interlaced Active Video"},
    {"1.2.840.10008.1.2.7.3", "SMPTE ST 2110-30 PCM Digital Audio"},
    {"1.2.840.10008.1.2.8.1", "Deflated Image Frame Compression"},
};

}  // namespace

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

bool IsSupportedTransferSyntax(absl::string_view uid) {
  const auto& supported = SupportedTransferSyntaxes();
  return std::find(supported.begin(), supported.end(), uid) != supported.end();
}

absl::string_view TransferSyntaxName(absl::string_view uid) {
  const auto* const found = std::find_if(std::begin(kNames), std::end(kNames),
                                         [uid](const Named& named) { return named.uid == uid; });
  return found == std::end(kNames) ? absl::string_view() : found->name;
}

bool IsEncapsulated(absl::string_view uid) {
  return absl::StartsWith(uid, "1.2.840.10008.1.2.4.") || uid == kRleLossless;
}

bool IsAlwaysLossy(absl::string_view uid) { return uid == kJpegBaseline || uid == kJpegExtended; }

std::string LossyMethod(absl::string_view uid) {
  if (IsAlwaysLossy(uid)) return "ISO_10918_1";
  if (uid == kJpegLsNearLossless) return "ISO_14495_1";
  if (uid == kJpeg2000) return "ISO_15444_1";
  return "";
}

}  // namespace camnode
