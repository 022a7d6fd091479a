#include "core/dicom/derived/derived_object_writer.h"

#include <cstdlib>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/base/status_macros.h"
#include "core/base/version.h"
#include "core/dicom/file/implementation.h"
#include "core/dicom/file/of_condition.h"
#include "dcmtk/config/osconfig.h"
#include "dcmtk/dcmdata/dcdatset.h"
#include "dcmtk/dcmdata/dcdeftag.h"
#include "dcmtk/dcmdata/dcelem.h"

namespace camnode {
namespace {

constexpr size_t kMaxLongString = 64;   // LO
constexpr size_t kMaxShortText = 1024;  // ST

absl::Status CheckText(absl::string_view text, size_t max_bytes, absl::string_view what) {
  if (text.size() > max_bytes) {
    return absl::InvalidArgumentError(absl::StrCat(what, " is longer than ", max_bytes));
  }
  for (const char c : text) {
    if (!absl::ascii_isprint(static_cast<unsigned char>(c)) || c == '\\') {
      return absl::InvalidArgumentError(absl::StrCat(what, " is not plain ASCII text"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckTexts(const DerivedObject& object) {
  CAMNODE_RETURN_IF_ERROR(
      CheckText(object.series_description, kMaxLongString, "the series description"));
  CAMNODE_RETURN_IF_ERROR(CheckText(object.derivation, kMaxShortText, "the derivation"));
  for (const ContributingModel& model : object.models) {
    CAMNODE_RETURN_IF_ERROR(CheckText(model.name, kMaxLongString, "a model's name"));
    CAMNODE_RETURN_IF_ERROR(CheckText(model.version, kMaxLongString, "a model's version"));
  }
  return absl::OkStatus();
}

std::string TextOf(const DcmDataset& dataset, const DcmTagKey& tag) {
  OFString value;
  const_cast<DcmDataset&>(dataset).findAndGetOFStringArray(tag, value);
  std::string text(value.c_str(), value.length());
  while (!text.empty() && (text.back() == ' ' || text.back() == '\0')) text.pop_back();
  return text;
}

// "+0530" as seconds east of Greenwich (PS3.3 C.12.1.1.8: -1200 to +1400).
bool ParseOffset(const std::string& text, int& seconds) {
  int hours = 0;
  int minutes = 0;
  if (text.size() != 5 || (text[0] != '+' && text[0] != '-')) return false;
  if (!absl::ascii_isdigit(text[1]) || !absl::ascii_isdigit(text[3])) return false;
  if (!absl::SimpleAtoi(text.substr(1, 2), &hours)) return false;
  if (!absl::SimpleAtoi(text.substr(3, 2), &minutes)) return false;
  if (hours > 14 || minutes > 59) return false;
  seconds = (text[0] == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
  return true;
}

// Type 2: present, if only empty.
void PutMissing(DcmDataset& dataset, ItemWriter& writer) {
  for (const DcmTagKey& tag :
       {DCM_PatientName, DCM_PatientID, DCM_PatientBirthDate, DCM_PatientSex, DCM_StudyDate,
        DCM_StudyTime, DCM_AccessionNumber, DCM_ReferringPhysicianName, DCM_StudyID}) {
    if (!dataset.tagExists(tag)) writer.Text(tag, "");
  }
  // Without a body part nobody can tell that it is not one of a pair.
  if (TextOf(dataset, DCM_BodyPartExamined).empty() && !dataset.tagExists(DCM_Laterality) &&
      !dataset.tagExists(DCM_ImageLaterality)) {
    writer.Text(DCM_Laterality, "");
  }
}

void PutSource(const SourceAttributes& source, ItemWriter& writer) {
  // Common Instance Reference (C.12.2); Source Image Sequence belongs to images.
  DcmItem* series = writer.Item(DCM_ReferencedSeriesSequence);
  if (series == nullptr) return;
  ItemWriter series_writer(*series);
  series_writer.Text(DCM_SeriesInstanceUID, source.series_instance_uid().text());
  if (DcmItem* instance = series_writer.Item(DCM_ReferencedInstanceSequence)) {
    ItemWriter(*instance)
        .Text(DCM_ReferencedSOPClassUID, source.sop_class_uid().text())
        .Text(DCM_ReferencedSOPInstanceUID, source.sop_instance_uid().text());
  }
}

// One item of Contributing Equipment for a model, or for camnode itself.
absl::Status PutProcessing(const ContributingModel& model, const ObjectTime& time, int position,
                           ItemWriter& dataset_writer) {
  DcmItem* item = dataset_writer.Item(DCM_ContributingEquipmentSequence, position);
  if (item == nullptr) return dataset_writer.status();
  ItemWriter writer(*item);
  writer.Code(DCM_PurposeOfReferenceCodeSequence, 0, "109102", "DCM", "Processing Equipment")
      .Text(DCM_Manufacturer, kCamnodeManufacturer)
      .Text(DCM_ManufacturerModelName, model.name)
      .Text(DCM_SoftwareVersions, model.version)
      .Text(DCM_ContributionDateTime, time.date + time.time)
      .Text(DCM_ContributionDescription, "Analysis by a neural network, for research only");
  if (!model.device_uid.empty()) writer.Text(DCM_DeviceUID, model.device_uid.text());
  return writer.status();
}

// The device that made the film, where the film names a manufacturer (type 1).
absl::Status PutAcquisition(const SourceAttributes& source, int position,
                            ItemWriter& dataset_writer) {
  const DcmDataset& equipment = source.equipment();
  if (TextOf(equipment, DCM_Manufacturer).empty()) return absl::OkStatus();
  DcmItem* item = dataset_writer.Item(DCM_ContributingEquipmentSequence, position);
  if (item == nullptr) return dataset_writer.status();
  ItemWriter writer(*item);
  writer.Code(DCM_PurposeOfReferenceCodeSequence, 0, "109101", "DCM", "Acquisition Equipment");
  CAMNODE_RETURN_IF_ERROR(writer.status());
  for (unsigned long i = 0; i < equipment.card(); ++i) {
    DcmElement* const element = const_cast<DcmDataset&>(equipment).getElement(i);
    if (element->getLength() == 0) continue;
    CAMNODE_RETURN_IF_ERROR(
        ToStatus(item->insert(static_cast<DcmElement*>(element->clone()), OFTrue, OFFalse),
                 "acquisition equipment", absl::StatusCode::kInternal));
  }
  return absl::OkStatus();
}

absl::Status PutContributingEquipment(const DerivedObject& object, const SourceAttributes& source,
                                      const ObjectTime& time, ItemWriter& writer) {
  int position = 0;
  for (const ContributingModel& model : object.models) {
    CAMNODE_RETURN_IF_ERROR(PutProcessing(model, time, position++, writer));
  }
  if (object.models.empty()) {
    const ContributingModel node{kCamnodeManufacturer, kCamnodeVersion,
                                 CamnodeImplementationClassUid()};
    CAMNODE_RETURN_IF_ERROR(PutProcessing(node, time, position++, writer));
  }
  return PutAcquisition(source, position, writer);
}

}  // namespace

ItemWriter& ItemWriter::Text(const DcmTagKey& tag, const std::string& value) {
  if (status_.ok()) {
    status_ = ToStatus(item_.putAndInsertString(tag, value.c_str()), tag.toString().c_str(),
                       absl::StatusCode::kInternal);
  }
  return *this;
}

ItemWriter& ItemWriter::Number(const DcmTagKey& tag, int value) {
  if (status_.ok()) {
    status_ = ToStatus(item_.putAndInsertUint16(tag, static_cast<Uint16>(value)),
                       tag.toString().c_str(), absl::StatusCode::kInternal);
  }
  return *this;
}

DcmItem* ItemWriter::Item(const DcmTagKey& sequence, int position) {
  if (!status_.ok()) return nullptr;
  DcmItem* item = nullptr;
  status_ = ToStatus(item_.findOrCreateSequenceItem(sequence, item, position),
                     sequence.toString().c_str(), absl::StatusCode::kInternal);
  return item;
}

ItemWriter& ItemWriter::Code(const DcmTagKey& sequence, int position, absl::string_view value,
                             absl::string_view scheme, absl::string_view meaning) {
  if (DcmItem* item = Item(sequence, position)) {
    ItemWriter code(*item);
    code.Text(DCM_CodeValue, std::string(value))
        .Text(DCM_CodingSchemeDesignator, std::string(scheme))
        .Text(DCM_CodeMeaning, std::string(meaning));
    status_ = code.status();
  }
  return *this;
}

absl::StatusOr<ObjectTime> TimeOfObject(const DerivedObject& object,
                                        const SourceAttributes& source) {
  ObjectTime result;
  absl::TimeZone zone;
  int seconds = 0;
  const std::string offset = TextOf(source.dataset(), DCM_TimezoneOffsetFromUTC);
  if (ParseOffset(offset, seconds)) {
    // It holds for every date and time of the object, copied ones too.
    zone = absl::FixedTimeZone(seconds);
    result.timezone_offset = offset;
  } else if (!absl::LoadTimeZone(object.time_zone, &zone)) {
    return absl::InvalidArgumentError("the configured time zone is not known to this machine");
  }
  const absl::Time started = FromUnixMs(object.analysis_started_ms);
  result.date = absl::FormatTime("%E4Y%m%d", started, zone);
  result.time = absl::FormatTime("%H%M%E3S", started, zone);
  return result;
}

absl::Status PutSharedModules(const DerivedObject& object, const SourceAttributes& source,
                              const ObjectTime& time, const char* sop_class, const char* modality,
                              DcmDataset& dataset) {
  CAMNODE_RETURN_IF_ERROR(CheckTexts(object));
  dataset = source.dataset();
  ItemWriter writer(dataset);
  PutMissing(dataset, writer);
  if (time.timezone_offset.empty()) dataset.findAndDeleteElement(DCM_TimezoneOffsetFromUTC);

  // SOP Common (C.12.1)
  writer.Text(DCM_SOPClassUID, sop_class)
      .Text(DCM_SOPInstanceUID, object.sop_instance_uid.text())
      .Text(DCM_InstanceCreatorUID, CamnodeInstanceCreatorUid().text())
      .Text(DCM_InstanceCreationDate, time.date)
      .Text(DCM_InstanceCreationTime, time.time);
  // General Study and General Series (C.7.2.1, C.7.3.1)
  writer.Text(DCM_StudyInstanceUID, source.study_instance_uid().text())
      .Text(DCM_SeriesInstanceUID, object.series_instance_uid.text())
      .Text(DCM_Modality, modality)
      .Text(DCM_SeriesNumber, absl::StrCat(object.series_number))
      .Text(DCM_SeriesDescription, object.series_description)
      .Text(DCM_SeriesDate, time.date)
      .Text(DCM_SeriesTime, time.time)
      .Text(DCM_InstanceNumber, absl::StrCat(object.instance_number))
      .Text(DCM_ContentDate, time.date)
      .Text(DCM_ContentTime, time.time);
  // General Equipment, enhanced (C.7.5.1, C.7.5.2)
  writer.Text(DCM_Manufacturer, kCamnodeManufacturer)
      .Text(DCM_ManufacturerModelName, kCamnodeManufacturer)
      .Text(DCM_DeviceSerialNumber, kCamnodeVersion)
      .Text(DCM_SoftwareVersions, kCamnodeVersion);
  if (source.is_dicom()) PutSource(source, writer);
  CAMNODE_RETURN_IF_ERROR(PutContributingEquipment(object, source, time, writer));
  return writer.status();
}

}  // namespace camnode
