#include "scp/association_acceptor.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/crash_point.h"
#include "core/base/log.h"
#include "core/base/mutex.h"
#include "core/base/status_macros.h"
#include "core/dicom/derived_attributes.h"
#include "dcmtk/config/osconfig.h"
#include "dcmtk/dcmnet/assoc.h"
#include "dcmtk/dcmnet/dcmlayer.h"
#include "scp/connection_census.h"
#include "scp/dcmtk_setup.h"
#include "scp/guarded_connection.h"
#include "scp/part10_header.h"
#include "scp/presentation_contexts.h"
#include "scp/stop_signal.h"
#include "scp/storage_scp.h"

namespace camnode {
namespace {

constexpr int kListenBacklog = 256;
// Threads beyond max_associations, so that there is somebody to tell a peer that
// we are full, and somebody left while others say nothing.
constexpr int kSpareThreads = 8;
// How long a rejected or released peer has to close its end before we close ours.
constexpr int kLingerSeconds = 1;
constexpr char kDicomApplicationContext[] = "1.2.840.10008.3.1.1.1";

// What became of one accept, left by the transport layer for the thread that
// called ASC_receiveAssociation: DCMTK has no way to hand it on.
struct Handshake {
  std::string address;
  bool connected = false;
  CensusVerdict verdict = CensusVerdict::kWelcome;
  absl::Status failure;
};
thread_local Handshake* current_handshake = nullptr;

// Leaves the census when the socket closes.
class CountedConnection final : public GuardedConnection {
 public:
  CountedConnection(int socket, const GuardedConnectionOptions& options, ConnectionCensus& census,
                    std::string address, bool known)
      : GuardedConnection(socket, options),
        census_(census),
        address_(std::move(address)),
        known_(known) {}
  ~CountedConnection() override { census_.Leave(address_, known_); }

 private:
  ConnectionCensus& census_;
  const std::string address_;
  const bool known_;
};

class AcceptingLayer final : public DcmTransportLayer {
 public:
  AcceptingLayer(const AcceptorOptions& options, const PeerPolicy& policy, const StopSignal& stop)
      : options_(options),
        policy_(policy),
        stop_(stop),
        census_(options.max_associations_per_peer) {}

  DcmTransportConnection* createConnection(DcmNativeSocketType socket, OFBool) override {
    Handshake& handshake = *current_handshake;
    handshake.connected = true;
    handshake.address = PeerAddressOf(socket);
    const bool known = policy_.KnowsAddress(handshake.address);
    handshake.verdict = census_.Enter(handshake.address, known);
    if (handshake.verdict == CensusVerdict::kClose) {
      handshake.failure = absl::ResourceExhaustedError("too many connections from this address");
      return nullptr;  // DCMTK closes the socket.
    }
    GuardedConnectionOptions options;
    options.idle_timeout = options_.idle_timeout;
    options.guard.max_data_pdu_bytes = static_cast<uint32_t>(options_.max_pdu_bytes);
    options.stop = &stop_;
    options.failure = &handshake.failure;
    auto* connection = new CountedConnection(socket, options, census_, handshake.address, known);
    connection->SetDeadline(options_.association_request_timeout);
    return connection;
  }

 private:
  const AcceptorOptions& options_;
  const PeerPolicy& policy_;
  const StopSignal& stop_;
  ConnectionCensus census_;
};

absl::Status CheckOptions(const AcceptorOptions& options) {
  const auto out_of_range = [](absl::string_view name) {
    return absl::InvalidArgumentError(absl::StrCat(name, " is out of range"));
  };
  if (options.port < 0 || options.port > 65535) return out_of_range("port");
  if (options.max_associations < 1 || options.max_associations > 1000) {
    return out_of_range("max_associations");
  }
  if (options.max_associations_per_peer < 1) return out_of_range("max_associations_per_peer");
  if (options.max_pdu_bytes < ASC_MINIMUMPDUSIZE || options.max_pdu_bytes > ASC_MAXIMUMPDUSIZE) {
    return out_of_range("max_pdu_bytes");
  }
  if (options.max_instance_bytes < 1) return out_of_range("max_instance_bytes");
  for (const auto& [name, value] :
       {std::pair<absl::string_view, absl::Duration>{"idle_timeout", options.idle_timeout},
        {"association_request_timeout", options.association_request_timeout},
        {"instance_timeout", options.instance_timeout}}) {
    if (value < absl::Milliseconds(1) || value > absl::Hours(24)) return out_of_range(name);
  }
  if (options.drain_timeout < absl::ZeroDuration()) return out_of_range("drain_timeout");
  return absl::OkStatus();
}

void Reject(T_ASC_Association* association, T_ASC_RejectParametersResult result,
            T_ASC_RejectParametersSource source, T_ASC_RejectParametersReason reason) {
  const T_ASC_RejectParameters parameters = {result, source, reason};
  ASC_rejectAssociation(association, &parameters);
  // Closing at once, with bytes unread, would take the answer away again.
  ASC_dropSCPAssociation(association, kLingerSeconds);
}

}  // namespace

class AssociationAcceptor::Pool {
 public:
  Pool(const AcceptorOptions& options, const PeerPolicy& policy, StoreHandler& handler)
      : options_(options), policy_(policy), handler_(handler), layer_(options_, policy, stopped_) {}
  ~Pool() { Stop(); }

