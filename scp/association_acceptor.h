// The listening side of the node: takes TCP connections, negotiates
// associations, and runs C-ECHO and C-STORE on each.

#ifndef CAMNODE_SCP_ASSOCIATION_ACCEPTOR_H_
#define CAMNODE_SCP_ASSOCIATION_ACCEPTOR_H_

#include <atomic>
#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "scp/application_entity.h"
#include "scp/store_handler.h"

namespace camnode {

struct AcceptorOptions {
  // TCP port, all IPv4 interfaces.  0: a free one, see port().
  int port = 11112;
  // Associations at work at one time.  One more is rejected, transiently, so that
  // the sender tries again.  Each costs a thread and about 0.5 MB.
  int max_associations = 32;
  // Connections of one address at one time, associated or not.  Two more are
  // rejected, transiently; beyond that they are closed unread.  Smaller: one sender
  // cannot take the whole pool.  A burst over many associations from one
  // workstation needs as many.
  int max_associations_per_peer = 16;
  // Largest PDU we take, 4,096 to 131,072.  Smaller: more PDUs a film.
  int max_pdu_bytes = 131'072;
  // Largest data set.  A larger one is read to its end, dropped and answered
  // 0xA700; at twice this size the association is aborted instead.
  int64_t max_instance_bytes = int64_t{1} << 30;
  // No byte for so long ends the association.
  absl::Duration idle_timeout = absl::Seconds(60);
  // From TCP accept to the last byte of the A-ASSOCIATE-RQ.  Longer: silent
  // connections hold threads longer.
  absl::Duration association_request_timeout = absl::Seconds(10);
  // One C-STORE, from the command's first byte to the data set's last.
  absl::Duration instance_timeout = absl::Minutes(5);
  // How long Stop waits for instances under way before it aborts them.
  absl::Duration drain_timeout = absl::Seconds(10);
};

// Counts since Start, for metrics.  Any thread may read them.
struct AcceptorStats {
  std::atomic<int64_t> connections{0};
  std::atomic<int64_t> associations_accepted{0};
  std::atomic<int64_t> associations_rejected{0};  // By policy: unknown peer, wrong AE.
  std::atomic<int64_t> associations_refused_busy{0};
  std::atomic<int64_t> connections_failed{0};  // No association came of them.
  std::atomic<int64_t> associations_open{0};   // Now.
  std::atomic<int64_t> echoes{0};
  std::atomic<int64_t> stores_ok{0};
  std::atomic<int64_t> stores_failed{0};
  std::atomic<int64_t> bytes_received{0};  // Of data sets.
  // C-STORE answers by class: 0x0000, 0xA7xx, 0xA9xx, 0xCxxx, any other.
  std::atomic<int64_t> answers_success{0};
  std::atomic<int64_t> answers_out_of_resources{0};
  std::atomic<int64_t> answers_mismatch{0};
  std::atomic<int64_t> answers_cannot_understand{0};
  std::atomic<int64_t> answers_other{0};
};

// A bounded pool of threads, each of which accepts connections itself, so that a
// peer that says nothing holds one thread and no longer than its deadline.
//
// Start and Stop are called by the owner's thread; stats() and port() by any.
class AssociationAcceptor {
 public:
  // Borrows `policy` and `handler`, which outlive it.
  AssociationAcceptor(const AcceptorOptions& options, const PeerPolicy& policy,
                      StoreHandler& handler);
  // As Stop.
  ~AssociationAcceptor();

  // Listens.  Called once.
  // Errors: kInvalidArgument for an option out of range (says which);
  // kFailedPrecondition if the port is taken or not allowed (names it).
  absl::Status Start();

  // The port listened on; 0 before Start.
  int port() const;

  // New associations are rejected from now on, transiently; open ones finish the
  // instance they are at and are then aborted.  Returns when every thread has
  // ended.  Calling it again does nothing.
  void Stop();

  const AcceptorStats& stats() const;

 private:
  class Pool;
  std::unique_ptr<Pool> pool_;
};

}  // namespace camnode

#endif  // CAMNODE_SCP_ASSOCIATION_ACCEPTOR_H_
