#include "scp/send/storage_scu.h"

#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/dicom/file/implementation.h"
#include "core/dicom/file/transfer_syntax.h"
#include "dcmtk/config/osconfig.h"
#include "dcmtk/dcmnet/assoc.h"
#include "dcmtk/dcmnet/dcmlayer.h"
#include "dcmtk/dcmnet/dimse.h"
#include "scp/wire/dcmtk_setup.h"
#include "scp/wire/guarded_connection.h"
#include "scp/wire/tls_credentials.h"
#include "scp/wire/tls_role.h"
#include "scp/wire/tls_stream.h"

namespace camnode {
namespace {

constexpr int kMaxContexts = 128;  // PS3.8: odd numbers from 1 to 255.

int WholeSeconds(absl::Duration duration) {
  return static_cast<int>(absl::ToInt64Seconds(absl::Ceil(duration, absl::Seconds(1))));
}

// Makes guarded connections, and keeps why the last one failed.
class ConnectingLayer final : public DcmTransportLayer {
 public:
  explicit ConnectingLayer(const StorageScuOptions& options)
      : connect_timeout_(options.connect_timeout), credentials_(options.tls) {
    connection_.idle_timeout = options.response_timeout;
    connection_.guard.peer_is_requestor = false;
    connection_.stop = options.stop;
    connection_.failure = &failure_;
  }

  // From now on connections are by TLS.
  void UseTls(const std::string& server_name) {
    tls_ = true;
    server_name_ = server_name;
  }

  DcmTransportConnection* createConnection(DcmNativeSocketType socket, OFBool) override {
    std::unique_ptr<TlsStream> tls;
    if (tls_) {
      absl::StatusOr<std::unique_ptr<TlsStream>> made =
          credentials_->NewStream(TlsRole::kClient, socket, server_name_);
      if (!made.ok()) {
        failure_ = made.status();
        return nullptr;  // DCMTK closes the socket.
      }
      tls = *std::move(made);
    }
    auto* connection = new GuardedConnection(socket, connection_, std::move(tls));
    connection->SetDeadline(connect_timeout_);
    return connection;
  }

  const absl::Status& failure() const { return failure_; }

 private:
  const absl::Duration connect_timeout_;
  const TlsCredentials* const credentials_;
  bool tls_ = false;
  std::string server_name_;
  GuardedConnectionOptions connection_;
  absl::Status failure_;
};

absl::Status Propose(T_ASC_Parameters* parameters, const std::set<StoredEncoding>& encodings) {
  int next_id = 1;
  const auto add = [&](const Uid& sop_class, const char* syntax) {
    if (next_id > 2 * kMaxContexts) {
      return absl::InvalidArgumentError("too many encodings for one association");
    }
    const OFCondition condition =
        ASC_addPresentationContext(parameters, static_cast<T_ASC_PresentationContextID>(next_id),
                                   sop_class.text().c_str(), &syntax, 1);
    next_id += 2;
    return condition.good() ? absl::OkStatus() : absl::InternalError(condition.text());
  };
  for (const auto& [sop_class, syntax] : encodings) {
    CAMNODE_RETURN_IF_ERROR(add(sop_class, syntax.text().c_str()));
    if (syntax.text() == kExplicitLittleEndian) {
      CAMNODE_RETURN_IF_ERROR(add(sop_class, kImplicitLittleEndian));
    }
  }
  return absl::OkStatus();
}

}  // namespace

struct StorageScu::State {
  explicit State(const StorageScuOptions& o) : options(o), layer(o) {}
  ~State() {
    if (association != nullptr) {
      if (connected) ASC_abortAssociation(association);
      ASC_destroyAssociation(&association);
    }
    if (network != nullptr) ASC_dropNetwork(&network);
  }

  absl::Status Connect(const RemoteAe& remote, const std::set<StoredEncoding>& encodings);
  // DCMTK says where it stopped; the connection, if it knows, why.
  std::string Reason(const OFCondition& condition) const {
    return std::string(layer.failure().ok() ? absl::string_view(condition.text())
                                            : layer.failure().message());
  }

