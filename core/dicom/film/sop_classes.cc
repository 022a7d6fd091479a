#include "core/dicom/film/sop_classes.h"

#include <algorithm>

namespace camnode {

const std::vector<absl::string_view>& AcceptedStorageSopClasses() {
  static const auto& classes = *new std::vector<absl::string_view>{
      "1.2.840.10008.5.1.4.1.1.1",    // Computed Radiography Image Storage
      "1.2.840.10008.5.1.4.1.1.1.1",  // Digital X-Ray Image Storage - For Presentation
      "1.2.840.10008.5.1.4.1.1.7",    // Secondary Capture Image Storage
  };
  return classes;
}

bool IsAcceptedStorageSopClass(absl::string_view uid) {
  const auto& classes = AcceptedStorageSopClasses();
  return std::find(classes.begin(), classes.end(), uid) != classes.end();
}

}  // namespace camnode