  absl::Status Start();
  void Stop();
  int port() const { return port_; }
  const AcceptorStats& stats() const { return stats_; }

 private:
  absl::Status Listen();
  void AcceptAssociations();
  bool WaitForConnection();
  // Negotiates and serves one association; the caller destroys it.
  void Handle(T_ASC_Association* association, const Handshake& handshake);
  // True if the association may go on; otherwise it has been rejected.
  bool Admit(T_ASC_Association* association, const Handshake& handshake, AssociationPeer& peer);
  void RejectPeer(T_ASC_Association* association, PeerVerdict verdict, const AssociationPeer& peer);
  void RejectBusy(T_ASC_Association* association, const AssociationPeer& peer,
                  absl::string_view reason);
  void Serve(T_ASC_Association* association, const AssociationPeer& peer,
             const Handshake& handshake);
  void LogConnectionFailed(const Handshake& handshake, absl::string_view reason);

  const AcceptorOptions options_;
  const PeerPolicy& policy_;
  StoreHandler& handler_;
  AcceptorStats stats_;
  StopSignal draining_;  // No new associations; idle ones end.
  StopSignal stopped_;   // Every read and write fails, every thread ends.
  AcceptingLayer layer_;
  T_ASC_Network* network_ = nullptr;
  int port_ = 0;
  std::vector<std::thread> threads_;
  std::atomic<int64_t> next_association_{1};

