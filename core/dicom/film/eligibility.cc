#include "core/dicom/film/eligibility.h"

#include <algorithm>
#include <initializer_list>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "core/dicom/file/implementation.h"
#include "core/dicom/film/header_vocabulary.h"

namespace camnode {
namespace {

using Result = absl::optional<Ineligibility>;

constexpr int kMinSidePixels = 64;
// Longer side over shorter: a film is rarely beyond 2.
constexpr int kMaxSideRatio = 4;

constexpr absl::string_view kComputedRadiography = "1.2.840.10008.5.1.4.1.1.1";
constexpr absl::string_view kDigitalXRayForPresentation = "1.2.840.10008.5.1.4.1.1.1.1";
constexpr absl::string_view kDigitalXRayForProcessing = "1.2.840.10008.5.1.4.1.1.1.1.1";
// Single-frame, and the multi-frame ones, which may hold one frame.
constexpr absl::string_view kSecondaryCapture = "1.2.840.10008.5.1.4.1.1.7";

Ineligibility Refuse(absl::string_view code, absl::string_view reason) {
  return Ineligibility{std::string(code), std::string(reason)};
}

bool IsOneOf(absl::string_view text, std::initializer_list<absl::string_view> list) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

Result CheckOrigin(const InstanceHeader& header) {
  if (header.contributed_by_camnode || header.instance_creator_uid == CamnodeInstanceCreatorUid()) {
    return Refuse("OWN_OUTPUT", "The object was made by camnode.");
  }
  return absl::nullopt;
}

Result CheckKind(const InstanceHeader& header) {
  const std::string& sop_class = header.sop_class_uid.text();
  if (sop_class == kDigitalXRayForProcessing) {
    return Refuse("NOT_FOR_PRESENTATION",
                  "SOP Class UID (0008,0016) is Digital X-Ray For Processing: raw data.");
  }
  if (sop_class != kComputedRadiography && sop_class != kDigitalXRayForPresentation &&
      sop_class != kSecondaryCapture &&
      !absl::StartsWith(sop_class, absl::StrCat(kSecondaryCapture, "."))) {
    return Refuse("NOT_A_RADIOGRAPH",
                  "SOP Class UID (0008,0016) is neither CR, DX nor Secondary Capture.");
  }
  if (!IsOneOf(header.modality, {"", "CR", "DX", "DR", "RG", "OT", "SC"})) {
    return Refuse("NOT_A_RADIOGRAPH", "Modality (0008,0060) is not one of projection radiography.");
  }
  if (absl::AsciiStrToUpper(header.presentation_intent) == "FOR PROCESSING") {
    return Refuse("NOT_FOR_PRESENTATION",
                  "Presentation Intent Type (0008,0068) is FOR PROCESSING: raw data.");
  }
  for (const std::string& value : header.image_type) {
    if (IsOneOf(absl::AsciiStrToUpper(value), {"LOCALIZER", "LOCALISER", "SCOUT"})) {
      return Refuse("LOCALIZER", "Image Type (0008,0008) says localizer.");
    }
  }
  return absl::nullopt;
}

Result CheckPixelModule(const InstanceHeader& header) {
  if (header.frames > 1) {
    return Refuse("MULTI_FRAME", "Number of Frames (0028,0008) is more than 1.");
  }
  const bool has_size = header.rows > 0 && header.columns > 0;
  if (has_size && std::min(header.rows, header.columns) < kMinSidePixels) {
    return Refuse("TOO_SMALL", "Rows (0028,0010) or Columns (0028,0011) is below 64 pixels.");
  }
  if (has_size && std::max(header.rows, header.columns) >
                      kMaxSideRatio * std::min(header.rows, header.columns)) {
    return Refuse("ODD_SHAPE", "Rows (0028,0010) and Columns (0028,0011) make a strip, no film.");
  }
  if (IsOneOf(header.photometric_interpretation, {"ARGB", "CMYK", "HSV"})) {
    return Refuse("NOT_GRAYSCALE",
                  "Photometric Interpretation (0028,0004) is one of colour pictures.");
  }
  return absl::nullopt;
}

Result CheckSubject(const InstanceHeader& header) {
  Words words;
  for (const std::string& text : header.descriptions) {
    for (std::string& word : SplitWords(text)) words.push_back(std::move(word));
  }
  if (header.names_species || HasWord(words, {"CANINE", "FELINE", "EQUINE", "AVIAN", "BOVINE",
                                              "VETERINARY", "DOG", "CAT", "HORSE"})) {
    return Refuse("NOT_HUMAN", "A species is named or a description speaks of an animal.");
  }
  const std::string body_part = absl::AsciiStrToUpper(header.body_part);
  if (!IsOneOf(body_part, {"", "UNKNOWN", "OTHER", "NONE", "NA", "N/A", "DEFAULT"})) {
    if (SaysChest(body_part)) return absl::nullopt;
    return Refuse("NOT_CHEST", "Body Part Examined (0018,0015) is not the chest.");
  }
  if (SaysOtherBodyPart(header.anatomic_region)) {
    return Refuse("NOT_CHEST", "Anatomic Region Sequence (0008,2218) is not the chest.");
  }
  if (!header.anatomic_region.empty()) return absl::nullopt;
  const bool chest =
      std::any_of(header.descriptions.begin(), header.descriptions.end(),
                  [](const std::string& description) { return SaysChest(description); });
  if (!chest && SaysOtherBodyPart(words)) {
    return Refuse("NOT_CHEST",
                  "Series Description (0008,103E), Protocol Name (0018,1030) or Acquisition Device "
                  "Processing Description (0018,1400) names another body part.");
  }
  return absl::nullopt;
}

Result CheckView(const InstanceHeader& header) {
  const std::vector<std::string> axes = absl::StrSplit(header.patient_orientation, '\\');
  for (const std::string& axis : axes) {
    // A side view has the front or the back of the patient along an edge.
    if (absl::StartsWith(axis, "A") || absl::StartsWith(axis, "P")) {
      return Refuse("NOT_FRONTAL", "Patient Orientation (0020,0020) is that of a side view.");
    }
  }
  const Words view = SplitWords(header.view_position);
  if (SaysNotFrontal(view)) {
    return Refuse("NOT_FRONTAL", "View Position (0018,5101) is not frontal.");
  }
  if (SaysNotFrontal(header.view_code)) {
    return Refuse("NOT_FRONTAL", "View Code Sequence (0054,0220) is not frontal.");
  }
  if (!view.empty() && !SaysFrontal(view) &&
      !HasWord(view, {"ERECT", "SUPINE", "STANDING", "UPRIGHT", "SITTING", "PORTABLE", "BEDSIDE",
                      "CHEST", "THORAX", "NONE", "UNKNOWN"})) {
    return Refuse("UNKNOWN_VIEW", "View Position (0018,5101) holds no view that is known.");
  }
  // Some writers put the view here; the defined terms are recumbent positions.
  const Words position = SplitWords(header.patient_position);
  if (SaysNotFrontal(position) || HasWord(position, {"HFDR", "HFDL", "FFDR", "FFDL"})) {
    return Refuse("NOT_FRONTAL", "Patient Position (0018,5100) is not frontal.");
  }
  if (!position.empty() && !SaysFrontal(position) &&
      !HasWord(position, {"HFP", "HFS", "FFP", "FFS", "LFP", "LFS", "RFP", "RFS", "ERECT", "SUPINE",
                          "STANDING", "UPRIGHT", "SITTING", "PRONE", "UNKNOWN"})) {
    return Refuse(
        "UNKNOWN_VIEW",
        "Patient Position (0018,5100) holds neither a position nor a view that is known.");
  }
  if (!view.empty() || !header.view_code.empty()) return absl::nullopt;
  for (const std::string& text : header.descriptions) {
    const Words words = SplitWords(text);
    if (HasWord(words, {"LATERAL", "LAT"}) && !SaysFrontal(words)) {
      return Refuse("NOT_FRONTAL",
                    "Series Description (0008,103E), Protocol Name (0018,1030) or Acquisition "
                    "Device Processing Description (0018,1400) names a side view.");
    }
  }
  return absl::nullopt;
}

}  // namespace

Result CheckHeader(const InstanceHeader& header) {
  for (const auto check : {CheckOrigin, CheckKind, CheckPixelModule, CheckSubject, CheckView}) {
    if (Result refused = check(header)) return refused;
  }
  return absl::nullopt;
}

}  // namespace camnode
