// Is an A-ASSOCIATE-RQ or -AC well formed (PS3.8 9.3.2, 9.3.3, annex D)?
//
// DCMTK 3.6.7 parses a malformed one without harm, but does not free what it had
// parsed so far; anybody who reaches the port could make the node grow.

#ifndef CAMNODE_SCP_WIRE_ASSOCIATE_CHECK_H_
#define CAMNODE_SCP_WIRE_ASSOCIATE_CHECK_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace camnode {

inline constexpr int kMaxPresentationContexts = 128;     // PS3.8: odd numbers from 1 to 255.
inline constexpr int kMaxProposedTransferSyntaxes = 50;  // Of each.

// `body`: the PDU without its header of six bytes.  Unknown items pass, if they fit.
// Errors: kInvalidArgument, in our words.
absl::Status CheckAssociateBody(absl::string_view body, bool is_request);

}  // namespace camnode

#endif  // CAMNODE_SCP_WIRE_ASSOCIATE_CHECK_H_
