#include "scp/send/outbox_sender.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/random/random.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "core/base/crash_point.h"
#include "core/base/log.h"
#include "core/base/mutex.h"
#include "core/base/option_ranges.h"
#include "core/base/retryable.h"
#include "core/base/status_macros.h"
#include "core/base/stopwatch.h"
#include "core/domain/delivery.h"
#include "core/domain/derived_instance.h"
#include "scp/send/storage_scu.h"
#include "scp/settings/remote_ae.h"
#include "scp/wire/dcmtk_setup.h"
#include "scp/wire/dimse_status.h"
#include "scp/wire/stop_signal.h"

namespace camnode {
namespace {

constexpr int kNoAnswer = -1;

absl::Status CheckOptions(const OutboxSenderOptions& options) {
  const auto out_of_range = [](absl::string_view name) {
    return absl::InvalidArgumentError(absl::StrCat(name, " is out of range"));
  };
  if (options.ae_title.empty()) return absl::InvalidArgumentError("our AE title is empty");
  if (options.max_active_destinations < 1 || options.max_active_destinations > 100) {
    return out_of_range("max_active_destinations");
  }
  if (options.poll_interval < absl::Milliseconds(1)) return out_of_range("poll_interval");
  DeliverySettings settings = options.settings;
  OptionRanges ranges;
  ReadOptions(ranges, &settings);
  CAMNODE_RETURN_IF_ERROR(ranges.status());
  if (settings.backoff.maximum < settings.backoff.initial || settings.backoff.multiplier < 1.0) {
    return out_of_range("backoff");
  }
  return absl::OkStatus();
}

// What an attempt means for its delivery.
struct Settlement {
  DeliveryOutcome outcome = DeliveryOutcome::kRetry;
  int dimse_status = kNoAnswer;
  absl::Status why;
};

Settlement SettlementFor(const absl::StatusOr<uint16_t>& answer) {
  if (answer.ok()) {
    return {OutcomeFor(*answer), *answer,
            absl::UnknownError(absl::StrCat("destination answered ", DimseStatusText(*answer)))};
  }
  switch (ActionFor(answer.status().code())) {
    case FailureAction::kBury:
      return {DeliveryOutcome::kBury, kNoAnswer, answer.status()};
    case FailureAction::kRetryThenBury:
      return {DeliveryOutcome::kRetryThenBury, kNoAnswer, answer.status()};
    case FailureAction::kRetry:
    case FailureAction::kDrop:
      break;
  }
  return {DeliveryOutcome::kRetry, kNoAnswer, answer.status()};
}

}  // namespace

// A dispatcher asks the outbox which destinations have work; a few senders take
// one destination each, never two the same.
class OutboxSender::Impl {
 public:
  Impl(const OutboxSenderOptions& options, const DestinationDirectory& destinations, Outbox& outbox,
       BlobStore& blobs, Doorbell& doorbell, DeliveryMetrics& metrics)
      : options_(options),
        destinations_(destinations),
        outbox_(outbox),
        blobs_(blobs),
        doorbell_(doorbell),
        metrics_(metrics) {}
  ~Impl() { Stop(); }

  absl::Status Start();
  void Stop();

 private:
  struct DestinationState {
    bool active = false;  // Queued for a sender, or with one.
    int failures = 0;     // Associations in a row that did not come about or broke.
    Deadline not_before{absl::ZeroDuration()};
  };

  void Dispatch();
  void DispatchDue();
  void Send();
  absl::optional<std::string> NextDestination();

  // One association's worth.  False if the destination could not be talked to.
  bool SendBatch(const std::string& destination, int max);
  bool SendOver(StorageScu& scu, const std::string& destination,
                std::vector<DeliveryLease>& leases);
  absl::StatusOr<uint16_t> SendOne(StorageScu& scu, const DerivedInstance& derived);
  void Settle(DeliveryLease lease, const Settlement& settlement, absl::Duration took);
  // The first is charged with the reason, so that it can be seen; the others wait.
  void PutBack(std::vector<DeliveryLease>& leases, size_t from, const absl::Status& why);
  absl::Duration Delay(int failures);

  const OutboxSenderOptions options_;
  const DestinationDirectory& destinations_;
  Outbox& outbox_;
  BlobStore& blobs_;
  Doorbell& doorbell_;
  DeliveryMetrics& metrics_;
  StopSignal stop_;     // No further object.
  StopSignal abandon_;  // Nor the rest of the one under way.

  std::thread dispatcher_;
  std::vector<std::thread> senders_;

