// What we take and in which encodings, as an association negotiates it.

#ifndef CAMNODE_SCP_RECEIVE_PRESENTATION_CONTEXTS_H_
#define CAMNODE_SCP_RECEIVE_PRESENTATION_CONTEXTS_H_

#include "absl/status/status.h"
#include "dcmtk/config/osconfig.h"
#include "dcmtk/dcmnet/assoc.h"

namespace camnode {

inline constexpr char kVerificationSopClass[] = "1.2.840.10008.1.1";

// Accepts those proposed contexts that are ours, each with the most wanted of its
// transfer syntaxes, and refuses the rest.  A context for Verification gets an
// uncompressed one.
absl::Status AnswerPresentationContexts(T_ASC_Parameters* parameters);

}  // namespace camnode

#endif  // CAMNODE_SCP_RECEIVE_PRESENTATION_CONTEXTS_H_
