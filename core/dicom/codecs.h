// The decoders for compressed pixel data.

#ifndef CAMNODE_CORE_DICOM_CODECS_H_
#define CAMNODE_CORE_DICOM_CODECS_H_

#include <vector>

#include "absl/strings/string_view.h"

namespace camnode {

// Registers DCMTK's JPEG, JPEG-LS and RLE decoders and ours for the process, once.
// Every function of this folder that decodes calls it; calling it again costs
// nothing.  Thread-safe.
void RegisterCodecs();

// The transfer syntaxes that ReadRadiograph can decode, most wanted first: what
// the storage SCP offers to take.
const std::vector<absl::string_view>& SupportedTransferSyntaxes();

}  // namespace camnode

#endif  // CAMNODE_CORE_DICOM_CODECS_H_
