// The few header values the node needs of a received instance, read without
// decoding pixels and without trusting the file.

#ifndef CAMNODE_CORE_DICOM_FILM_INSTANCE_HEADER_H_
#define CAMNODE_CORE_DICOM_FILM_INSTANCE_HEADER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "core/domain/uid.h"

namespace camnode {

struct HeaderCode {
  std::string value;    // "399348003"
  std::string scheme;   // "SCT"
  std::string meaning;  // "antero-posterior"

  bool empty() const { return value.empty() && meaning.empty(); }
};

struct InstanceHeader {
  Uid sop_class_uid;
  Uid sop_instance_uid;
  Uid study_instance_uid;
  Uid series_instance_uid;
  Uid transfer_syntax_uid;   // From the file meta information.
  Uid instance_creator_uid;  // (0008,0014); empty if absent or not a UID.
  std::string modality;      // Trimmed; all strings below likewise.
  std::vector<std::string> image_type;
  std::string presentation_intent;  // (0008,0068)
  std::string body_part;            // (0018,0015)
  std::string view_position;        // (0018,5101)
  std::string patient_position;     // (0018,5100)
  std::string patient_orientation;  // (0020,0020), as in the file: "L\\F"
  HeaderCode anatomic_region;       // (0008,2218), first item
  HeaderCode view_code;             // (0054,0220), first item
  // Completed years at the time of the film: Patient's Age, else Patient's Birth Date
  // to Acquisition or Study Date.  Empty: the header does not say, or not in the form
  // that the standard asks for.
  absl::optional<int> age_years;
  // Those present of Series Description, Protocol Name and Acquisition Device
  // Processing Description.  A person may have typed them: never log one.
  std::vector<std::string> descriptions;
  bool names_species = false;  // (0010,2201) or (0010,2292) holds a text.
  std::string photometric_interpretation;
  int rows = 0;
  int columns = 0;
  int samples_per_pixel = 0;
  int bits_allocated = 0;
  int frames = 1;
  // An item of Contributing Equipment names camnode as its manufacturer.
  bool contributed_by_camnode = false;
};

// `path`: a Part 10 file.  Walks the data set without recursion, stops at the
// pixel data (whose length it checks), and allocates nothing from a declared length.
//
// Errors: kDataLoss if the data set cannot be walked (says at which tag), nests
// deeper than 32 or holds an element that ends beyond the file; kInvalidArgument
// if a needed UID is absent or malformed (says which); kUnavailable if the file
// cannot be read.
absl::StatusOr<InstanceHeader> ReadInstanceHeader(const std::string& path);

}  // namespace camnode

#endif  // CAMNODE_CORE_DICOM_FILM_INSTANCE_HEADER_H_
