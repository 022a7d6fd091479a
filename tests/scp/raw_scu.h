// A DICOM peer made of single bytes, for what no toolkit would send.

#ifndef CAMNODE_TESTS_SCP_RAW_SCU_H_
#define CAMNODE_TESTS_SCP_RAW_SCU_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace camnode {

struct ProposedContext {
  std::string abstract_syntax;
  std::vector<std::string> transfer_syntaxes;
};

// One TCP connection to 127.0.0.1.  Contexts are numbered 1, 3, 5 in order.
class RawScu {
 public:
  explicit RawScu(int port);
  ~RawScu();
  RawScu(const RawScu&) = delete;
  RawScu& operator=(const RawScu&) = delete;

  // False if the peer has closed.
  bool Send(absl::string_view bytes);
  // No more bytes will come; the peer's can still be read.
  void FinishSending();
  // One PDU with its header; "" once the peer has closed.  Waits 20 s at most and
  // then returns "timeout".
  std::string ReadPdu();
  // Waits as ReadPdu does and returns how many bytes are there by then, unread.
  size_t BytesOfFirstPiece();

  // Sends the request and returns the answer's PDU.
  std::string Associate(const std::string& calling, const std::string& called,
                        const std::vector<ProposedContext>& contexts);
  // Result of context number `index` in an A-ASSOCIATE-AC (0: accepted) and its
  // transfer syntax.
  static int ContextResult(const std::string& accept_pdu, size_t index);
  static std::string AcceptedSyntax(const std::string& accept_pdu, size_t index);

  // Command and data set; nothing is read.
  bool SendStore(int context, const std::string& sop_class, const std::string& sop_instance,
                 absl::string_view data_set, size_t fragment_bytes = 16'000);
  // Status (0000,0900) of the next answer; nullopt if none comes.
  absl::optional<uint16_t> ReadStatus();
  // Error Comment (0000,0902) of the last answer.
  const std::string& error_comment() const { return error_comment_; }
  absl::optional<uint16_t> Store(int context, const std::string& sop_class,
                                 const std::string& sop_instance, absl::string_view data_set);
  absl::optional<uint16_t> Echo(int context);
  // True if the release is answered.
  bool Release();

  static std::string AssociateRequest(const std::string& calling, const std::string& called,
                                      const std::vector<ProposedContext>& contexts);
  static std::string StoreCommand(const std::string& sop_class, const std::string& sop_instance);
  // `flags`: 1 command, 2 last fragment.
  static std::string DataPdu(int context, int flags, absl::string_view bytes);

 private:
  int socket_;
  std::string error_comment_;
};

}  // namespace camnode

#endif  // CAMNODE_TESTS_SCP_RAW_SCU_H_
