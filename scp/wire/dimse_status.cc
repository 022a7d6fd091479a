#include "scp/wire/dimse_status.h"

#include "absl/strings/str_format.h"

namespace camnode {

uint16_t DimseStatusFor(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kOk:
      return kDimseSuccess;
    case absl::StatusCode::kInvalidArgument:
      return kDimseDataSetMismatch;
    case absl::StatusCode::kDataLoss:
      return kDimseCannotUnderstand;
    case absl::StatusCode::kUnimplemented:
      return kDimseSopClassNotSupported;
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
      return kDimseNotAuthorized;
    case absl::StatusCode::kAlreadyExists:
      return kDimseDuplicateInstance;
    default:
      // The world's fault or ours, not the object's: the sender may try again.
      return kDimseOutOfResources;
  }
}

const std::vector<StoreAnswer>& StoreAnswers() {
  static const auto& answers = *new std::vector<StoreAnswer>{
      {kDimseSuccess,
       "stored durably and queued; also a repeat of the same bytes, and, not analysed, our own "
       "outputs and what was put into the quarantine"},
      {kDimseDuplicateInstance,
       "the SOP Instance UID is stored in another study, or with other bytes and there is no "
       "quarantine or no room in it"},
      {kDimseSopClassNotSupported, "SOP class is not that of the presentation context"},
      {kDimseOutOfResources,
       "too little disk, too many jobs waiting, data set too large, storage unavailable: try "
       "again"},
      {kDimseDataSetMismatch, "UIDs missing, malformed, or not those of the command"},
      {kDimseCannotUnderstand, "the data set cannot be walked to its pixels"},
  };
  return answers;
}

std::string ErrorCommentFor(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kOk:
      return "";
    case absl::StatusCode::kInvalidArgument:
      return "UIDs missing, malformed or not those of the command";
    case absl::StatusCode::kDataLoss:
      return "Data set cannot be parsed";
    case absl::StatusCode::kUnimplemented:
      return "SOP class not accepted in this presentation context";
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnauthenticated:
      return "Not authorized";
    case absl::StatusCode::kAlreadyExists:
      return "SOP Instance UID is stored with other content";
    case absl::StatusCode::kResourceExhausted:
      return "Out of disk, queue full or data set too large";
    default:
      return "Cannot store now, try again later";
  }
}

DeliveryOutcome OutcomeFor(uint16_t dimse_status) {
  switch (dimse_status) {
    case kDimseSuccess:
    case kDimseDuplicateInstance:
    case 0x0001:  // Warnings of PS3.7 C: requested optional attributes, attribute
    case 0x0107:  // list, attribute value.  The object was stored.
    case 0x0116:
      return DeliveryOutcome::kDelivered;
    case 0xA778:  // dcm4chee: patient id or patient attributes differ from those
    case 0xA779:  // of the study that it has.
    case kDimseSopClassNotSupported:
    case kDimseNotAuthorized:
      return DeliveryOutcome::kBury;
    default:
      break;
  }
  const int high = dimse_status >> 8;
  if ((high & 0xF0) == 0xB0) return DeliveryOutcome::kDelivered;
  if (high == 0xA7) return DeliveryOutcome::kRetry;
  if (high == 0xA9 || (high & 0xF0) == 0xC0) return DeliveryOutcome::kBury;
  // 0x0110, 0x0117, 0x0213, and whatever the standard does not foresee.
  return DeliveryOutcome::kRetryThenBury;
}

std::string DimseStatusText(uint16_t dimse_status) {
  return absl::StrFormat("0x%04X", dimse_status);
}

}  // namespace camnode