  Mutex accept_mutex_;  // Held by the one thread that waits for the next connection.
  Mutex mutex_;
  CondVar association_ended_;
  int open_ ABSL_GUARDED_BY(mutex_) = 0;
};

absl::Status AssociationAcceptor::Pool::Start() {
  CAMNODE_RETURN_IF_ERROR(CheckOptions(options_));
  if (policy_.our_ae_title().empty()) return absl::InvalidArgumentError("our AE title is empty");
  CAMNODE_RETURN_IF_ERROR(SetUpDcmtkNetwork());
  CAMNODE_RETURN_IF_ERROR(Listen());
  const int count = options_.max_associations + kSpareThreads;
  threads_.reserve(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) threads_.emplace_back([this] { AcceptAssociations(); });
  return absl::OkStatus();
}

absl::Status AssociationAcceptor::Pool::Listen() {
  const int timeout_s = static_cast<int>(absl::ToInt64Seconds(
                            absl::Ceil(options_.association_request_timeout, absl::Seconds(1)))) +
                        1;
  const OFCondition condition =
      ASC_initializeNetwork(NET_ACCEPTOR, options_.port, timeout_s, &network_);
  if (condition.bad()) {
    network_ = nullptr;
    return absl::FailedPreconditionError(
        absl::StrCat("cannot listen on DICOM port ", options_.port, ": ", condition.text()));
  }
  ASC_setTransportLayer(network_, &layer_, /*takeoverOwnership=*/0);

  // Non-blocking: of two threads that see one connection, one must come away.
  const int socket = DUL_networkSocket(network_->network);
  fcntl(socket, F_SETFL, fcntl(socket, F_GETFL) | O_NONBLOCK);
  fcntl(socket, F_SETFD, FD_CLOEXEC);
  listen(socket, kListenBacklog);
  sockaddr_in address{};
  socklen_t size = sizeof address;
  getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  return absl::OkStatus();
}

void AssociationAcceptor::Pool::Stop() {
  draining_.Raise();
  {
    MutexLock lock(&mutex_);
    const absl::Time until = absl::Now() + options_.drain_timeout;
    while (open_ > 0 && absl::Now() < until) {
      association_ended_.WaitWithTimeout(&mutex_, until - absl::Now());
    }
  }
  stopped_.Raise();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  if (network_ != nullptr) ASC_dropNetwork(&network_);
}

bool AssociationAcceptor::Pool::WaitForConnection() {
  MutexLock lock(&accept_mutex_);
  pollfd polled[] = {{DUL_networkSocket(network_->network), POLLIN, 0},
                     {stopped_.descriptor(), POLLIN, 0}};
  while (!stopped_.raised()) {
    if (poll(polled, 2, -1) > 0 && polled[0].revents != 0) return !stopped_.raised();
  }
  return false;
}

void AssociationAcceptor::Pool::AcceptAssociations() {
  while (WaitForConnection()) {
    Handshake handshake;
    current_handshake = &handshake;
    T_ASC_Association* association = nullptr;
    const OFCondition condition =
        ASC_receiveAssociation(network_, &association, options_.max_pdu_bytes, nullptr, nullptr,
                               /*useSecureLayer=*/OFFalse, DUL_NOBLOCK, /*timeout=*/0);
    if (handshake.connected) stats_.connections.fetch_add(1);
    if (condition.good()) {
      Handle(association, handshake);
    } else if (handshake.connected) {
      stats_.connections_failed.fetch_add(1);
      LogConnectionFailed(handshake, condition.text());
    } else {
      // Another thread was faster, or we are out of descriptors and accept would
      // fail again at once.
      pollfd stop = {stopped_.descriptor(), POLLIN, 0};
      poll(&stop, 1, /*timeout_ms=*/5);
    }
    ASC_destroyAssociation(&association);
    current_handshake = nullptr;
  }
}

void AssociationAcceptor::Pool::LogConnectionFailed(const Handshake& handshake,
                                                    absl::string_view reason) {
  Log(LogLevel::kWarning, "connection_failed",
      {{LogField::kPeer, handshake.address},
       {LogField::kReason, handshake.failure.ok() ? reason : handshake.failure.message()}});
}

void AssociationAcceptor::Pool::Handle(T_ASC_Association* association, const Handshake& handshake) {
  AssociationPeer peer;
  peer.association = next_association_.fetch_add(1);
  peer.address = handshake.address;
  if (!Admit(association, handshake, peer)) return;
  stats_.associations_open.fetch_add(1);
  Serve(association, peer, handshake);
  stats_.associations_open.fetch_sub(1);
  {
    MutexLock lock(&mutex_);
    --open_;
    association_ended_.SignalAll();
  }
  // It no longer counts, but the answer to its release must not be lost.
  ASC_dropSCPAssociation(association, kLingerSeconds);
}

bool AssociationAcceptor::Pool::Admit(T_ASC_Association* association, const Handshake& handshake,
                                      AssociationPeer& peer) {
  char calling[DUL_LEN_TITLE + 1] = "";
  char called[DUL_LEN_TITLE + 1] = "";
  char application_context[DUL_LEN_NAME + 1] = "";
  ASC_getAPTitles(association->params, calling, sizeof calling, called, sizeof called, nullptr, 0);
  ASC_getApplicationContextName(association->params, application_context,
                                sizeof application_context);
  peer.calling_ae = AeTitle::Parse(calling).value_or(AeTitle()).text();
  peer.called_ae = AeTitle::Parse(called).value_or(AeTitle()).text();

  if (absl::string_view(application_context) != kDicomApplicationContext) {
    stats_.associations_rejected.fetch_add(1);
    Reject(association, ASC_RESULT_REJECTEDPERMANENT, ASC_SOURCE_SERVICEUSER,
           ASC_REASON_SU_APPCONTEXTNAMENOTSUPPORTED);
    LogConnectionFailed(handshake, "application context is not DICOM's");
    return false;
  }
  const PeerVerdict verdict = policy_.Check(called, calling, peer.address);
  if (verdict != PeerVerdict::kAccept) {
    RejectPeer(association, verdict, peer);
    return false;
  }
  if (draining_.raised()) {
    RejectBusy(association, peer, "the node stops");
    return false;
  }
  if (handshake.verdict == CensusVerdict::kBusy) {
    RejectBusy(association, peer, "too many associations with this peer");
    return false;
  }
  bool full = false;
  {
    MutexLock lock(&mutex_);
    full = open_ >= options_.max_associations;
    if (!full) ++open_;
  }
  if (full) RejectBusy(association, peer, "too many associations");
  return !full;
}

void AssociationAcceptor::Pool::RejectPeer(T_ASC_Association* association, PeerVerdict verdict,
                                           const AssociationPeer& peer) {
  stats_.associations_rejected.fetch_add(1);
  const bool wrong_called = verdict == PeerVerdict::kWrongCalledAe;
  Reject(association, ASC_RESULT_REJECTEDPERMANENT, ASC_SOURCE_SERVICEUSER,
         wrong_called ? ASC_REASON_SU_CALLEDAETITLENOTRECOGNIZED
                      : ASC_REASON_SU_CALLINGAETITLENOTRECOGNIZED);

  std::string reason;
  if (wrong_called) {
    reason = absl::StrCat("called AE title is not ours; the peer must call '",
                          policy_.our_ae_title().text(), "'");
  } else if (peer.calling_ae.empty()) {
    reason = "calling AE title is malformed";
  } else {
    reason = absl::StrCat(verdict == PeerVerdict::kWrongAddress
                              ? "AE title is known, but not from this address"
                              : "unknown peer",
                          "; to allow it, add to the configuration: peers { ae_title: \"",
                          peer.calling_ae, "\" addresses: \"", peer.address, "\" }");
  }
  Log(LogLevel::kWarning, "association_rejected",
      {{LogField::kAssociation, peer.association},
       {LogField::kCallingAe, peer.calling_ae},
       {LogField::kCalledAe, peer.called_ae},
       {LogField::kPeer, peer.address},
       {LogField::kReason, reason}});
}

void AssociationAcceptor::Pool::RejectBusy(T_ASC_Association* association,
                                           const AssociationPeer& peer, absl::string_view reason) {
  stats_.associations_refused_busy.fetch_add(1);
  Reject(association, ASC_RESULT_REJECTEDTRANSIENT, ASC_SOURCE_SERVICEPROVIDER_PRESENTATION_RELATED,
         ASC_REASON_SP_PRES_LOCALLIMITEXCEEDED);
  Log(LogLevel::kWarning, "association_refused_busy",
      {{LogField::kAssociation, peer.association},
       {LogField::kCallingAe, peer.calling_ae},
       {LogField::kPeer, peer.address},
       {LogField::kReason, reason}});
}

void AssociationAcceptor::Pool::Serve(T_ASC_Association* association, const AssociationPeer& peer,
                                      const Handshake& handshake) {
  const absl::Time began = absl::Now();
  auto& connection =
      *static_cast<CountedConnection*>(DUL_getTransportConnection(association->DULassociation));
  OFStandard::strlcpy(association->params->ourImplementationClassUID,
                      CamnodeImplementationClassUid().text().c_str(),
                      sizeof association->params->ourImplementationClassUID);
  OFStandard::strlcpy(association->params->ourImplementationVersionName, kImplementationVersionName,
                      sizeof association->params->ourImplementationVersionName);
  AssociationEnd end;
  const absl::Status contexts = AnswerPresentationContexts(association->params);
  if (!contexts.ok() || ASC_acknowledgeAssociation(association).bad()) {
    end.outcome = "failed";
    end.reason = "cannot acknowledge the association";
  } else {
    stats_.associations_accepted.fetch_add(1);
    CrashPoint("after_association_accept");
    end = StorageScp(association, connection, peer, options_, draining_, handler_, stats_).Run();
  }

  // DCMTK's reason is where it stopped; the connection's is why.
  const bool why_known =
      (end.outcome == "failed" || end.outcome == "aborted") && !handshake.failure.ok();
  Log(end.outcome == "released" ? LogLevel::kInfo : LogLevel::kWarning, "association_ended",
      {{LogField::kAssociation, peer.association},
       {LogField::kCallingAe, peer.calling_ae},
       {LogField::kPeer, peer.address},
       {LogField::kOutcome, end.outcome},
       {LogField::kCount, end.stored},
       {LogField::kSizeBytes, end.bytes},
       {LogField::kDurationMs, absl::ToInt64Milliseconds(absl::Now() - began)},
       {LogField::kReason, why_known ? handshake.failure.message() : end.reason}});
}

AssociationAcceptor::AssociationAcceptor(const AcceptorOptions& options, const PeerPolicy& policy,
                                         StoreHandler& handler)
    : pool_(std::make_unique<Pool>(options, policy, handler)) {}
AssociationAcceptor::~AssociationAcceptor() = default;

absl::Status AssociationAcceptor::Start() { return pool_->Start(); }
int AssociationAcceptor::port() const { return pool_->port(); }
void AssociationAcceptor::Stop() { pool_->Stop(); }
const AcceptorStats& AssociationAcceptor::stats() const { return pool_->stats(); }

}  // namespace camnode
