// What we take and in which encodings: one list for negotiation and uploads.

#ifndef CAMNODE_SCP_RECEIVE_PRESENTATION_CONTEXTS_H_
#define CAMNODE_SCP_RECEIVE_PRESENTATION_CONTEXTS_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "dcmtk/config/osconfig.h"
#include "dcmtk/dcmnet/assoc.h"

namespace camnode {

inline constexpr char kVerificationSopClass[] = "1.2.840.10008.1.1";

// The storage SOP classes that can be analysed: CR, DX For Presentation, Secondary
// Capture.
const std::vector<absl::string_view>& AcceptedStorageSopClasses();

// SupportedTransferSyntaxes() of core/dicom, most wanted first, with Implicit VR
// Little Endian, which every application entity must take.
const std::vector<absl::string_view>& AcceptedTransferSyntaxes();

bool IsAcceptedStorageSopClass(absl::string_view uid);
bool IsAcceptedTransferSyntax(absl::string_view uid);

// Accepts those proposed contexts that are ours, each with the most wanted of its
// transfer syntaxes, and refuses the rest.  A context for Verification gets an
// uncompressed one.
absl::Status AnswerPresentationContexts(T_ASC_Parameters* parameters);

}  // namespace camnode

#endif  // CAMNODE_SCP_RECEIVE_PRESENTATION_CONTEXTS_H_
