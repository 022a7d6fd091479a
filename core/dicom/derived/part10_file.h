// Writes a data set of ours as the bytes of a Part 10 file.

#ifndef CAMNODE_CORE_DICOM_DERIVED_PART10_FILE_H_
#define CAMNODE_CORE_DICOM_DERIVED_PART10_FILE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/domain/uid.h"

class DcmDataset;

namespace camnode {

// Preamble, our own file meta information (DCMTK would write its own
// Implementation Class UID), `dataset` in Explicit VR Little Endian with defined
// lengths, and `pixel_data` as its last element (OB); none if empty.  The same
// arguments give the same bytes.
//
// REQUIRES: `dataset` has no element from (7fe0,0010) on.
// Errors: kInvalidArgument (4 GiB of pixel data), kInternal (DCMTK refused).
absl::StatusOr<std::string> WritePart10File(const Uid& sop_class_uid, const Uid& sop_instance_uid,
                                            DcmDataset& dataset, absl::string_view pixel_data);

}  // namespace camnode

#endif  // CAMNODE_CORE_DICOM_DERIVED_PART10_FILE_H_
