// The attributes that this folder reads from films (PS3.6), as 0xGGGGEEEE.

#ifndef CAMNODE_CORE_DICOM_FILE_TAGS_H_
#define CAMNODE_CORE_DICOM_FILE_TAGS_H_

#include <cstdint>

namespace camnode::tags {

constexpr uint32_t kSpecificCharacterSet = 0x00080005;
constexpr uint32_t kImageType = 0x00080008;
constexpr uint32_t kInstanceCreatorUid = 0x00080014;
constexpr uint32_t kSopClassUid = 0x00080016;
constexpr uint32_t kSopInstanceUid = 0x00080018;
constexpr uint32_t kStudyDate = 0x00080020;
constexpr uint32_t kAcquisitionDate = 0x00080022;
constexpr uint32_t kModality = 0x00080060;
constexpr uint32_t kPresentationIntentType = 0x00080068;
constexpr uint32_t kManufacturer = 0x00080070;
constexpr uint32_t kCodeValue = 0x00080100;
constexpr uint32_t kCodingSchemeDesignator = 0x00080102;
constexpr uint32_t kCodeMeaning = 0x00080104;
constexpr uint32_t kTimezoneOffset = 0x00080201;
constexpr uint32_t kSeriesDescription = 0x0008103E;
constexpr uint32_t kAnatomicRegionSequence = 0x00082218;
constexpr uint32_t kPatientId = 0x00100020;
constexpr uint32_t kIssuerOfPatientId = 0x00100021;
constexpr uint32_t kPatientBirthDate = 0x00100030;
constexpr uint32_t kPatientAge = 0x00101010;
constexpr uint32_t kPatientSpeciesDescription = 0x00102201;
constexpr uint32_t kPatientBreedDescription = 0x00102292;
constexpr uint32_t kBodyPartExamined = 0x00180015;
constexpr uint32_t kDeviceUid = 0x00181002;
constexpr uint32_t kSoftwareVersions = 0x00181020;
constexpr uint32_t kProtocolName = 0x00181030;
constexpr uint32_t kProcessingDescription = 0x00181400;
constexpr uint32_t kShutterShape = 0x00181600;
constexpr uint32_t kShutterLeftVerticalEdge = 0x00181602;
constexpr uint32_t kShutterRightVerticalEdge = 0x00181604;
constexpr uint32_t kShutterUpperHorizontalEdge = 0x00181606;
constexpr uint32_t kShutterLowerHorizontalEdge = 0x00181608;
constexpr uint32_t kCenterOfCircularShutter = 0x00181610;
constexpr uint32_t kRadiusOfCircularShutter = 0x00181612;
constexpr uint32_t kVerticesOfPolygonalShutter = 0x00181620;
constexpr uint32_t kPatientPosition = 0x00185100;
constexpr uint32_t kViewPosition = 0x00185101;
constexpr uint32_t kContributingEquipmentSequence = 0x0018A001;
constexpr uint32_t kStudyInstanceUid = 0x0020000D;
constexpr uint32_t kSeriesInstanceUid = 0x0020000E;
constexpr uint32_t kPatientOrientation = 0x00200020;
constexpr uint32_t kSamplesPerPixel = 0x00280002;
constexpr uint32_t kPhotometricInterpretation = 0x00280004;
constexpr uint32_t kPlanarConfiguration = 0x00280006;
constexpr uint32_t kNumberOfFrames = 0x00280008;
constexpr uint32_t kRows = 0x00280010;
constexpr uint32_t kColumns = 0x00280011;
constexpr uint32_t kBitsAllocated = 0x00280100;
constexpr uint32_t kBitsStored = 0x00280101;
constexpr uint32_t kHighBit = 0x00280102;
constexpr uint32_t kPixelRepresentation = 0x00280103;
constexpr uint32_t kPixelPaddingValue = 0x00280120;
constexpr uint32_t kPixelPaddingRangeLimit = 0x00280121;
constexpr uint32_t kWindowCenter = 0x00281050;
constexpr uint32_t kWindowWidth = 0x00281051;
constexpr uint32_t kRescaleIntercept = 0x00281052;
constexpr uint32_t kRescaleSlope = 0x00281053;
constexpr uint32_t kVoiLutFunction = 0x00281056;
constexpr uint32_t kRedPaletteDescriptor = 0x00281101;
constexpr uint32_t kGreenPaletteDescriptor = 0x00281102;
constexpr uint32_t kBluePaletteDescriptor = 0x00281103;
constexpr uint32_t kRedPaletteData = 0x00281201;
constexpr uint32_t kGreenPaletteData = 0x00281202;
constexpr uint32_t kBluePaletteData = 0x00281203;
constexpr uint32_t kSegmentedRedPaletteData = 0x00281221;
constexpr uint32_t kLossyImageCompression = 0x00282110;
constexpr uint32_t kLossyImageCompressionRatio = 0x00282112;
constexpr uint32_t kLossyImageCompressionMethod = 0x00282114;
constexpr uint32_t kModalityLutSequence = 0x00283000;
constexpr uint32_t kLutDescriptor = 0x00283002;
constexpr uint32_t kLutData = 0x00283006;
constexpr uint32_t kVoiLutSequence = 0x00283010;
constexpr uint32_t kViewCodeSequence = 0x00540220;
constexpr uint32_t kPresentationLutShape = 0x20500020;
constexpr uint32_t kExtendedOffsetTable = 0x7FE00001;
constexpr uint32_t kFloatPixelData = 0x7FE00008;
constexpr uint32_t kDoubleFloatPixelData = 0x7FE00009;

}  // namespace camnode::tags

#endif  // CAMNODE_CORE_DICOM_FILE_TAGS_H_
