// The two tables between Status and DIMSE status (PS3.4 B.2.3, PS3.7 annex C).

#ifndef CAMNODE_SCP_WIRE_DIMSE_STATUS_H_
#define CAMNODE_SCP_WIRE_DIMSE_STATUS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace camnode {

inline constexpr uint16_t kDimseSuccess = 0x0000;
inline constexpr uint16_t kDimseDuplicateInstance = 0x0111;
inline constexpr uint16_t kDimseSopClassNotSupported = 0x0122;
inline constexpr uint16_t kDimseNotAuthorized = 0x0124;
inline constexpr uint16_t kDimseOutOfResources = 0xA700;
inline constexpr uint16_t kDimseDataSetMismatch = 0xA900;
inline constexpr uint16_t kDimseCannotUnderstand = 0xC000;

// Coming in: how a C-STORE that ended with `code` is answered.  Depends on the
// code alone: kAlreadyExists means other bytes under a known UID, because a
// repeat of the same bytes is OK.
uint16_t DimseStatusFor(absl::StatusCode code);

// One row for each status that a C-STORE can be answered with.
struct StoreAnswer {
  uint16_t status;
  const char* when;
};
const std::vector<StoreAnswer>& StoreAnswers();

// Short text for Error Comment (0000,0902): ASCII, at most 64 characters, made
// from the code alone and so free of anything out of a data set.  "" for kOk.
std::string ErrorCommentFor(absl::StatusCode code);

// Going out: what a peer's answer means for a delivery.
enum class DeliveryOutcome {
  kDelivered,      // 0x0000, warnings 0xBxxx and the like, 0x0111 duplicate.
  kRetry,          // Out of resources: again, for ever.
  kRetryThenBury,  // Again, a few times.
  kBury,           // Refused for good.
};
DeliveryOutcome OutcomeFor(uint16_t dimse_status);

// "0xA700"
std::string DimseStatusText(uint16_t dimse_status);

}  // namespace camnode

#endif  // CAMNODE_SCP_WIRE_DIMSE_STATUS_H_