  Mutex mutex_;
  CondVar work_;
  CondVar idle_;
  int busy_ ABSL_GUARDED_BY(mutex_) = 0;  // Senders at a destination.
  std::deque<std::string> queue_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, DestinationState> states_ ABSL_GUARDED_BY(mutex_);
};

absl::Status OutboxSender::Impl::Start() {
  absl::Status status = CheckOptions(options_);
  if (status.ok()) status = SetUpDcmtkNetwork();
  if (!status.ok()) return status;
  dispatcher_ = std::thread([this] { Dispatch(); });
  for (int i = 0; i < options_.max_active_destinations; ++i) {
    senders_.emplace_back([this] { Send(); });
  }
  return absl::OkStatus();
}

void OutboxSender::Impl::Stop() {
  {
    MutexLock lock(&mutex_);
    stop_.Raise();
    work_.SignalAll();
    const Deadline deadline(options_.drain_timeout);
    while (busy_ > 0 && !deadline.Expired()) {
      idle_.WaitWithTimeout(&mutex_, deadline.Remaining());
    }
  }
  abandon_.Raise();
  if (dispatcher_.joinable()) dispatcher_.join();
  for (std::thread& sender : senders_) sender.join();
  senders_.clear();
}

void OutboxSender::Impl::Dispatch() {
  while (!stop_.raised()) {
    DispatchDue();
    doorbell_.Wait(kOutboxTopic, options_.poll_interval);
  }
}

void OutboxSender::Impl::DispatchDue() {
  const absl::StatusOr<std::vector<std::string>> due = outbox_.DueDestinations();
  if (!due.ok()) {
    Log(LogLevel::kWarning, "outbox_unreadable", {{LogField::kReason, due.status().message()}});
    return;
  }
  MutexLock lock(&mutex_);
  for (const std::string& destination : *due) {
    DestinationState& state = states_[destination];
    if (state.active || !state.not_before.Expired()) continue;
    state.active = true;
    queue_.push_back(destination);
    work_.Signal();
  }
}

absl::optional<std::string> OutboxSender::Impl::NextDestination() {
  MutexLock lock(&mutex_);
  while (queue_.empty() && !stop_.raised()) work_.Wait(&mutex_);
  if (stop_.raised()) return absl::nullopt;
  std::string destination = std::move(queue_.front());
  queue_.pop_front();
  ++busy_;
  return destination;
}

void OutboxSender::Impl::Send() {
  while (const absl::optional<std::string> destination = NextDestination()) {
    bool first_after_failure = false;
    {
      MutexLock lock(&mutex_);
      first_after_failure = states_[*destination].failures > 0;
    }
    // A destination that was down is tried with one object, not with many leases.
    const bool reached =
        SendBatch(*destination, first_after_failure ? 1 : options_.settings.max_per_association);
    {
      MutexLock lock(&mutex_);
      DestinationState& state = states_[*destination];
      state.active = false;
      state.failures = reached ? 0 : state.failures + 1;
      state.not_before = Deadline(reached ? absl::ZeroDuration() : Delay(state.failures));
      // A map entry is kept only for what it remembers.
      if (reached) states_.erase(*destination);
      --busy_;
      idle_.SignalAll();
    }
    // What came due meanwhile was passed over because we were at it.
    if (!stop_.raised()) doorbell_.Ring(kOutboxTopic);
  }
}

absl::Duration OutboxSender::Impl::Delay(int failures) {
  absl::BitGen random;
  return DelayBeforeRetry(options_.settings.backoff, std::max(failures, 1), random);
}

bool OutboxSender::Impl::SendBatch(const std::string& destination, int max) {
  absl::StatusOr<std::vector<DeliveryLease>> leases = outbox_.Lease(destination, max);
  if (!leases.ok()) {
    Log(LogLevel::kWarning, "outbox_unreadable",
        {{LogField::kDestination, destination}, {LogField::kReason, leases.status().message()}});
    return false;
  }
  if (leases->empty()) return true;
  CrashPoint("after_delivery_lease");

  const absl::StatusOr<RemoteAe> remote = destinations_.Find(destination);
  if (!remote.ok()) {
    const absl::Status why = absl::FailedPreconditionError(remote.status().message());
    for (DeliveryLease& lease : *leases) {
      Settle(std::move(lease), {DeliveryOutcome::kBury, kNoAnswer, why}, absl::ZeroDuration());
    }
    return true;
  }

  std::set<StoredEncoding> encodings;
  for (const DeliveryLease& lease : *leases) {
    encodings.emplace(lease.derived().sop_class_uid, lease.derived().transfer_syntax_uid);
  }
  StorageScuOptions options;
  options.ae_title = options_.ae_title;
  options.connect_timeout = options_.settings.connect_timeout;
  options.response_timeout = options_.settings.response_timeout;
  options.tls = options_.tls;
  options.stop = &abandon_;
  absl::StatusOr<std::unique_ptr<StorageScu>> scu =
      StorageScu::Connect(options, *remote, encodings);
  if (!scu.ok()) {
    metrics_.associations_failed.Add();
    Log(LogLevel::kWarning, "destination_unreachable",
        {{LogField::kDestination, destination}, {LogField::kReason, scu.status().message()}});
    PutBack(*leases, 0, scu.status());
    return false;
  }
  const bool kept = SendOver(**scu, destination, *leases);
  (*scu)->Release();
  return kept;
}

bool OutboxSender::Impl::SendOver(StorageScu& scu, const std::string& destination,
                                  std::vector<DeliveryLease>& leases) {
  for (size_t i = 0; i < leases.size(); ++i) {
    if (stop_.raised()) {
      for (size_t rest = i; rest < leases.size(); ++rest) {
        std::move(leases[rest]).GiveBack(absl::ZeroDuration()).IgnoreError();
      }
      return true;
    }
    const Stopwatch stopwatch;
    const absl::StatusOr<uint16_t> answer = SendOne(scu, leases[i].derived());
    CrashPoint("after_cstore_sent");
    if (!scu.connected()) {
      metrics_.associations_failed.Add();
      Log(LogLevel::kWarning, "delivery_association_lost",
          {{LogField::kDestination, destination}, {LogField::kReason, answer.status().message()}});
      Settle(std::move(leases[i]), SettlementFor(answer), stopwatch.Elapsed());
      for (size_t rest = i + 1; rest < leases.size(); ++rest) {
        std::move(leases[rest]).GiveBack(absl::ZeroDuration()).IgnoreError();
      }
      return false;
    }
    Settle(std::move(leases[i]), SettlementFor(answer), stopwatch.Elapsed());
    CrashPoint("after_delivery_settled");
  }
  return true;
}

absl::StatusOr<uint16_t> OutboxSender::Impl::SendOne(StorageScu& scu,
                                                     const DerivedInstance& derived) {
  const absl::StatusOr<std::string> path = blobs_.PathOf(derived.blob_id);
  // Of its own volume, a file that is not there is lost; a volume that is away comes back.
  if (absl::IsNotFound(path.status())) return absl::DataLossError(path.status().message());
  if (!path.ok()) return path.status();
  const absl::StatusOr<uint16_t> answer = scu.Store(
      {derived.sop_class_uid, derived.sop_instance_uid, derived.transfer_syntax_uid, *path});
  if (answer.ok()) metrics_.sent_bytes.Add(derived.size_bytes);
  return answer;
}

void OutboxSender::Impl::Settle(DeliveryLease lease, const Settlement& settlement,
                                absl::Duration took) {
  const Delivery delivery = lease.delivery();
  const std::string instance = lease.derived().sop_instance_uid.text();
  const int failures = delivery.failures + 1;
  const bool spent = settlement.outcome == DeliveryOutcome::kRetryThenBury &&
                     failures >= options_.settings.max_failures;
  absl::Status settled;
  absl::string_view outcome;
  if (settlement.outcome == DeliveryOutcome::kDelivered) {
    settled = std::move(lease).Delivered(settlement.dimse_status);
    outcome = "delivered";
    metrics_.delivered.Add();
  } else if (settlement.outcome == DeliveryOutcome::kBury || spent) {
    settled = std::move(lease).Bury(settlement.dimse_status, settlement.why);
    outcome = "buried";
    metrics_.buried.Add();
  } else {
    settled = std::move(lease).Retry(settlement.dimse_status, settlement.why, Delay(failures));
    outcome = "retry";
    metrics_.retried.Add();
  }
  const bool good = settlement.outcome == DeliveryOutcome::kDelivered && settled.ok();
  Log(good ? LogLevel::kInfo : LogLevel::kWarning, "delivery",
      {{LogField::kDelivery, delivery.id},
       {LogField::kDestination, delivery.destination},
       {LogField::kInstance, instance},
       {LogField::kAttempt, delivery.attempt},
       {LogField::kOutcome, settled.ok() ? outcome : "unsettled"},
       {LogField::kDimseStatus,
        settlement.dimse_status == kNoAnswer
            ? ""
            : DimseStatusText(static_cast<uint16_t>(settlement.dimse_status))},
       {LogField::kDurationMs, absl::ToInt64Milliseconds(took)},
       {LogField::kReason, good           ? absl::string_view()
                           : settled.ok() ? settlement.why.message()
                                          : settled.message()}});
}

void OutboxSender::Impl::PutBack(std::vector<DeliveryLease>& leases, size_t from,
                                 const absl::Status& why) {
  for (size_t i = from; i < leases.size(); ++i) {
    if (i == from) {
      metrics_.retried.Add();
      const absl::Duration delay = Delay(leases[i].delivery().failures + 1);
      std::move(leases[i]).Retry(kNoAnswer, why, delay).IgnoreError();
    } else {
      std::move(leases[i]).GiveBack(absl::ZeroDuration()).IgnoreError();
    }
  }
}

OutboxSender::OutboxSender(const OutboxSenderOptions& options,
                           const DestinationDirectory& destinations, Outbox& outbox,
                           BlobStore& blobs, Doorbell& doorbell, DeliveryMetrics& metrics)
    : impl_(std::make_unique<Impl>(options, destinations, outbox, blobs, doorbell, metrics)) {}
OutboxSender::~OutboxSender() = default;

absl::Status OutboxSender::Start() { return impl_->Start(); }
void OutboxSender::Stop() { impl_->Stop(); }

}  // namespace camnode
