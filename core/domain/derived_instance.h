// A DICOM object that camnode made from an analysis.

#ifndef CAMNODE_CORE_DOMAIN_DERIVED_INSTANCE_H_
#define CAMNODE_CORE_DOMAIN_DERIVED_INSTANCE_H_

#include <cstdint>
#include <string>

#include "core/domain/uid.h"

namespace camnode {

struct DerivedInstance {
  int64_t id = 0;  // Row number; 0 until committed.
  int64_t analysis_id = 0;
  std::string kind;      // "overlay", "panel", "notice"
  std::string model;     // For "overlay"; otherwise empty.
  Uid sop_instance_uid;  // Derived, see core/pipeline/output_identity.h.
  Uid sop_class_uid;
  Uid series_instance_uid;
  Uid study_instance_uid;  // The source's.
  Uid transfer_syntax_uid;
  std::string blob_id;  // A Part 10 file.
  std::string sha256;   // Of that file.
  int64_t size_bytes = 0;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_DOMAIN_DERIVED_INSTANCE_H_
