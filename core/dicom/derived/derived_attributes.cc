#include "core/dicom/derived/derived_attributes.h"

#include <algorithm>
#include <cstddef>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/types/span.h"
#include "core/base/status_macros.h"
#include "core/dicom/file/attribute_table.h"
#include "core/dicom/file/dataset_scanner.h"
#include "core/dicom/file/file_meta.h"
#include "core/dicom/file/of_condition.h"
#include "core/dicom/file/tags.h"
#include "core/dicom/file/transfer_syntax.h"
#include "dcmtk/config/osconfig.h"
#include "dcmtk/dcmdata/dcdatset.h"
#include "dcmtk/dcmdata/dcdeftag.h"
#include "dcmtk/dcmdata/dcsequen.h"
#include "dcmtk/dcmdata/dcvr.h"

namespace camnode {
namespace {

// The longest text that explicit VR with a 16-bit length can carry.
constexpr size_t kMaxTextBytes = 65'534;

constexpr uint32_t kOtherPatientIdsSequence = 0x00101002;
constexpr uint32_t kDeidentificationMethod = 0x00120063;
constexpr uint32_t kPixelSpacing = 0x00280030;
constexpr uint32_t kLaterality = 0x00200060;
constexpr uint32_t kImageLaterality = 0x00200062;

struct Carried {
  uint32_t tag;
  DcmEVR vr;
};

// Patient (C.7.1.1), General Study (C.7.2.1), and of General Series, General Image
// and the pixel spacing macro what outputs share.
constexpr Carried kCarried[] = {
    {tags::kSpecificCharacterSet, EVR_CS},
    {0x00080020, EVR_DA},  // Study Date
    {0x00080030, EVR_TM},  // Study Time
    {0x00080050, EVR_SH},  // Accession Number
    {0x00080090, EVR_PN},  // Referring Physician's Name
    {tags::kTimezoneOffset, EVR_SH},
    {0x00081030, EVR_LO},  // Study Description
    {0x00100010, EVR_PN},  // Patient's Name
    {0x00100020, EVR_LO},  // Patient ID
    {0x00100021, EVR_LO},  // Issuer of Patient ID
    {0x00100030, EVR_DA},  // Patient's Birth Date
    {0x00100032, EVR_TM},  // Patient's Birth Time
    {0x00100040, EVR_CS},  // Patient's Sex
    {0x00101000, EVR_LO},  // Other Patient IDs (retired, but in use)
    {0x00101001, EVR_PN},  // Other Patient Names
    {0x00120062, EVR_CS},  // Patient Identity Removed
    {kDeidentificationMethod, EVR_LO},
    {tags::kBodyPartExamined, EVR_CS},
    {0x00200010, EVR_SH},  // Study ID
    {tags::kPatientOrientation, EVR_CS},
    {kLaterality, EVR_CS},
    {kImageLaterality, EVR_CS},
    {kPixelSpacing, EVR_DS},
    {0x00280A02, EVR_CS},  // Pixel Spacing Calibration Type
    {0x00280A04, EVR_LO},  // Pixel Spacing Calibration Description
    {tags::kLossyImageCompression, EVR_CS},
    {tags::kLossyImageCompressionRatio, EVR_DS},
    {tags::kLossyImageCompressionMethod, EVR_CS},
};

// Of the items of Other Patient IDs Sequence.  An item may have a character set of
// its own, which holds for its values only.
constexpr Carried kCarriedPatientIds[] = {
    {tags::kSpecificCharacterSet, EVR_CS},
    {0x00100020, EVR_LO},  // Patient ID
    {0x00100021, EVR_LO},  // Issuer of Patient ID
    {0x00100022, EVR_CS},  // Type of Patient ID
};

// General Equipment (C.7.5.1) of the source.
constexpr Carried kCarriedEquipment[] = {
    {tags::kManufacturer, EVR_LO}, {0x00080080, EVR_LO},  // Institution Name
    {0x00080081, EVR_ST},                                 // Institution Address
    {0x00081010, EVR_SH},                                 // Station Name
    {0x00081040, EVR_LO},                                 // Institutional Department Name
    {0x00081090, EVR_LO},                                 // Manufacturer's Model Name
    {0x00181000, EVR_LO},                                 // Device Serial Number
    {tags::kDeviceUid, EVR_UI},    {tags::kSoftwareVersions, EVR_LO},
};

std::vector<WantedAttribute> AllWanted() {
  std::vector<WantedAttribute> wanted = {
      {tags::kSopClassUid},       {tags::kSopInstanceUid}, {tags::kStudyInstanceUid},
      {tags::kSeriesInstanceUid}, {tags::kRows},           {tags::kColumns},
      {tags::kSamplesPerPixel},   {tags::kBitsAllocated},  {tags::kNumberOfFrames}};
  for (const Carried& carried : kCarried) wanted.push_back({carried.tag});
  for (const Carried& carried : kCarriedEquipment) wanted.push_back({carried.tag});
  for (const Carried& carried : kCarriedPatientIds) {
    wanted.push_back({carried.tag, kOtherPatientIdsSequence});
  }
  return wanted;
}

// Adds up the fragments on the way, for the ratio of a lossy source that does not
// state it.
class SourceVisitor final : public DataSetVisitor {
 public:
  explicit SourceVisitor(absl::Span<const WantedAttribute> wanted) : table(wanted) {}
  void OnStart(const FileMeta& meta) override { table.OnStart(meta); }
  bool IsSequence(const ScannedElement& element) override { return table.IsSequence(element); }
  uint64_t WantedBytes(const ScannedElement& element) override {
    if (element.tag == kItemTag && element.sequence == kPixelDataTag && element.item > 0) {
      compressed_bytes += element.length;
    }
    return table.WantedBytes(element);
  }
  absl::Status OnValue(const ScannedElement& element, std::string value) override {
    return table.OnValue(element, std::move(value));
  }

