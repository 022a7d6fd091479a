#include "scp/wire/pdu_guard.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "scp/wire/associate_check.h"

namespace camnode {
namespace {

// PDU types (PS3.8 9.3).
constexpr uint8_t kAssociateRq = 1;
constexpr uint8_t kAssociateAc = 2;
constexpr uint8_t kAssociateRj = 3;
constexpr uint8_t kData = 4;
constexpr uint8_t kReleaseRq = 5;
constexpr uint8_t kReleaseRp = 6;
constexpr uint8_t kAbort = 7;
constexpr uint32_t kShortPduBytes = 4;

// Record types of TLS (RFC 8446 5.1), which are no PDU types.
constexpr uint8_t kTlsAlert = 0x15;
constexpr uint8_t kTlsHandshake = 0x16;

// Message control header (PS3.8 annex E).
constexpr uint8_t kCommandBit = 1;
constexpr uint8_t kLastBit = 2;

uint32_t BigEndian32(const uint8_t* bytes) {
  return static_cast<uint32_t>(bytes[0]) << 24 | static_cast<uint32_t>(bytes[1]) << 16 |
         static_cast<uint32_t>(bytes[2]) << 8 | static_cast<uint32_t>(bytes[3]);
}

uint32_t LittleEndian32(const uint8_t* bytes) {
  return static_cast<uint32_t>(bytes[3]) << 24 | static_cast<uint32_t>(bytes[2]) << 16 |
         static_cast<uint32_t>(bytes[1]) << 8 | static_cast<uint32_t>(bytes[0]);
}

// Moves bytes from the front of `bytes` to `buffer` until that is full or no more
// are left.
template <size_t size>
bool Fill(std::array<uint8_t, size>& buffer, size_t& filled, absl::string_view& bytes) {
  const size_t taken = std::min(size - filled, bytes.size());
  std::copy_n(bytes.begin(), taken, buffer.begin() + filled);
  filled += taken;
  bytes.remove_prefix(taken);
  return filled == size;
}

absl::Status Malformed(absl::string_view what) { return absl::InvalidArgumentError(what); }

// For the first byte of a connection that begins no PDU of DICOM's.
absl::string_view NotDicomReason(uint8_t first_byte, bool peer_is_requestor) {
  if (first_byte == kTlsHandshake) {
    return "the peer speaks TLS on the plain DICOM port; turn TLS off there, or let it use "
           "dicom.tls.port";
  }
  if (first_byte == kTlsAlert && !peer_is_requestor) {
    return "the destination wants TLS on this port; set tls: true for it";
  }
  if (absl::ascii_isupper(first_byte)) {
    return "the peer speaks HTTP or another text protocol on the DICOM port";
  }
  return "not DICOM: first bytes are no A-ASSOCIATE PDU";
}

}  // namespace

absl::Status PduGuard::Consume(absl::string_view bytes) {
  while (!bytes.empty()) {
    absl::Status status;
    switch (expecting_) {
      case Expecting::kPduHeader:
        if (Fill(header_, header_size_, bytes)) status = OnPduHeader();
        break;
      case Expecting::kAssociate:
        status = OnAssociateBytes(bytes);
        break;
      case Expecting::kPduBody: {
        const size_t skipped = std::min<size_t>(pdu_left_, bytes.size());
        bytes.remove_prefix(skipped);
        pdu_left_ -= static_cast<uint32_t>(skipped);
        if (pdu_left_ == 0) expecting_ = Expecting::kPduHeader;
        break;
      }
      case Expecting::kPdvHeader:
        if (Fill(header_, header_size_, bytes)) status = OnPdvHeader();
        break;
      case Expecting::kPdvData: {
        const absl::string_view data = bytes.substr(0, pdv_left_);
        bytes.remove_prefix(data.size());
        pdv_left_ -= static_cast<uint32_t>(data.size());
        if (pdv_is_command_) status = OnCommandBytes(data);
        if (pdv_left_ == 0) AfterPdv();
        break;
      }
    }
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status PduGuard::OnPduHeader() {
  header_size_ = 0;
  const uint8_t type = header_[0];
  pdu_left_ = BigEndian32(&header_[2]);
  expecting_ = pdu_left_ > 0 ? Expecting::kPduBody : Expecting::kPduHeader;

  const bool opens = options_.peer_is_requestor ? type == kAssociateRq
                                                : type == kAssociateAc || type == kAssociateRj;
  if (opens) {
    if (associated_) return Malformed("second A-ASSOCIATE PDU");
    if (pdu_left_ > options_.max_associate_bytes) return Malformed("A-ASSOCIATE PDU too large");
    associated_ = true;
    if (type == kAssociateRj) return absl::OkStatus();
    expecting_ = Expecting::kAssociate;
    return pdu_left_ > 0 ? absl::OkStatus() : Malformed("A-ASSOCIATE PDU is empty");
  }
  if (type == kAbort) {
    return pdu_left_ == kShortPduBytes ? absl::OkStatus() : Malformed("A-ABORT PDU of wrong size");
  }
  if (!associated_) return Malformed(NotDicomReason(type, options_.peer_is_requestor));
  if (type == kReleaseRq || type == kReleaseRp) {
    return pdu_left_ == kShortPduBytes ? absl::OkStatus()
                                       : Malformed("A-RELEASE PDU of wrong size");
  }
  if (type != kData) return Malformed("PDU of unexpected type");
  if (pdu_left_ < sizeof header_) return Malformed("P-DATA PDU too small");
  if (pdu_left_ > options_.max_data_pdu_bytes) {
    return Malformed("P-DATA PDU larger than negotiated");
  }
  expecting_ = Expecting::kPdvHeader;
  return absl::OkStatus();
}

absl::Status PduGuard::OnAssociateBytes(absl::string_view& bytes) {
  const absl::string_view taken = bytes.substr(0, pdu_left_);
  associate_.append(taken.data(), taken.size());
  bytes.remove_prefix(taken.size());
  pdu_left_ -= static_cast<uint32_t>(taken.size());
  if (pdu_left_ > 0) return absl::OkStatus();
  expecting_ = Expecting::kPduHeader;
  const std::string body = std::exchange(associate_, std::string());
  return CheckAssociateBody(body, options_.peer_is_requestor);
}

absl::Status PduGuard::OnPdvHeader() {
  header_size_ = 0;
  const uint32_t length = BigEndian32(header_.data());  // Counts the last two header bytes.
  if (length < 2 || length > pdu_left_ - 4) return Malformed("PDV does not fit its PDU");
  pdu_left_ -= 4 + length;
  if (pdu_left_ > 0 && pdu_left_ < sizeof header_) return Malformed("PDV does not fit its PDU");
  pdv_left_ = length - 2;
  pdv_is_command_ = (header_[5] & kCommandBit) != 0;
  pdv_is_last_ = (header_[5] & kLastBit) != 0;

  if (pdv_is_command_) {
    // Subtraction, because the sum could overflow.
    if (pdv_left_ > options_.max_command_bytes - command_bytes_) {
      return Malformed("command set too large");
    }
    command_bytes_ += pdv_left_;
  }
  if (pdv_left_ == 0) {
    AfterPdv();
  } else {
    expecting_ = Expecting::kPdvData;
  }
  return absl::OkStatus();
}

void PduGuard::AfterPdv() {
  if (pdv_is_command_ && pdv_is_last_) {
    command_bytes_ = 0;
    element_size_ = 0;
    value_left_ = 0;
  }
  expecting_ = pdu_left_ > 0 ? Expecting::kPdvHeader : Expecting::kPduHeader;
}

absl::Status PduGuard::OnCommandBytes(absl::string_view bytes) {
  while (!bytes.empty()) {
    if (value_left_ > 0) {
      const size_t skipped = std::min<size_t>(value_left_, bytes.size());
      bytes.remove_prefix(skipped);
      value_left_ -= static_cast<uint32_t>(skipped);
    } else if (Fill(element_, element_size_, bytes)) {
      element_size_ = 0;
      const absl::Status status = OnCommandElement();
      if (!status.ok()) return status;
    }
  }
  return absl::OkStatus();
}

// Command sets are Implicit VR Little Endian, group 0000, and hold no sequences.
absl::Status PduGuard::OnCommandElement() {
  if (element_[0] != 0 || element_[1] != 0) {
    return Malformed("command set holds an element of another group");
  }
  value_left_ = LittleEndian32(&element_[4]);
  if (value_left_ > options_.max_command_bytes) {
    return Malformed("command element of undefined or excessive length");
  }
  return absl::OkStatus();
}

}  // namespace camnode
