// Palette colour tables (PS3.3 C.7.6.3.1.5): stored values to colours.

#ifndef CAMNODE_CORE_DICOM_PIXELS_PALETTE_H_
#define CAMNODE_CORE_DICOM_PIXELS_PALETTE_H_

#include "absl/status/statusor.h"
#include "core/dicom/codec/pixel_format.h"
#include "core/dicom/file/attribute_table.h"

namespace camnode {

// The frame with every stored value replaced by its colour: RGB of 8 bits, colour by
// pixel.  `table` holds the palette's descriptors and data.
// REQUIRES: frame.samples holds rows x columns samples of PALETTE COLOR.
// Errors: kInvalidArgument (a table is absent or contradicts its descriptor),
// kUnimplemented (segmented tables).
absl::StatusOr<DecodedFrame> ApplyPalette(const DecodedFrame& frame, const PixelFormat& format,
                                          const AttributeTable& table);

}  // namespace camnode

#endif  // CAMNODE_CORE_DICOM_PIXELS_PALETTE_H_
