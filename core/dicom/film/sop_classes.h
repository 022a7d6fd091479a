// The kinds of object that can be analysed: one list for associations and uploads.

#ifndef CAMNODE_CORE_DICOM_FILM_SOP_CLASSES_H_
#define CAMNODE_CORE_DICOM_FILM_SOP_CLASSES_H_

#include <vector>

#include "absl/strings/string_view.h"

namespace camnode {

// The storage SOP classes that can be analysed: CR, DX For Presentation, Secondary
// Capture (PS3.4 table B.5-1).
const std::vector<absl::string_view>& AcceptedStorageSopClasses();

bool IsAcceptedStorageSopClass(absl::string_view uid);

}  // namespace camnode

#endif  // CAMNODE_CORE_DICOM_FILM_SOP_CLASSES_H_
