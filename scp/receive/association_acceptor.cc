#include "scp/receive/association_acceptor.h"

#include <poll.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "core/base/crash_point.h"
#include "core/base/log.h"
#include "core/base/mutex.h"
#include "core/base/status_macros.h"
#include "core/base/stopwatch.h"
#include "core/dicom/file/implementation.h"
#include "dcmtk/config/osconfig.h"
#include "dcmtk/dcmnet/assoc.h"
#include "scp/receive/accepting_layer.h"
#include "scp/receive/admission.h"
#include "scp/receive/connection_census.h"
#include "scp/receive/dicom_listener.h"
#include "scp/receive/presentation_contexts.h"
#include "scp/receive/storage_scp.h"
#include "scp/settings/acceptor_settings.h"
#include "scp/wire/dcmtk_setup.h"
#include "scp/wire/stop_signal.h"

namespace camnode {
namespace {

// Threads beyond max_associations, so that there is somebody to tell a peer that
// we are full, and somebody left while others say nothing.
constexpr int kSpareThreads = 8;
// Threads that always accept: when no more are left, the peer that has been longest
// without an association must leave.
constexpr int kAcceptingThreads = 2;
// How long a released peer has to close its end before we close ours.
constexpr int kLingerSeconds = 1;

}  // namespace

class AssociationAcceptor::Pool {
 public:
  Pool(const AcceptorOptions& options, const PeerPolicy& policy, StoreHandler& handler,
       AcceptorMetrics& metrics)
      : options_(options),
        policy_(policy),
        handler_(handler),
        metrics_(metrics),
        admission_(options_, policy, draining_, metrics),
        census_(options.settings.max_associations_per_peer,
                options.settings.max_associations + kSpareThreads - kAcceptingThreads),
        plain_(options_, nullptr, policy, stopped_, census_),
        tls_(options_, options.tls, policy, stopped_, census_) {}
  ~Pool() { Stop(); }

  absl::Status Start();
  void Stop();
  int port() const { return plain_.port(); }
  int tls_port() const { return tls_.port(); }

 private:
  void AcceptAssociations();
  // The one where a connection waits; nullptr when we stop.
  DicomListener* WaitForConnection();
  // Negotiates and serves one association; the caller destroys it.
  void Handle(T_ASC_Association* association, const Handshake& handshake);
  void Serve(T_ASC_Association* association, CountedConnection& connection,
             const AssociationPeer& peer, const Handshake& handshake);

