// Decodes a DICOM film into what networks and outputs need.

#ifndef CAMNODE_CORE_DICOM_PIXELS_RADIOGRAPH_READER_H_
#define CAMNODE_CORE_DICOM_PIXELS_RADIOGRAPH_READER_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "core/domain/radiograph.h"

namespace camnode {

struct RadiographLimits {
  int64_t max_pixels = 100'000'000;  // Rows x columns; checked before decoding.
  bool modality_values = true;       // False: left empty; four bytes a pixel less.
};

// The first frame of the Part 10 file at `path`, through the whole grayscale chain
// of PS3.3 C.11 / PS3.4 N.2: Modality LUT or rescale; the first VOI LUT, else the
// first window (LINEAR, LINEAR_EXACT, SIGMOID); MONOCHROME1 or presentation LUT shape
// INVERSE inverted once, after VOI; padding and what the display shutter covers black.  Where the
// file gives no VOI, an 8-bit film without modality transformation is shown as it is, like any
// picture, and others from the 1st to the 99th percentile without padding.  RGB and YBR become gray
// by luma (BT.601), without modality values.
//
// Thread-safe.  Errors: kUnimplemented (transfer syntax, photometric interpretation
// or bits not supported; names them), kDataLoss (data set or pixel data damaged, or
// shorter than rows x columns x samples x bits), kInvalidArgument (attributes absent,
// or in contradiction with each other or with the compressed stream; names them),
// kInvalidArgument (larger than the limits), kUnavailable (cannot read).
absl::StatusOr<Radiograph> ReadRadiograph(const std::string& path, const RadiographLimits& limits);

}  // namespace camnode

#endif  // CAMNODE_CORE_DICOM_PIXELS_RADIOGRAPH_READER_H_
