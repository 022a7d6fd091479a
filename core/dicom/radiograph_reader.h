// Decodes a DICOM film into what networks and outputs need.

#ifndef CAMNODE_CORE_DICOM_RADIOGRAPH_READER_H_
#define CAMNODE_CORE_DICOM_RADIOGRAPH_READER_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "core/domain/radiograph.h"

namespace camnode {

struct RadiographLimits {
  int64_t max_pixels = 100'000'000;  // Rows x columns; checked before decoding.
};

// The first frame of the Part 10 file at `path`, through the whole grayscale chain
// of PS3.3 C.11 / PS3.4 N.2: Modality LUT or rescale, VOI LUT or window (the
// first; LINEAR, LINEAR_EXACT, SIGMOID; the 1st to 99th percentile without
// padding where the file says nothing), presentation LUT shape, MONOCHROME1
// inverted once, after VOI.  RGB and YBR become gray by luma (BT.601).
//
// Thread-safe.  Errors: kUnimplemented (transfer syntax or photometric
// interpretation not supported; names it), kDataLoss (pixel data damaged or
// shorter than rows x columns x samples x bits), kInvalidArgument (attributes that
// contradict each other; names them), kInvalidArgument (larger than the limits),
// kUnavailable (cannot read).
absl::StatusOr<Radiograph> ReadRadiograph(const std::string& path, const RadiographLimits& limits);

}  // namespace camnode

#endif  // CAMNODE_CORE_DICOM_RADIOGRAPH_READER_H_
