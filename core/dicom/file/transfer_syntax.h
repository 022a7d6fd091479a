// What camnode knows of each transfer syntax (PS3.6 table A-1).

#ifndef CAMNODE_CORE_DICOM_FILE_TRANSFER_SYNTAX_H_
#define CAMNODE_CORE_DICOM_FILE_TRANSFER_SYNTAX_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace camnode {

inline constexpr char kImplicitLittleEndian[] = "1.2.840.10008.1.2";
inline constexpr char kExplicitLittleEndian[] = "1.2.840.10008.1.2.1";
inline constexpr char kDeflatedLittleEndian[] = "1.2.840.10008.1.2.1.99";
inline constexpr char kExplicitBigEndian[] = "1.2.840.10008.1.2.2";
inline constexpr char kRleLossless[] = "1.2.840.10008.1.2.5";
inline constexpr char kJpegBaseline[] = "1.2.840.10008.1.2.4.50";
inline constexpr char kJpegExtended[] = "1.2.840.10008.1.2.4.51";
inline constexpr char kJpegLossless[] = "1.2.840.10008.1.2.4.57";
inline constexpr char kJpegLosslessFirstOrder[] = "1.2.840.10008.1.2.4.70";
inline constexpr char kJpegLsLossless[] = "1.2.840.10008.1.2.4.80";
inline constexpr char kJpegLsNearLossless[] = "1.2.840.10008.1.2.4.81";
inline constexpr char kJpeg2000Lossless[] = "1.2.840.10008.1.2.4.90";
inline constexpr char kJpeg2000[] = "1.2.840.10008.1.2.4.91";

// The transfer syntaxes that ReadRadiograph can decode, most wanted first: what an
// association or an upload may come in.  Implicit VR Little Endian is among them, as
// every application entity must take it (PS3.5 section 10.1).
const std::vector<absl::string_view>& SupportedTransferSyntaxes();

bool IsSupportedTransferSyntax(absl::string_view uid);

// "JPEG Baseline", for the standard's own transfer syntaxes, whether supported or
// not; "" for others.
absl::string_view TransferSyntaxName(absl::string_view uid);

// Of a transfer syntax that ReadRadiograph can decode: is the pixel data
// encapsulated (PS3.5 annex A.4)?
bool IsEncapsulated(absl::string_view uid);

// Is what this transfer syntax holds always lossy (JPEG Baseline and Extended)?
bool IsAlwaysLossy(absl::string_view uid);

// The defined term of (0028,2114) for a transfer syntax that may be lossy; "" for
// others.
std::string LossyMethod(absl::string_view uid);

}  // namespace camnode

#endif  // CAMNODE_CORE_DICOM_FILE_TRANSFER_SYNTAX_H_
