#include "core/dicom/pixels/radiograph_reader.h"

#include <utility>

#include "core/base/status_macros.h"
#include "core/dicom/codec/pixel_format.h"
#include "core/dicom/file/attribute_table.h"
#include "core/dicom/file/tags.h"
#include "core/dicom/pixels/colour.h"
#include "core/dicom/pixels/grayscale.h"
#include "core/dicom/pixels/palette.h"
#include "core/dicom/pixels/shutter.h"
#include "core/dicom/pixels/stored_frame.h"

namespace camnode {
namespace {

constexpr WantedAttribute kWanted[] = {
    {tags::kPixelPaddingValue},
    {tags::kPixelPaddingRangeLimit},
    {tags::kWindowCenter},
    {tags::kWindowWidth},
    {tags::kRescaleIntercept},
    {tags::kRescaleSlope},
    {tags::kVoiLutFunction},
    {tags::kPresentationLutShape},
    {tags::kShutterShape},
    {tags::kShutterLeftVerticalEdge},
    {tags::kShutterRightVerticalEdge},
    {tags::kShutterUpperHorizontalEdge},
    {tags::kShutterLowerHorizontalEdge},
    {tags::kCenterOfCircularShutter},
    {tags::kRadiusOfCircularShutter},
    {tags::kVerticesOfPolygonalShutter},
    {tags::kRedPaletteDescriptor},
    {tags::kGreenPaletteDescriptor},
    {tags::kBluePaletteDescriptor},
    {tags::kRedPaletteData},
    {tags::kGreenPaletteData},
    {tags::kBluePaletteData},
    {tags::kSegmentedRedPaletteData},
    {tags::kLutDescriptor, tags::kModalityLutSequence},
    {tags::kLutData, tags::kModalityLutSequence},
    {tags::kLutDescriptor, tags::kVoiLutSequence},
    {tags::kLutData, tags::kVoiLutSequence},
};

}  // namespace

absl::StatusOr<Radiograph> ReadRadiograph(const std::string& path, const RadiographLimits& limits) {
  CAMNODE_ASSIGN_OR_RETURN(const StoredFrame stored,
                           ReadStoredFrame(path, limits.max_pixels, kWanted));
  const PixelFormat& format = stored.format;
  if (format.IsPalette()) {
    CAMNODE_ASSIGN_OR_RETURN(const DecodedFrame colours,
                             ApplyPalette(stored.frame, format, stored.attributes));
    return ToGray(colours, format);
  }
  if (!format.IsGrayscale()) return ToGray(stored.frame, format);
  CAMNODE_ASSIGN_OR_RETURN(const GrayscaleChain chain,
                           ReadGrayscaleChain(stored.attributes, format));
  GrayscaleFilm gray = ApplyGrayscaleChain(
      stored.frame.samples, stored.frame.bytes_per_sample, format, chain,
      ReadShutter(stored.attributes, format.rows, format.columns), limits.modality_values);
  Radiograph film;
  film.presentation = std::move(gray.presentation);
  film.modality_values = std::move(gray.modality_values);
  film.background = std::move(gray.background);
  return film;
}

}  // namespace camnode
