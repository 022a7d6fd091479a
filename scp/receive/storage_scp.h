// The services on one accepted association: C-ECHO and C-STORE as SCP.

#ifndef CAMNODE_SCP_RECEIVE_STORAGE_SCP_H_
#define CAMNODE_SCP_RECEIVE_STORAGE_SCP_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/stopwatch.h"
#include "core/intake/store_handler.h"
#include "dcmtk/config/osconfig.h"
#include "dcmtk/dcmnet/dimse.h"
#include "scp/receive/acceptor_metrics.h"
#include "scp/receive/acceptor_options.h"
#include "scp/wire/guarded_connection.h"
#include "scp/wire/stop_signal.h"

namespace camnode {

// Who is at the other end.
struct AssociationPeer {
  int64_t association = 0;
  std::string calling_ae;  // Checked and trimmed.
  std::string called_ae;
  std::string address;
  int64_t max_instance_bytes = 0;  // Largest data set that it may send.
};

// How an association ended, for its log line.
struct AssociationEnd {
  // "released", "aborted" (by the peer), "idle", "draining" or "failed".
  std::string outcome;
  std::string reason;  // Empty if released.
  int64_t stored = 0;
  int64_t refused = 0;
  int64_t bytes = 0;  // Of data sets.
};

// Used by one thread, for the life of one association.
class StorageScp {
 public:
  // Borrows everything; `association` is acknowledged and runs over `connection`.
  // `draining`: once it is raised, Run ends after the instance under way.
  StorageScp(T_ASC_Association* association, GuardedConnection& connection,
             const AssociationPeer& peer, const AcceptorOptions& options,
             const StopSignal& draining, StoreHandler& handler, AcceptorMetrics& metrics);

  // Serves until the association ends; release and abort have then been answered
  // or sent.  Afterwards the connection may be gone: DCMTK destroys it when the
  // network fails.
  AssociationEnd Run();

 private:
  // False once the association is over and end_ says how.
  bool ServeOneMessage();
  bool AnswerEcho(T_ASC_PresentationContextID context, const T_DIMSE_C_EchoRQ& request);
  bool TakeInstance(T_ASC_PresentationContextID context, const T_DIMSE_C_StoreRQ& request);
  bool AnswerStore(T_ASC_PresentationContextID context, const T_DIMSE_C_StoreRQ& request,
                   const absl::Status& status, const Stopwatch& stopwatch);

  absl::StatusOr<StoreRequest> CheckRequest(T_ASC_PresentationContextID context,
                                            const T_DIMSE_C_StoreRQ& request) const;
  bool Finish(const std::string& outcome, const std::string& reason);
  // Ends the association after a failure of the protocol or the network.
  bool Abort(const std::string& outcome, const std::string& reason);
  int TimeoutSeconds() const;

  T_ASC_Association* const association_;
  GuardedConnection& connection_;
  const AssociationPeer& peer_;
  const AcceptorOptions& options_;
  const StopSignal& draining_;
  StoreHandler& handler_;
  AcceptorMetrics& metrics_;
  AssociationEnd end_;
};

}  // namespace camnode

#endif  // CAMNODE_SCP_RECEIVE_STORAGE_SCP_H_
