#include "core/dicom/film/instance_header.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/status_macros.h"
#include "core/dicom/file/attribute_table.h"
#include "core/dicom/file/dataset_scanner.h"
#include "core/dicom/file/implementation.h"
#include "core/dicom/file/tags.h"
#include "core/dicom/film/patient_age.h"

namespace camnode {
namespace {

constexpr WantedAttribute kWanted[] = {
    {tags::kImageType},
    {tags::kInstanceCreatorUid},
    {tags::kSopClassUid},
    {tags::kSopInstanceUid},
    {tags::kModality},
    {tags::kPresentationIntentType},
    {tags::kSeriesDescription},
    {tags::kPatientSpeciesDescription},
    {tags::kPatientBreedDescription},
    {tags::kBodyPartExamined},
    {tags::kProtocolName},
    {tags::kProcessingDescription},
    {tags::kPatientPosition},
    {tags::kViewPosition},
    {tags::kStudyInstanceUid},
    {tags::kSeriesInstanceUid},
    {tags::kPatientOrientation},
    {tags::kSamplesPerPixel},
    {tags::kPhotometricInterpretation},
    {tags::kNumberOfFrames},
    {tags::kRows},
    {tags::kColumns},
    {tags::kBitsAllocated},
    {tags::kStudyDate},
    {tags::kAcquisitionDate},
    {tags::kPatientBirthDate},
    {tags::kPatientAge},
    {tags::kCodeValue, tags::kAnatomicRegionSequence},
    {tags::kCodingSchemeDesignator, tags::kAnatomicRegionSequence},
    {tags::kCodeMeaning, tags::kAnatomicRegionSequence},
    {tags::kCodeValue, tags::kViewCodeSequence},
    {tags::kCodingSchemeDesignator, tags::kViewCodeSequence},
    {tags::kCodeMeaning, tags::kViewCodeSequence},
    {tags::kManufacturer, tags::kContributingEquipmentSequence},
    {tags::kDeviceUid, tags::kContributingEquipmentSequence},
};

absl::StatusOr<Uid> NeededUid(const AttributeTable& table, uint32_t tag, absl::string_view name) {
  if (!table.Has(tag)) {
    return absl::InvalidArgumentError(absl::StrCat(name, " ", TagText(tag), " is absent"));
  }
  absl::StatusOr<Uid> uid = Uid::Parse(table.Bytes(tag));
  if (!uid.ok()) return Annotate(uid.status(), absl::StrCat(name, " ", TagText(tag)));
  return uid;
}

HeaderCode CodeIn(const AttributeTable& table, uint32_t sequence) {
  return {table.Text(tags::kCodeValue, sequence),
          table.Text(tags::kCodingSchemeDesignator, sequence),
          table.Text(tags::kCodeMeaning, sequence)};
}

std::string FilmDate(const AttributeTable& table) {
  std::string date = table.Text(tags::kAcquisitionDate);
  return date.empty() ? table.Text(tags::kStudyDate) : date;
}

bool ContributedByCamnode(const AttributeTable& table) {
  for (int item = 0; item < table.Items(tags::kContributingEquipmentSequence); ++item) {
    if (table.Text(tags::kManufacturer, tags::kContributingEquipmentSequence, item) ==
        kCamnodeManufacturer) {
      return true;
    }
  }
  return false;
}

}  // namespace

absl::StatusOr<InstanceHeader> ReadInstanceHeader(const std::string& path) {
  AttributeTable table(kWanted);
  CAMNODE_RETURN_IF_ERROR(ScanDicomFile(path, ScanExtent::kHeader, table));
  InstanceHeader header;
  header.transfer_syntax_uid = table.meta().transfer_syntax_uid;
  CAMNODE_ASSIGN_OR_RETURN(header.sop_class_uid,
                           NeededUid(table, tags::kSopClassUid, "SOP Class UID"));
  CAMNODE_ASSIGN_OR_RETURN(header.sop_instance_uid,
                           NeededUid(table, tags::kSopInstanceUid, "SOP Instance UID"));
  CAMNODE_ASSIGN_OR_RETURN(header.study_instance_uid,
                           NeededUid(table, tags::kStudyInstanceUid, "Study Instance UID"));
  CAMNODE_ASSIGN_OR_RETURN(header.series_instance_uid,
                           NeededUid(table, tags::kSeriesInstanceUid, "Series Instance UID"));
  if (const auto creator = Uid::Parse(table.Bytes(tags::kInstanceCreatorUid)); creator.ok()) {
    header.instance_creator_uid = *creator;
  }
  header.modality = table.Text(tags::kModality);
  header.image_type = table.Texts(tags::kImageType);
  header.presentation_intent = table.Text(tags::kPresentationIntentType);
  header.body_part = table.Text(tags::kBodyPartExamined);
  header.view_position = table.Text(tags::kViewPosition);
  header.patient_position = table.Text(tags::kPatientPosition);
  header.patient_orientation = table.Text(tags::kPatientOrientation);
  header.photometric_interpretation = table.Text(tags::kPhotometricInterpretation);
  header.rows = table.Word(tags::kRows).value_or(0);
  header.columns = table.Word(tags::kColumns).value_or(0);
  header.samples_per_pixel = table.Word(tags::kSamplesPerPixel).value_or(0);
  header.bits_allocated = table.Word(tags::kBitsAllocated).value_or(0);
  header.frames = std::max(1, table.Integer(tags::kNumberOfFrames).value_or(1));
  header.anatomic_region = CodeIn(table, tags::kAnatomicRegionSequence);
  header.view_code = CodeIn(table, tags::kViewCodeSequence);
  header.age_years = PatientAgeYears(table.Text(tags::kPatientAge),
                                     table.Text(tags::kPatientBirthDate), FilmDate(table));
  for (const uint32_t tag :
       {tags::kSeriesDescription, tags::kProtocolName, tags::kProcessingDescription}) {
    if (std::string text = table.Text(tag); !text.empty()) {
      header.descriptions.push_back(std::move(text));
    }
  }
  header.names_species = !table.Text(tags::kPatientSpeciesDescription).empty() ||
                         !table.Text(tags::kPatientBreedDescription).empty();
  header.contributed_by_camnode = ContributedByCamnode(table);
  return header;
}

}  // namespace camnode
