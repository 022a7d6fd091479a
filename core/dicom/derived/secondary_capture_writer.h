// Writes a picture as a DICOM Secondary Capture in the source film's study.

#ifndef CAMNODE_CORE_DICOM_DERIVED_SECONDARY_CAPTURE_WRITER_H_
#define CAMNODE_CORE_DICOM_DERIVED_SECONDARY_CAPTURE_WRITER_H_

#include <opencv2/core/mat.hpp>
#include <string>

#include "absl/status/statusor.h"
#include "core/dicom/derived/derived_attributes.h"

namespace camnode {

struct SecondaryCapture {
  DerivedObject object;
  cv::Mat3b rgb;  // Red first.  At most 65,535 in either direction.
  // The picture has the film's own geometry: Patient Orientation and, if its
  // size is the film's, Pixel Spacing are copied.
  bool film_geometry = false;
  bool film_size = false;
  // False for a notice, which is text: no Derivation Code Sequence.
  bool shows_film = true;
};

// The bytes of a Part 10 file: Secondary Capture Image Storage, RGB, 8 bit,
// Planar Configuration 0, Explicit VR Little Endian, Image Type
// DERIVED\SECONDARY\OTHER, Burned In Annotation NO.  The same arguments give the
// same bytes.
//
// Dates and times are those of the analysis' start, in the source's Timezone Offset
// if it states one, else in object.time_zone.
//
// Errors: kInvalidArgument (empty or too large a picture; text that is not ASCII or
// too long; a time zone nobody knows), kInternal (DCMTK refused).
absl::StatusOr<std::string> WriteSecondaryCapture(const SecondaryCapture& capture,
                                                  const SourceAttributes& source);

inline constexpr char kSecondaryCaptureSopClass[] = "1.2.840.10008.5.1.4.1.1.7";

}  // namespace camnode

#endif  // CAMNODE_CORE_DICOM_DERIVED_SECONDARY_CAPTURE_WRITER_H_