  const StorageScuOptions options;
  ConnectingLayer layer;
  T_ASC_Network* network = nullptr;
  T_ASC_Association* association = nullptr;
  bool connected = false;
};

absl::Status StorageScu::State::Connect(const RemoteAe& remote,
                                        const std::set<StoredEncoding>& encodings) {
  if (remote.tls) {
    if (options.tls == nullptr) return absl::UnavailableError("no certificate for TLS");
    layer.UseTls(remote.tls_server_name);
  }
  dcmConnectionTimeout.set(WholeSeconds(options.connect_timeout));
  const int timeout_s = WholeSeconds(options.connect_timeout) + 1;
  OFCondition condition = ASC_initializeNetwork(NET_REQUESTOR, 0, timeout_s, &network);
  if (condition.bad()) return absl::UnavailableError(condition.text());
  ASC_setTransportLayer(network, &layer, /*takeoverOwnership=*/0);

  T_ASC_Parameters* parameters = nullptr;
  condition = ASC_createAssociationParameters(&parameters, ASC_MAXIMUMPDUSIZE);
  if (condition.bad()) return absl::UnavailableError(condition.text());
  OFStandard::strlcpy(parameters->ourImplementationClassUID,
                      CamnodeImplementationClassUid().text().c_str(),
                      sizeof parameters->ourImplementationClassUID);
  OFStandard::strlcpy(parameters->ourImplementationVersionName, kImplementationVersionName,
                      sizeof parameters->ourImplementationVersionName);
  ASC_setAPTitles(parameters, options.ae_title.text().c_str(), remote.ae_title.text().c_str(),
                  nullptr);
  const std::string called = absl::StrCat(remote.host, ":", remote.port);
  ASC_setPresentationAddresses(parameters, options.ae_title.text().c_str(), called.c_str());
  const absl::Status proposed = Propose(parameters, encodings);
  if (!proposed.ok()) {
    ASC_destroyAssociationParameters(&parameters);
    return proposed;
  }
  // From here on the association owns the parameters.
  condition = ASC_requestAssociation(network, parameters, &association, nullptr, nullptr,
                                     DUL_NOBLOCK, timeout_s);
  if (condition == DUL_ASSOCIATIONREJECTED) {
    T_ASC_RejectParameters rejection;
    ASC_getRejectParameters(parameters, &rejection);
    OFString text;
    ASC_printRejectParameters(text, &rejection);
    for (char& c : text) c = c == '\n' ? ' ' : c;
    return absl::UnavailableError(absl::StrCat("association rejected: ", text.c_str()));
  }
  if (condition.bad()) return absl::UnavailableError(Reason(condition));
  connected = true;
  static_cast<GuardedConnection*>(DUL_getTransportConnection(association->DULassociation))
      ->ClearDeadline();
  return absl::OkStatus();
}

StorageScu::StorageScu(std::unique_ptr<State> state) : state_(std::move(state)) {}
StorageScu::~StorageScu() = default;

absl::StatusOr<std::unique_ptr<StorageScu>> StorageScu::Connect(
    const StorageScuOptions& options, const RemoteAe& remote,
    const std::set<StoredEncoding>& encodings) {
  CAMNODE_RETURN_IF_ERROR(SetUpDcmtkNetwork());
  auto state = std::make_unique<State>(options);
  CAMNODE_RETURN_IF_ERROR(state->Connect(remote, encodings));
  return std::unique_ptr<StorageScu>(new StorageScu(std::move(state)));
}

bool StorageScu::connected() const { return state_->connected; }

absl::StatusOr<uint16_t> StorageScu::Store(const StoredFile& file) {
  T_ASC_Association* association = state_->association;
  // As stored if the peer takes it; otherwise the implicit form, which DCMTK
  // converts to on the way.
  T_ASC_PresentationContextID context = ASC_findAcceptedPresentationContextID(
      association, file.sop_class_uid.text().c_str(), file.transfer_syntax_uid.text().c_str());
  if (context == 0) {
    context = ASC_findAcceptedPresentationContextID(association, file.sop_class_uid.text().c_str(),
                                                    kImplicitLittleEndian);
  }
  if (context == 0) {
    return absl::UnimplementedError(absl::StrCat(
        "destination accepts no presentation context for SOP class ", file.sop_class_uid.text()));
  }

  T_DIMSE_C_StoreRQ request;
  std::memset(&request, 0, sizeof request);
  request.MessageID = association->nextMsgID++;
  request.Priority = DIMSE_PRIORITY_MEDIUM;
  request.DataSetType = DIMSE_DATASET_PRESENT;
  OFStandard::strlcpy(request.AffectedSOPClassUID, file.sop_class_uid.text().c_str(),
                      sizeof request.AffectedSOPClassUID);
  OFStandard::strlcpy(request.AffectedSOPInstanceUID, file.sop_instance_uid.text().c_str(),
                      sizeof request.AffectedSOPInstanceUID);
  T_DIMSE_C_StoreRSP response;
  std::memset(&response, 0, sizeof response);
  DcmDataset* detail = nullptr;
  const OFCondition condition = DIMSE_storeUser(
      association, context, &request, file.path.c_str(), nullptr, nullptr, nullptr,
      DIMSE_NONBLOCKING, WholeSeconds(state_->options.response_timeout) + 1, &response, &detail);
  delete detail;
  if (condition.good()) return response.DimseStatus;

  ASC_abortAssociation(association);
  state_->connected = false;
  const bool peer_ended =
      condition == DUL_PEERABORTEDASSOCIATION || condition == DUL_PEERREQUESTEDRELEASE;
  if (peer_ended || !state_->layer.failure().ok()) {
    return absl::UnavailableError(absl::StrCat("association lost: ", state_->Reason(condition)));
  }
  return absl::InternalError(condition.text());
}

void StorageScu::Release() {
  if (!state_->connected) return;
  state_->connected = false;
  if (ASC_releaseAssociation(state_->association).bad()) {
    ASC_abortAssociation(state_->association);
  }
}

}  // namespace camnode
