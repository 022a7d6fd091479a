// The --intensity option: which gray values a model is given.

#ifndef CAMNODE_SERVICES_LAB_INTENSITY_H_
#define CAMNODE_SERVICES_LAB_INTENSITY_H_

#include <string>

#include "absl/status/status.h"
#include "proto/camnode/model/v1/manifest.pb.h"

namespace camnode {

// "file" or "fixed_window", as --intensity takes it.  A fixed window keeps the
// centre and width that stand there, or gets the old web tool's 40 and 800.
// Errors: kInvalidArgument for any other word.
absl::Status SetIntensity(const std::string& word,
                          camnode::model::v1::Preprocessing& preprocessing);

}  // namespace camnode

#endif  // CAMNODE_SERVICES_LAB_INTENSITY_H_
