// The first frame of a received film as the values it stores: no modality, VOI or
// presentation transformation yet.

#ifndef CAMNODE_CORE_DICOM_PIXELS_STORED_FRAME_H_
#define CAMNODE_CORE_DICOM_PIXELS_STORED_FRAME_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/dicom/codec/pixel_format.h"
#include "core/dicom/file/attribute_table.h"

namespace camnode {

struct StoredFrame {
  PixelFormat format;  // How to take the stored value out of each sample.
  DecodedFrame frame;
  AttributeTable attributes;  // The wanted ones.
};

// Decodes the first frame of the Part 10 file at `path`, and picks out the
// attributes that `wanted` names beside those of the image; borrows `wanted` for as
// long as the result lives.  A film of more than `max_pixels` is not decoded.
//
// Thread-safe.  Errors: kUnimplemented (transfer syntax, photometric interpretation
// or bits not supported; names them), kDataLoss (data set or pixel data damaged, or
// shorter than one frame), kInvalidArgument (attributes absent, in contradiction
// with each other or with the compressed stream, or beyond the limit; names them),
// kUnavailable (cannot read).
absl::StatusOr<StoredFrame> ReadStoredFrame(const std::string& path, int64_t max_pixels,
                                            absl::Span<const WantedAttribute> wanted);

}  // namespace camnode

#endif  // CAMNODE_CORE_DICOM_PIXELS_STORED_FRAME_H_
