// Decides on each A-ASSOCIATE-RQ: who is let in, how many at once, and with which
// reason the others are rejected.

#ifndef CAMNODE_SCP_RECEIVE_ADMISSION_H_
#define CAMNODE_SCP_RECEIVE_ADMISSION_H_

#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/base/mutex.h"
#include "dcmtk/config/osconfig.h"
#include "dcmtk/dcmnet/assoc.h"
#include "scp/receive/accepting_layer.h"
#include "scp/receive/acceptor_metrics.h"
#include "scp/receive/acceptor_options.h"
#include "scp/receive/application_entity.h"
#include "scp/receive/storage_scp.h"
#include "scp/settings/peer.h"
#include "scp/wire/stop_signal.h"

namespace camnode {

inline constexpr char kDicomApplicationContext[] = "1.2.840.10008.3.1.1.1";

// One way to reject an association (PS3.8 table 9-21).
struct Rejection {
  T_ASC_RejectParametersResult result;
  T_ASC_RejectParametersSource source;
  T_ASC_RejectParametersReason reason;
  const char* meaning;  // The standard's words.
  const char* when;
};

inline constexpr Rejection kWrongApplicationContext = {
    ASC_RESULT_REJECTEDPERMANENT, ASC_SOURCE_SERVICEUSER, ASC_REASON_SU_APPCONTEXTNAMENOTSUPPORTED,
    "permanent, service user, application context not supported",
    "application context other than DICOM's"};
inline constexpr Rejection kWrongCalledAe = {
    ASC_RESULT_REJECTEDPERMANENT, ASC_SOURCE_SERVICEUSER, ASC_REASON_SU_CALLEDAETITLENOTRECOGNIZED,
    "permanent, service user, called AE title not recognised",
    "called AE title belongs to no workflow"};
inline constexpr Rejection kWrongCallingAe = {
    ASC_RESULT_REJECTEDPERMANENT, ASC_SOURCE_SERVICEUSER, ASC_REASON_SU_CALLINGAETITLENOTRECOGNIZED,
    "permanent, service user, calling AE title not recognised",
    "calling AE title unknown, malformed, not from this address, or not with this certificate"};
inline constexpr Rejection kBusy = {
    ASC_RESULT_REJECTEDTRANSIENT, ASC_SOURCE_SERVICEPROVIDER_PRESENTATION_RELATED,
    ASC_REASON_SP_PRES_LOCALLIMITEXCEEDED,
    "transient, service provider (presentation), local limit exceeded",
    "too many associations in all, of this address or of this AE title, or the node stops"};

// Every one that a peer can meet.
const std::vector<Rejection>& Rejections();

// Thread-safe.
class Admission {
 public:
  // Borrows everything.  `draining`: once it is raised nobody is let in.
  Admission(const AcceptorOptions& options, const PeerPolicy& policy, const StopSignal& draining,
            AcceptorMetrics& metrics)
      : options_(options), policy_(policy), draining_(draining), metrics_(metrics) {}

  // True if the association may be acknowledged; `peer`, whose address and number the
  // caller has set, then says who it is, and it counts until Leave.  Otherwise it
  // has been rejected and logged.  `certificate_names`: of the peer's verified certificate.
  bool Enter(T_ASC_Association* association, const Handshake& handshake,
             const std::vector<std::string>& certificate_names, AssociationPeer& peer);
  void Leave(const AssociationPeer& peer);

  // Returns when nobody is in, or after `patience`.
  void WaitUntilEmpty(absl::Duration patience);

 private:
  // "" if there is room, and then it is taken; otherwise which limit was met.
  std::string TakeRoom(const AssociationPeer& peer, const Peer* configured);
  void RejectPeer(T_ASC_Association* association, PeerVerdict verdict, const AssociationPeer& peer,
                  const std::vector<std::string>& certificate_names);
  // A sentence for the log: why, and what lets it in.
  std::string ReasonFor(PeerVerdict verdict, const AssociationPeer& peer,
                        const std::vector<std::string>& certificate_names) const;
  void RejectBusy(T_ASC_Association* association, const AssociationPeer& peer,
                  absl::string_view reason);

  const AcceptorOptions& options_;
  const PeerPolicy& policy_;
  const StopSignal& draining_;
  AcceptorMetrics& metrics_;

  Mutex mutex_;
  CondVar left_;
  int open_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::string, int> open_by_ae_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace camnode

#endif  // CAMNODE_SCP_RECEIVE_ADMISSION_H_
