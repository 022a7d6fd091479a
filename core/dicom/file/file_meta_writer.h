// The bytes in front of a data set that make it a file (PS3.10 section 7.1): written here
// for films as they are received and for the objects we make.

#ifndef CAMNODE_CORE_DICOM_FILE_FILE_META_WRITER_H_
#define CAMNODE_CORE_DICOM_FILE_FILE_META_WRITER_H_

#include <string>

#include "absl/strings/string_view.h"
#include "core/domain/uid.h"

namespace camnode {

struct FileMetaValues {
  Uid sop_class_uid;
  Uid sop_instance_uid;
  absl::string_view transfer_syntax_uid;
  // (0002,0016) Source Application Entity Title: who sent the data set; empty: nobody
  // did, and the element is left out.
  absl::string_view source_ae_title;
};

// Preamble, prefix and File Meta Information (PS3.10 table 7.1-1) with our Implementation
// Class UID and Version Name.  DCMTK would write its own.
std::string FileMeta(const FileMetaValues& values);

}  // namespace camnode

#endif  // CAMNODE_CORE_DICOM_FILE_FILE_META_WRITER_H_
