// The bytes in front of a data set that make it a file (PS3.10 section 7.1).

#ifndef CAMNODE_SCP_PART10_HEADER_H_
#define CAMNODE_SCP_PART10_HEADER_H_

#include <string>

#include "core/intake/store_handler.h"

namespace camnode {

// Preamble, prefix and file meta information for the data set of `request`, as
// written by us (our Implementation Class UID, the sender as Source AE Title).
std::string Part10Header(const StoreRequest& request);

// (0002,0013) and the Implementation Version Name of our associations.
inline constexpr char kImplementationVersionName[] = "CAMNODE_0_1";

}  // namespace camnode

#endif  // CAMNODE_SCP_PART10_HEADER_H_
