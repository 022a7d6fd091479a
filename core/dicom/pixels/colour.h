// Colour films become gray.

#ifndef CAMNODE_CORE_DICOM_PIXELS_COLOUR_H_
#define CAMNODE_CORE_DICOM_PIXELS_COLOUR_H_

#include "core/dicom/codec/pixel_format.h"
#include "core/domain/radiograph.h"

namespace camnode {

// Luma (ITU-R BT.601) of RGB, YBR_FULL or YBR_FULL_422 samples, with the spread of
// the colours; modality_values stays empty, as for any ordinary picture.
// REQUIRES: frame.samples holds rows x columns x 3 samples, or
// format.FrameBytes() bytes where frame.photometric is YBR_FULL_422.
Radiograph ToGray(const DecodedFrame& frame, const PixelFormat& format);

}  // namespace camnode

#endif  // CAMNODE_CORE_DICOM_PIXELS_COLOUR_H_
