#include "scp/receive/admission.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/log.h"
#include "core/base/stopwatch.h"
#include "dcmtk/dcmnet/dul.h"
#include "scp/receive/connection_census.h"
#include "scp/settings/peer.h"

namespace camnode {
namespace {

// How long a rejected peer has to close its end before we close ours.
constexpr int kLingerSeconds = 1;

void Reject(T_ASC_Association* association, const Rejection& rejection) {
  const T_ASC_RejectParameters parameters = {rejection.result, rejection.source, rejection.reason};
  ASC_rejectAssociation(association, &parameters);
  // Closing at once, with bytes unread, would take the answer away again.
  ASC_dropSCPAssociation(association, kLingerSeconds);
}

}  // namespace

const std::vector<Rejection>& Rejections() {
  static const auto& rejections =
      *new std::vector<Rejection>{kWrongCalledAe, kWrongCallingAe, kWrongApplicationContext, kBusy};
  return rejections;
}

bool Admission::Enter(T_ASC_Association* association, const Handshake& handshake,
                      const std::vector<std::string>& certificate_names, AssociationPeer& peer) {
  char calling[DUL_LEN_TITLE + 1] = "";
  char called[DUL_LEN_TITLE + 1] = "";
  char application_context[DUL_LEN_NAME + 1] = "";
  ASC_getAPTitles(association->params, calling, sizeof calling, called, sizeof called, nullptr, 0);
  ASC_getApplicationContextName(association->params, application_context,
                                sizeof application_context);
  peer.calling_ae = AeTitle::Parse(calling).value_or(AeTitle()).text();
  peer.called_ae = AeTitle::Parse(called).value_or(AeTitle()).text();

  if (absl::string_view(application_context) != kDicomApplicationContext) {
    metrics_.rejected.Add();
    Reject(association, kWrongApplicationContext);
    Log(LogLevel::kWarning, "connection_failed",
        {{LogField::kPeer, peer.address},
         {LogField::kReason, "application context is not DICOM's"}});
    return false;
  }
  const PeerVerdict verdict = policy_.Check(called, calling, peer.address, certificate_names);
  if (verdict != PeerVerdict::kAccept) {
    RejectPeer(association, verdict, peer, certificate_names);
    return false;
  }
  const Peer* const configured = policy_.Find(calling, peer.address);
  peer.max_instance_bytes = options_.settings.max_instance_bytes;
  if (configured != nullptr && configured->max_instance_bytes > 0) {
    peer.max_instance_bytes = std::min(peer.max_instance_bytes, configured->max_instance_bytes);
  }
  std::string full;
  if (draining_.raised()) {
    full = "the node stops";
  } else if (handshake.verdict == CensusVerdict::kBusy) {
    full = absl::StrCat("too many connections of this address; dicom.max_associations_per_peer is ",
                        options_.settings.max_associations_per_peer);
  } else {
    full = TakeRoom(peer, configured);
  }
  if (!full.empty()) RejectBusy(association, peer, full);
  return full.empty();
}

std::string Admission::TakeRoom(const AssociationPeer& peer, const Peer* configured) {
  MutexLock lock(&mutex_);
  if (open_ >= options_.settings.max_associations) {
    return absl::StrCat("too many associations; dicom.max_associations is ",
                        options_.settings.max_associations);
  }
  const auto found = open_by_ae_.find(peer.calling_ae);
  const int of_ae = found == open_by_ae_.end() ? 0 : found->second;
  if (configured != nullptr && configured->max_associations > 0 &&
      of_ae >= configured->max_associations) {
    return absl::StrCat(
        "too many associations of this AE title; its peers entry has "
        "max_associations: ",
        configured->max_associations);
  }
  ++open_;
  ++open_by_ae_[peer.calling_ae];
  return "";
}

void Admission::Leave(const AssociationPeer& peer) {
  MutexLock lock(&mutex_);
  --open_;
  const auto found = open_by_ae_.find(peer.calling_ae);
  if (--found->second == 0) open_by_ae_.erase(found);
  left_.SignalAll();
}

void Admission::WaitUntilEmpty(absl::Duration patience) {
  MutexLock lock(&mutex_);
  const Deadline deadline(patience);
  while (open_ > 0 && !deadline.Expired()) left_.WaitWithTimeout(&mutex_, deadline.Remaining());
}

std::string Admission::ReasonFor(PeerVerdict verdict, const AssociationPeer& peer,
                                 const std::vector<std::string>& certificate_names) const {
  if (verdict == PeerVerdict::kWrongCalledAe) {
    const auto quote = [](std::string* out, const AeTitle& title) {
      absl::StrAppend(out, "'", title.text(), "'");
    };
    return absl::StrCat("called AE title is not ours; the peer must call ",
                        absl::StrJoin(policy_.called_ae_titles(), " or ", quote));
  }
  if (peer.calling_ae.empty()) return "calling AE title is malformed";
  if (verdict == PeerVerdict::kWrongCertificate) {
    return absl::StrCat(
        "AE title and address are known, but ",
        certificate_names.empty()
            ? std::string("no certificate was shown; let the peer call the TLS port with its own")
            : absl::StrCat("the certificate is another's: it names '",
                           absl::StrJoin(certificate_names, "', '"), "'"),
        "; its peers entry wants one of certificate_names");
  }
  return absl::StrCat(verdict == PeerVerdict::kWrongAddress
                          ? "AE title is known, but not from this address"
                          : "unknown peer",
                      "; to allow it, add to the configuration: peers { ae_title: \"",
                      peer.calling_ae, "\" addresses: \"", peer.address, "\" }");
}

void Admission::RejectPeer(T_ASC_Association* association, PeerVerdict verdict,
                           const AssociationPeer& peer,
                           const std::vector<std::string>& certificate_names) {
  metrics_.rejected.Add();
  Reject(association, verdict == PeerVerdict::kWrongCalledAe ? kWrongCalledAe : kWrongCallingAe);
  Log(LogLevel::kWarning, "association_rejected",
      {{LogField::kAssociation, peer.association},
       {LogField::kCallingAe, peer.calling_ae},
       {LogField::kCalledAe, peer.called_ae},
       {LogField::kPeer, peer.address},
       {LogField::kReason, ReasonFor(verdict, peer, certificate_names)}});
}

void Admission::RejectBusy(T_ASC_Association* association, const AssociationPeer& peer,
                           absl::string_view reason) {
  metrics_.refused_busy.Add();
  Reject(association, kBusy);
  Log(LogLevel::kWarning, "association_refused_busy",
      {{LogField::kAssociation, peer.association},
       {LogField::kCallingAe, peer.calling_ae},
       {LogField::kPeer, peer.address},
       {LogField::kReason, reason}});
}

}  // namespace camnode
