// What DCMTK needs to be told once before it may talk to strangers.

#ifndef CAMNODE_SCP_WIRE_DCMTK_SETUP_H_
#define CAMNODE_SCP_WIRE_DCMTK_SETUP_H_

#include "absl/status/status.h"

namespace camnode {

// Once per process, before the first association in or out: DCMTK's own log off
// (it prints what peers send), no reverse name look-ups, bounded A-ASSOCIATE PDUs,
// its state machine initialised by one thread.  Later calls only return the
// answer.  Thread-safe.
//
// Errors: kFailedPrecondition if DCMTK's data dictionary is not installed.
absl::Status SetUpDcmtkNetwork();

}  // namespace camnode

#endif  // CAMNODE_SCP_WIRE_DCMTK_SETUP_H_