  AttributeTable table;
  uint64_t compressed_bytes = 0;
};

DcmTag TagOf(const Carried& carried) {
  return DcmTag(static_cast<Uint16>(carried.tag >> 16), static_cast<Uint16>(carried.tag & 0xffff),
                DcmVR(carried.vr));
}

// Copies the bytes as they are: the character set goes with them.
absl::Status Carry(const AttributeTable& table, const Carried& carried, uint32_t sequence, int item,
                   DcmItem& target) {
  if (!table.Has(carried.tag, sequence, item)) return absl::OkStatus();
  const std::string& bytes = table.Bytes(carried.tag, sequence, item);
  if (bytes.size() > kMaxTextBytes || table.Cut(carried.tag, sequence, item)) {
    return absl::InvalidArgumentError(
        absl::StrCat(TagText(carried.tag), " is too long to be carried to a result"));
  }
  return ToStatus(
      target.putAndInsertString(TagOf(carried), bytes.data(), static_cast<Uint32>(bytes.size())),
      TagText(carried.tag), absl::StatusCode::kInternal);
}

absl::Status CarryPatientIds(const AttributeTable& table, DcmDataset& target) {
  for (int item = 0; item < table.Items(kOtherPatientIdsSequence); ++item) {
    DcmItem* target_item = nullptr;
    CAMNODE_RETURN_IF_ERROR(ToStatus(
        target.findOrCreateSequenceItem(DcmTag(0x0010, 0x1002, DcmVR(EVR_SQ)), target_item, item),
        "Other Patient IDs Sequence", absl::StatusCode::kInternal));
    for (const Carried& carried : kCarriedPatientIds) {
      CAMNODE_RETURN_IF_ERROR(Carry(table, carried, kOtherPatientIdsSequence, item, *target_item));
    }
  }
  return absl::OkStatus();
}

// Rows x columns x samples x bits of all frames over what was stored of them.
std::string CompressionRatio(const SourceVisitor& source) {
  const AttributeTable& table = source.table;
  const double uncompressed = static_cast<double>(table.Word(tags::kRows).value_or(0)) *
                              table.Word(tags::kColumns).value_or(0) *
                              table.Word(tags::kSamplesPerPixel).value_or(1) *
                              (table.Word(tags::kBitsAllocated).value_or(8) / 8) *
                              std::max(1, table.Integer(tags::kNumberOfFrames).value_or(1));
  return absl::StrFormat("%.2f", uncompressed / static_cast<double>(source.compressed_bytes));
}

// PS3.3 C.7.6.1.1.5: once lossy, always lossy.  Where the attributes are silent, the
// transfer syntax speaks.
absl::Status CompleteLossyHistory(const SourceVisitor& source, DcmDataset& target) {
  const AttributeTable& table = source.table;
  const std::string& transfer_syntax = table.meta().transfer_syntax_uid.text();
  const bool stated = table.Text(tags::kLossyImageCompression) == "01";
  if (!stated && !IsAlwaysLossy(transfer_syntax)) return absl::OkStatus();
  OFCondition result = target.putAndInsertString(DCM_LossyImageCompression, "01");
  const std::string method = LossyMethod(transfer_syntax);
  if (result.good() && table.Text(tags::kLossyImageCompressionMethod).empty() && !method.empty()) {
    result = target.putAndInsertString(DCM_LossyImageCompressionMethod, method.c_str());
  }
  if (result.good() && table.Text(tags::kLossyImageCompressionRatio).empty() && !method.empty() &&
      source.compressed_bytes > 0) {
    result =
        target.putAndInsertString(DCM_LossyImageCompressionRatio, CompressionRatio(source).c_str());
  }
  return ToStatus(result, "lossy image compression", absl::StatusCode::kInternal);
}

// Body parts of which there are two (PS3.16 annex L).
bool IsPaired(const std::string& body_part) {
  static const auto& paired = *new std::set<std::string>{
      "ADRENAL",  "ANKLE",   "ARM",       "AXILLA", "BREAST",  "CALCANEUS", "CALF",
      "CLAVICLE", "ELBOW",   "EXTREMITY", "EYE",    "FEMUR",   "FIBULA",    "FINGER",
      "FOOT",     "FOREARM", "HAND",      "HIP",    "HUMERUS", "KNEE",      "LEG",
      "ORBIT",    "PATELLA", "RADIUS",    "RIB",    "SCAPULA", "SHOULDER",  "THIGH",
      "THUMB",    "TIBIA",   "TOE",       "ULNA",   "WRIST",   "ZYGOMA"};
  return paired.count(body_part) > 0;
}

// Only what General Series (C.7.3.1.1.1) and General Image allow: R or L of a paired
// part for the series, also U and B for the image.
void DropWrongLaterality(const AttributeTable& table, DcmDataset& target) {
  const std::string& series = table.Text(kLaterality);
  if (!IsPaired(table.Text(tags::kBodyPartExamined)) || (series != "R" && series != "L")) {
    target.findAndDeleteElement(DCM_Laterality);
  }
  const std::string& image = table.Text(kImageLaterality);
  if (image != "R" && image != "L" && image != "U" && image != "B") {
    target.findAndDeleteElement(DCM_ImageLaterality);
  }
}

// Some attributes are worse than none without another one or a value.
void DropIncomplete(const AttributeTable& table, DcmDataset& target) {
  if (table.Text(tags::kSpecificCharacterSet).empty()) {
    target.findAndDeleteElement(DCM_SpecificCharacterSet);
  }
  if (table.Text(kDeidentificationMethod).empty()) {
    target.findAndDeleteElement(DCM_PatientIdentityRemoved);
    target.findAndDeleteElement(DCM_DeidentificationMethod);
  }
  const auto spacing = table.Texts(kPixelSpacing);
  const auto positive = [](const std::string& text) {
    double value = 0.0;
    return absl::SimpleAtod(text, &value) && value > 0.0;
  };
  if (spacing.size() != 2 || !positive(spacing[0]) || !positive(spacing[1])) {
    for (const DcmTagKey& tag : {DCM_PixelSpacing, DCM_PixelSpacingCalibrationType,
                                 DCM_PixelSpacingCalibrationDescription}) {
      target.findAndDeleteElement(tag);
    }
  }
}

absl::StatusOr<Uid> NeededUid(const AttributeTable& table, uint32_t tag) {
  absl::StatusOr<Uid> uid = Uid::Parse(table.Bytes(tag));
  if (!uid.ok()) return Annotate(uid.status(), TagText(tag));
  return uid;
}

}  // namespace

SourceAttributes::SourceAttributes()
    : dataset_(std::make_unique<DcmDataset>()), equipment_(std::make_unique<DcmDataset>()) {}
SourceAttributes::SourceAttributes(SourceAttributes&&) noexcept = default;
SourceAttributes& SourceAttributes::operator=(SourceAttributes&&) noexcept = default;
SourceAttributes::~SourceAttributes() = default;

absl::StatusOr<SourceAttributes> SourceAttributes::FromFile(const std::string& path) {
  const std::vector<WantedAttribute> wanted = AllWanted();
  SourceVisitor source(wanted);
  CAMNODE_RETURN_IF_ERROR(ScanDicomFile(path, ScanExtent::kHeader, source));
  const AttributeTable& table = source.table;
  SourceAttributes attributes;
  CAMNODE_ASSIGN_OR_RETURN(attributes.sop_class_uid_, NeededUid(table, tags::kSopClassUid));
  CAMNODE_ASSIGN_OR_RETURN(attributes.sop_instance_uid_, NeededUid(table, tags::kSopInstanceUid));
  CAMNODE_ASSIGN_OR_RETURN(attributes.series_instance_uid_,
                           NeededUid(table, tags::kSeriesInstanceUid));
  CAMNODE_ASSIGN_OR_RETURN(attributes.study_instance_uid_,
                           NeededUid(table, tags::kStudyInstanceUid));
  for (const Carried& carried : kCarried) {
    CAMNODE_RETURN_IF_ERROR(Carry(table, carried, 0, 0, *attributes.dataset_));
  }
  DropIncomplete(table, *attributes.dataset_);
  DropWrongLaterality(table, *attributes.dataset_);
  CAMNODE_RETURN_IF_ERROR(CarryPatientIds(table, *attributes.dataset_));
  CAMNODE_RETURN_IF_ERROR(CompleteLossyHistory(source, *attributes.dataset_));
  for (const Carried& carried : kCarriedEquipment) {
    CAMNODE_RETURN_IF_ERROR(Carry(table, carried, 0, 0, *attributes.equipment_));
  }
  return attributes;
}

SourceAttributes SourceAttributes::Synthetic(const Instance& instance) {
  SourceAttributes attributes;
  attributes.sop_instance_uid_ = instance.sop_instance_uid;
  attributes.series_instance_uid_ = instance.series_instance_uid;
  attributes.study_instance_uid_ = instance.study_instance_uid;
  return attributes;
}

}  // namespace camnode
