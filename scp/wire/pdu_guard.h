// Looks at the bytes of a connection before DCMTK does, and stops what DCMTK 3.6.7
// would trust: bytes that are no DICOM, malformed association requests, huge PDUs,
// command sets that are endless or nested (DCMTK parses those recursively).

#ifndef CAMNODE_SCP_WIRE_PDU_GUARD_H_
#define CAMNODE_SCP_WIRE_PDU_GUARD_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "scp/settings/acceptor_settings.h"

namespace camnode {

struct PduGuardOptions {
  // Whether the peer opens with A-ASSOCIATE-RQ (we accept) or answers ours.
  bool peer_is_requestor = true;
  // Largest A-ASSOCIATE PDU.  128 presentation contexts with a dozen transfer
  // syntaxes each fit.
  uint32_t max_associate_bytes = 256 * 1024;
  // Largest P-DATA PDU: what we announced.
  uint32_t max_data_pdu_bytes = kMaxPduBytes;
  // Largest command set (PS3.7 6.3), over all its fragments.  Real ones have some
  // 300 bytes.
  uint32_t max_command_bytes = 64 * 1024;
};

// Follows one direction of one connection.  Used by one thread.
class PduGuard {
 public:
  explicit PduGuard(const PduGuardOptions& options) : options_(options) {}

  // The next bytes received, cut anywhere.
  // Errors: kInvalidArgument (says what is wrong, in our words); the connection
  // cannot be used any further.
  absl::Status Consume(absl::string_view bytes);

 private:
  enum class Expecting { kPduHeader, kAssociate, kPduBody, kPdvHeader, kPdvData };

  absl::Status OnPduHeader();
  absl::Status OnAssociateBytes(absl::string_view& bytes);
  absl::Status OnPdvHeader();
  absl::Status OnCommandBytes(absl::string_view bytes);
  absl::Status OnCommandElement();
  void AfterPdv();

  const PduGuardOptions options_;
  Expecting expecting_ = Expecting::kPduHeader;
  bool associated_ = false;
  std::string associate_;  // The A-ASSOCIATE PDU's body as far as it has come.

  std::array<uint8_t, 6> header_{};  // Of the PDU or PDV at hand.
  size_t header_size_ = 0;
  uint32_t pdu_left_ = 0;
  uint32_t pdv_left_ = 0;
  bool pdv_is_command_ = false;
  bool pdv_is_last_ = false;

  uint32_t command_bytes_ = 0;
  std::array<uint8_t, 8> element_{};  // Tag and length of the command element at hand.
  size_t element_size_ = 0;
  uint32_t value_left_ = 0;
};

}  // namespace camnode

#endif  // CAMNODE_SCP_WIRE_PDU_GUARD_H_
