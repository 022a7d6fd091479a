#include "core/dicom/derived/secondary_capture_writer.h"

#include <opencv2/core.hpp>

#include "absl/status/status.h"
#include "core/base/status_macros.h"
#include "core/base/version.h"
#include "core/dicom/derived/derived_object_writer.h"
#include "core/dicom/derived/part10_file.h"
#include "core/dicom/file/implementation.h"
#include "dcmtk/config/osconfig.h"
#include "dcmtk/dcmdata/dcdatset.h"
#include "dcmtk/dcmdata/dcdeftag.h"

namespace camnode {
namespace {

constexpr int kMaxSidePixels = 65'535;

// General Image (PS3.3 C.7.6.1).
void PutGeneralImage(const SecondaryCapture& capture, DcmDataset& dataset, ItemWriter& writer) {
  writer.Text(DCM_ImageType, "DERIVED\\SECONDARY\\OTHER")
      .Text(DCM_DerivationDescription, capture.object.derivation)
      .Text(DCM_ImageComments, "RESEARCH ONLY - NOT FOR DIAGNOSIS")
      .Text(DCM_BurnedInAnnotation, "NO")
      .Text(DCM_RecognizableVisualFeatures, "NO");
  if (!capture.film_geometry || !dataset.tagExists(DCM_PatientOrientation)) {
    writer.Text(DCM_PatientOrientation, "");
  }
  if (!capture.film_geometry || !capture.film_size) {
    dataset.findAndDeleteElement(DCM_PixelSpacing);
    dataset.findAndDeleteElement(DCM_PixelSpacingCalibrationType);
    dataset.findAndDeleteElement(DCM_PixelSpacingCalibrationDescription);
  }
  if (!capture.shows_film) {
    for (const DcmTagKey& tag : {DCM_LossyImageCompression, DCM_LossyImageCompressionRatio,
                                 DCM_LossyImageCompressionMethod}) {
      dataset.findAndDeleteElement(tag);
    }
  }
}

// What was done to the source (CID 7203).
void PutDerivation(const SecondaryCapture& capture, ItemWriter& writer) {
  if (!capture.shows_film) return;
  int position = 0;
  writer.Code(DCM_DerivationCodeSequence, position++, "113042", "DCM", "Pixel by pixel addition");
  if (!capture.film_size) {
    writer.Code(DCM_DerivationCodeSequence, position++, "113085", "DCM", "Spatial resampling");
  }
}

void PutSourceImage(const SecondaryCapture& capture, const SourceAttributes& source,
                    ItemWriter& writer) {
  if (!source.is_dicom()) return;
  DcmItem* item = writer.Item(DCM_SourceImageSequence);
  if (item == nullptr) return;
  ItemWriter image(*item);
  image.Text(DCM_ReferencedSOPClassUID, source.sop_class_uid().text())
      .Text(DCM_ReferencedSOPInstanceUID, source.sop_instance_uid().text())
      .Code(DCM_PurposeOfReferenceCodeSequence, 0, "121322", "DCM",
            "Source image for image processing operation");
  if (capture.shows_film) {
    image.Text(DCM_SpatialLocationsPreserved, capture.film_geometry ? "YES" : "NO");
  }
}

// SC Equipment and SC Image (C.8.6.1, C.8.6.2).
void PutSecondaryCapture(const ObjectTime& time, ItemWriter& writer) {
  writer.Text(DCM_ConversionType, "WSD")
      .Text(DCM_SecondaryCaptureDeviceManufacturer, kCamnodeManufacturer)
      .Text(DCM_SecondaryCaptureDeviceManufacturerModelName, kCamnodeManufacturer)
      .Text(DCM_SecondaryCaptureDeviceSoftwareVersions, kCamnodeVersion)
      .Text(DCM_DateOfSecondaryCapture, time.date)
      .Text(DCM_TimeOfSecondaryCapture, time.time);
}

// Image Pixel (C.7.6.3).
void PutImagePixel(const cv::Mat3b& rgb, ItemWriter& writer) {
  writer.Number(DCM_SamplesPerPixel, 3)
      .Text(DCM_PhotometricInterpretation, "RGB")
      .Number(DCM_PlanarConfiguration, 0)
      .Number(DCM_Rows, rgb.rows)
      .Number(DCM_Columns, rgb.cols)
      .Number(DCM_BitsAllocated, 8)
      .Number(DCM_BitsStored, 8)
      .Number(DCM_HighBit, 7)
      .Number(DCM_PixelRepresentation, 0);
}

}  // namespace

absl::StatusOr<std::string> WriteSecondaryCapture(const SecondaryCapture& capture,
                                                  const SourceAttributes& source) {
  if (capture.rgb.empty() || capture.rgb.rows > kMaxSidePixels ||
      capture.rgb.cols > kMaxSidePixels) {
    return absl::InvalidArgumentError("a Secondary Capture needs 1 to 65,535 rows and columns");
  }
  CAMNODE_ASSIGN_OR_RETURN(const ObjectTime time, TimeOfObject(capture.object, source));
  DcmDataset dataset;
  CAMNODE_RETURN_IF_ERROR(
      PutSharedModules(capture.object, source, time, kSecondaryCaptureSopClass, "OT", dataset));
  ItemWriter writer(dataset);
  PutGeneralImage(capture, dataset, writer);
  PutDerivation(capture, writer);
  PutSourceImage(capture, source, writer);
  PutSecondaryCapture(time, writer);
  PutImagePixel(capture.rgb, writer);
  CAMNODE_RETURN_IF_ERROR(writer.status());

  const cv::Mat3b rgb = capture.rgb.isContinuous() ? capture.rgb : cv::Mat3b(capture.rgb.clone());
  const absl::string_view pixels(reinterpret_cast<const char*>(rgb.data),
                                 rgb.total() * rgb.elemSize());
  return WritePart10File(*Uid::Parse(kSecondaryCaptureSopClass), capture.object.sop_instance_uid,
                         dataset, pixels);
}

}  // namespace camnode