  const AcceptorOptions options_;
  const PeerPolicy& policy_;
  StoreHandler& handler_;
  AcceptorMetrics& metrics_;
  StopSignal draining_;  // No new associations; idle ones end.
  StopSignal stopped_;   // Every read and write fails, every thread ends.
  Admission admission_;
  ConnectionCensus census_;
  DicomListener plain_;
  DicomListener tls_;
  std::vector<std::thread> threads_;
  std::atomic<int64_t> next_association_{1};
  Mutex accept_mutex_;  // Held by the one thread that waits for the next connection.
  bool tls_first_ ABSL_GUARDED_BY(accept_mutex_) = false;
};

absl::Status AssociationAcceptor::Pool::Start() {
  CAMNODE_RETURN_IF_ERROR(CheckAcceptorOptions(options_));
  if (policy_.called_ae_titles().empty()) {
    return absl::InvalidArgumentError("there is no AE title to answer to");
  }
  CAMNODE_RETURN_IF_ERROR(SetUpDcmtkNetwork());
  const AcceptorSettings& settings = options_.settings;
  if (settings.port != kNoPort) CAMNODE_RETURN_IF_ERROR(plain_.Open(settings.port));
  if (settings.tls_port != kNoPort) CAMNODE_RETURN_IF_ERROR(tls_.Open(settings.tls_port));
  const int count = settings.max_associations + kSpareThreads;
  threads_.reserve(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) threads_.emplace_back([this] { AcceptAssociations(); });
  return absl::OkStatus();
}

void AssociationAcceptor::Pool::Stop() {
  draining_.Raise();
  admission_.WaitUntilEmpty(options_.drain_timeout);
  stopped_.Raise();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  plain_.Close();
  tls_.Close();
}

DicomListener* AssociationAcceptor::Pool::WaitForConnection() {
  MutexLock lock(&accept_mutex_);
  pollfd polled[] = {
      {stopped_.descriptor(), POLLIN, 0}, {plain_.socket(), POLLIN, 0}, {tls_.socket(), POLLIN, 0}};
  while (!stopped_.raised()) {
    if (poll(polled, 3, -1) <= 0 || stopped_.raised()) continue;
    // In turn, or a flood on one port would starve the other.
    tls_first_ = !tls_first_;
    if (polled[2].revents != 0 && (tls_first_ || polled[1].revents == 0)) return &tls_;
    if (polled[1].revents != 0) return &plain_;
  }
  return nullptr;
}

void AssociationAcceptor::Pool::AcceptAssociations() {
  while (DicomListener* listener = WaitForConnection()) {
    Handshake handshake;
    T_ASC_Association* association = nullptr;
    const OFCondition condition = listener->Receive(handshake, &association);
    // DCMTK calls some broken requests good.
    if (condition.good() && handshake.failure.ok()) {
      Handle(association, handshake);
    } else if (handshake.connected) {
      metrics_.failed.Add();
      Log(LogLevel::kWarning, "connection_failed",
          {{LogField::kPeer, handshake.address},
           {LogField::kPort, listener->port()},
           {LogField::kReason, handshake.Reason(condition.text())}});
    } else {
      // Another thread was faster, or we are out of descriptors and accept would
      // fail again at once.
      pollfd stop = {stopped_.descriptor(), POLLIN, 0};
      poll(&stop, 1, /*timeout_ms=*/5);
    }
    ASC_destroyAssociation(&association);
  }
}

void AssociationAcceptor::Pool::Handle(T_ASC_Association* association, const Handshake& handshake) {
  AssociationPeer peer;
  peer.association = next_association_.fetch_add(1);
  peer.address = handshake.address;
  auto* const counted =
      static_cast<CountedConnection*>(DUL_getTransportConnection(association->DULassociation));
  if (counted == nullptr) return;  // DCMTK has given the connection up.
  if (!admission_.Enter(association, handshake, counted->PeerNames(), peer)) return;
  CountedConnection& connection = *counted;
  connection.SetAtWork(true);
  metrics_.open_now.fetch_add(1);
  Serve(association, connection, peer, handshake);
  metrics_.open_now.fetch_sub(1);
  admission_.Leave(peer);
  // It no longer counts, but the answer to its release must not be lost.
  if (auto* open = static_cast<CountedConnection*>(
          DUL_getTransportConnection(association->DULassociation))) {
    open->SetAtWork(false);
  }
  ASC_dropSCPAssociation(association, kLingerSeconds);
}

void AssociationAcceptor::Pool::Serve(T_ASC_Association* association, CountedConnection& connection,
                                      const AssociationPeer& peer, const Handshake& handshake) {
  const Stopwatch stopwatch;
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
    metrics_.accepted.Add();
    CrashPoint("after_association_accept");
    end = StorageScp(association, connection, peer, options_, draining_, handler_, metrics_).Run();
  }

  // DCMTK's reason is where it stopped; the connection's is why.
  const bool broken = end.outcome == "failed" || end.outcome == "aborted";
  Log(end.outcome == "released" ? LogLevel::kInfo : LogLevel::kWarning, "association_ended",
      {{LogField::kAssociation, peer.association},
       {LogField::kCallingAe, peer.calling_ae},
       {LogField::kPeer, peer.address},
       {LogField::kOutcome, end.outcome},
       {LogField::kCount, end.stored},
       {LogField::kSizeBytes, end.bytes},
       {LogField::kDurationMs, absl::ToInt64Milliseconds(stopwatch.Elapsed())},
       {LogField::kReason, broken ? handshake.Reason(end.reason) : end.reason}});
}

AssociationAcceptor::AssociationAcceptor(const AcceptorOptions& options, const PeerPolicy& policy,
                                         StoreHandler& handler, AcceptorMetrics& metrics)
    : pool_(std::make_unique<Pool>(options, policy, handler, metrics)) {}
AssociationAcceptor::~AssociationAcceptor() = default;

absl::Status AssociationAcceptor::Start() { return pool_->Start(); }
int AssociationAcceptor::port() const { return pool_->port(); }
int AssociationAcceptor::tls_port() const { return pool_->tls_port(); }
void AssociationAcceptor::Stop() { pool_->Stop(); }

}  // namespace camnode
