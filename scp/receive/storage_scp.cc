#include "scp/receive/storage_scp.h"

#include <cstring>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/crash_point.h"
#include "core/base/log.h"
#include "core/base/status_macros.h"
#include "core/base/stopwatch.h"
#include "core/dicom/film/sop_classes.h"
#include "core/domain/uid.h"
#include "dcmtk/dcmdata/dcdeftag.h"
#include "scp/receive/sink_stream.h"
#include "scp/wire/dimse_status.h"
#include "scp/wire/stop_signal.h"

namespace camnode {
namespace {

constexpr absl::Duration kAbortLinger = absl::Seconds(1);

// The connection class keeps exact time; DCMTK is told a second more, so that it
// never ends a wait first.
int DcmtkSeconds(absl::Duration duration) {
  return static_cast<int>(absl::ToInt64Seconds(absl::Ceil(duration, absl::Seconds(1)))) + 1;
}

}  // namespace

StorageScp::StorageScp(T_ASC_Association* association, GuardedConnection& connection,
                       const AssociationPeer& peer, const AcceptorOptions& options,
                       const StopSignal& draining, StoreHandler& handler, AcceptorMetrics& metrics)
    : association_(association),
      connection_(connection),
      peer_(peer),
      options_(options),
      draining_(draining),
      handler_(handler),
      metrics_(metrics) {}

int StorageScp::TimeoutSeconds() const { return DcmtkSeconds(options_.settings.idle_timeout); }

AssociationEnd StorageScp::Run() {
  while (ServeOneMessage()) {
  }
  return end_;
}

bool StorageScp::Finish(const std::string& outcome, const std::string& reason) {
  end_.outcome = outcome;
  end_.reason = reason;
  return false;
}

bool StorageScp::Abort(const std::string& outcome, const std::string& reason) {
  // DCMTK waits for the peer to close after it has sent the abort.  The connection
  // is there unless the network has failed already.
  if (DUL_getTransportConnection(association_->DULassociation) != nullptr) {
    connection_.SetDeadline(kAbortLinger);
  }
  ASC_abortAssociation(association_);
  return Finish(outcome, reason);
}

bool StorageScp::ServeOneMessage() {
  connection_.ClearDeadline();
  switch (connection_.WaitReadable(&draining_)) {
    case GuardedConnection::Wait::kReadable:
      break;
    case GuardedConnection::Wait::kTimeout:
      return Abort("idle", "no message within the idle timeout");
    case GuardedConnection::Wait::kInterrupted:
      return Abort("draining", "the node stops");
  }
  connection_.SetDeadline(options_.settings.instance_timeout);

  T_DIMSE_Message message;
  std::memset(&message, 0, sizeof message);
  T_ASC_PresentationContextID context = 0;
  const OFCondition condition = DIMSE_receiveCommand(association_, DIMSE_NONBLOCKING,
                                                     TimeoutSeconds(), &context, &message, nullptr);
  if (condition == DUL_PEERREQUESTEDRELEASE) {
    ASC_acknowledgeRelease(association_);
    return Finish("released", "");
  }
  if (condition == DUL_PEERABORTEDASSOCIATION) return Finish("aborted", "peer aborted");
  if (condition.bad()) return Abort("failed", condition.text());

  switch (message.CommandField) {
    case DIMSE_C_ECHO_RQ:
      return AnswerEcho(context, message.msg.CEchoRQ);
    case DIMSE_C_STORE_RQ:
      return TakeInstance(context, message.msg.CStoreRQ);
    case DIMSE_C_CANCEL_RQ:
      return true;  // Nothing of ours can be cancelled.
    default:
      return Abort("failed", absl::StrCat("command ", DimseStatusText(message.CommandField),
                                          " is not offered"));
  }
}

bool StorageScp::AnswerEcho(T_ASC_PresentationContextID context, const T_DIMSE_C_EchoRQ& request) {
  metrics_.echoes.Add();
  const OFCondition condition =
      DIMSE_sendEchoResponse(association_, context, &request, STATUS_Success, nullptr);
  return condition.good() || Abort("failed", condition.text());
}

absl::StatusOr<StoreRequest> StorageScp::CheckRequest(T_ASC_PresentationContextID context,
                                                      const T_DIMSE_C_StoreRQ& request) const {
  StoreRequest checked;
  checked.association = peer_.association;
  checked.calling_ae = peer_.calling_ae;
  checked.called_ae = peer_.called_ae;
  checked.peer_address = peer_.address;
  T_ASC_PresentationContext accepted;
  if (ASC_findAcceptedPresentationContext(association_->params, context, &accepted).bad()) {
    return absl::UnimplementedError("presentation context was not accepted");
  }
  CAMNODE_ASSIGN_OR_RETURN(checked.sop_class_uid, Uid::Parse(request.AffectedSOPClassUID));
  CAMNODE_ASSIGN_OR_RETURN(checked.sop_instance_uid, Uid::Parse(request.AffectedSOPInstanceUID));
  CAMNODE_ASSIGN_OR_RETURN(checked.transfer_syntax_uid,
                           Uid::Parse(accepted.acceptedTransferSyntax));
  if (!IsAcceptedStorageSopClass(checked.sop_class_uid.text()) ||
      checked.sop_class_uid.text() != accepted.abstractSyntax) {
    return absl::UnimplementedError("SOP class is not that of the presentation context");
  }
  return checked;
}

bool StorageScp::TakeInstance(T_ASC_PresentationContextID context,
                              const T_DIMSE_C_StoreRQ& request) {
  const Stopwatch stopwatch;
  std::unique_ptr<InstanceSink> sink;
  absl::Status refusal;
  const absl::StatusOr<StoreRequest> checked = CheckRequest(context, request);
  if (checked.ok()) {
    absl::StatusOr<std::unique_ptr<InstanceSink>> admitted = handler_.Admit(*checked);
    if (admitted.ok()) {
      sink = *std::move(admitted);
    } else {
      refusal = admitted.status();
    }
  } else {
    refusal = checked.status();
  }

  // A refused data set is read all the same: the answer comes after it, and the
  // next instance is taken on the same association.
  SinkConsumer consumer(sink.get(), refusal, peer_.max_instance_bytes);
  SinkStream stream(consumer);
  T_ASC_PresentationContextID data_context = 0;
  const OFCondition condition = DIMSE_receiveDataSetInFile(
      association_, DIMSE_NONBLOCKING, TimeoutSeconds(), &data_context, &stream, nullptr, nullptr);
  metrics_.received_bytes.Add(consumer.bytes());
  end_.bytes += consumer.bytes();
  if (condition.bad() || data_context != context) {
    ++end_.refused;
    if (condition == DUL_PEERABORTEDASSOCIATION) {
      return Finish("aborted", "peer aborted inside a data set");
    }
    if (consumer.overrun()) return Abort("failed", "data set far too large");
    return Abort("failed",
                 condition.bad() ? condition.text() : "data set in another presentation context");
  }

  absl::Status status = consumer.result();
  if (status.ok()) {
    CrashPoint("after_dataset_received");
    status = sink->Finish();
  }
  sink.reset();
  connection_.ClearDeadline();  // What we took to store it is not the peer's fault.
  return AnswerStore(context, request, status, stopwatch);
}

bool StorageScp::AnswerStore(T_ASC_PresentationContextID context, const T_DIMSE_C_StoreRQ& request,
                             const absl::Status& status, const Stopwatch& stopwatch) {
  const uint16_t dimse_status = DimseStatusFor(status.code());
  if (!status.ok()) {
    Log(LogLevel::kWarning, "instance_refused",
        {{LogField::kAssociation, peer_.association},
         {LogField::kCallingAe, peer_.calling_ae},
         {LogField::kInstance, request.AffectedSOPInstanceUID},
         {LogField::kDimseStatus, DimseStatusText(dimse_status)},
         {LogField::kDurationMs, absl::ToInt64Milliseconds(stopwatch.Elapsed())},
         {LogField::kReason, status.message()}});
  }

  T_DIMSE_C_StoreRSP response;
  std::memset(&response, 0, sizeof response);
  response.DimseStatus = dimse_status;
  DcmDataset detail;
  if (!status.ok()) {
    detail.putAndInsertString(DCM_ErrorComment, ErrorCommentFor(status.code()).c_str());
  }
  CrashPoint("before_store_response");
  const OFCondition condition = DIMSE_sendStoreResponse(association_, context, &request, &response,
                                                        status.ok() ? nullptr : &detail);
  CrashPoint("after_store_response");
  metrics_.CountAnswer(dimse_status);
  ++(status.ok() ? end_.stored : end_.refused);
  return condition.good() || Abort("failed", condition.text());
}

}  // namespace camnode
