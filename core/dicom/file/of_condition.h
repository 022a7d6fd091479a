// The border between DCMTK's OFCondition and our Status.

#ifndef CAMNODE_CORE_DICOM_FILE_OF_CONDITION_H_
#define CAMNODE_CORE_DICOM_FILE_OF_CONDITION_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

class OFCondition;

namespace camnode {

// OK for a good condition; otherwise `fallback` with "context: DCMTK's text",
// except that memory exhaustion is always kResourceExhausted.
absl::Status ToStatus(const OFCondition& condition, absl::string_view context,
                      absl::StatusCode fallback = absl::StatusCode::kDataLoss);

}  // namespace camnode

#endif  // CAMNODE_CORE_DICOM_FILE_OF_CONDITION_H_
