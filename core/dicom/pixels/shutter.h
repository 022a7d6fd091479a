// The display shutter of PS3.3 C.7.6.11: the part of a film that is not to be seen.

#ifndef CAMNODE_CORE_DICOM_PIXELS_SHUTTER_H_
#define CAMNODE_CORE_DICOM_PIXELS_SHUTTER_H_

#include <opencv2/core/mat.hpp>

#include "core/dicom/file/attribute_table.h"

namespace camnode {

// 255 where a rectangular, circular or polygonal shutter covers the film, 0 where it
// is seen; of several shapes every one must leave a pixel free.  Rows and columns
// count from 1, edges and the circle's rim belong to what is seen.
//
// Empty if there is no shutter, or none that means anything: numbers missing or
// malformed, more than 1,024 vertices, nothing left to see.
cv::Mat1b ReadShutter(const AttributeTable& table, int rows, int columns);

}  // namespace camnode

#endif  // CAMNODE_CORE_DICOM_PIXELS_SHUTTER_H_
