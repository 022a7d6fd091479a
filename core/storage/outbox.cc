#include "core/storage/outbox.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/crash_point.h"
#include "core/base/status_macros.h"
#include "core/storage/due.h"
#include "core/storage/job_rows.h"
#include "core/storage/row_mapping.h"
#include "core/storage/sql/database_time.h"
#include "core/storage/sql/doorbell.h"

namespace camnode {
namespace {

LongestWaits WaitsOf(const OutboxOptions& options) {
  return {options.longest_backoff, options.lease_duration};
}

Line LineOf(const std::string& destination) { return {"delivery", "destination", destination}; }

absl::Status LostDelivery(const Delivery& delivery) {
  return absl::AbortedError(absl::StrCat("attempt ", delivery.attempt, " at delivery ", delivery.id,
                                         " is no longer the current one"));
}

// Ends the attempt: `assignments`, if it is still ours.
absl::Status Settle(SqlTransaction& transaction, const Delivery& delivery,
                    absl::string_view assignments, SqlParameters parameters) {
  parameters.emplace_back("id", delivery.id);
  parameters.emplace_back("attempt", delivery.attempt);
  CAMNODE_ASSIGN_OR_RETURN(
      const int64_t changed,
      transaction.Execute(absl::StrCat("UPDATE delivery SET ", assignments, " WHERE ", kFence),
                          parameters));
  return changed == 1 ? absl::OkStatus() : LostDelivery(delivery);
}

}  // namespace

absl::Status DeliveryLease::Delivered(int dimse_status) && {
  CrashPoint("before_delivered_commit");
  const auto settle = [&](SqlTransaction& transaction) -> absl::Status {
    CAMNODE_ASSIGN_OR_RETURN(const int64_t now_ms, NowMs(transaction, outbox_->clock_));
    return Settle(transaction, delivery_,
                  "state = 'delivered', available_ms = NULL, delivered_ms = :now, "
                  "last_status = :status, last_error = ''",
                  {{"now", now_ms}, {"status", dimse_status}});
  };
  CAMNODE_RETURN_IF_ERROR(outbox_->database_.Write(settle));
  CrashPoint("after_delivered_commit");
  return absl::OkStatus();
}

absl::Status DeliveryLease::Retry(int dimse_status, const absl::Status& why,
                                  absl::Duration delay) && {
  return outbox_->database_.Write([&](SqlTransaction& transaction) -> absl::Status {
    CAMNODE_ASSIGN_OR_RETURN(const int64_t now_ms, NowMs(transaction, outbox_->clock_));
    return Settle(transaction, delivery_,
                  "state = 'queued', available_ms = :available, failures = failures + 1, "
                  "last_status = :status, last_error = :error",
                  {{"available", DueAfter(now_ms, delay, WaitsOf(outbox_->options_))},
                   {"status", dimse_status},
                   {"error", ErrorText(why)}});
  });
}

absl::Status DeliveryLease::Bury(int dimse_status, const absl::Status& why) && {
  return outbox_->database_.Write([&](SqlTransaction& transaction) -> absl::Status {
    return Settle(transaction, delivery_,
                  "state = 'buried', available_ms = NULL, failures = failures + 1, "
                  "last_status = :status, last_error = :error",
                  {{"status", dimse_status}, {"error", ErrorText(why)}});
  });
}

absl::Status DeliveryLease::GiveBack(absl::Duration delay) && {
  return outbox_->database_.Write([&](SqlTransaction& transaction) -> absl::Status {
    CAMNODE_ASSIGN_OR_RETURN(const int64_t now_ms, NowMs(transaction, outbox_->clock_));
    return Settle(transaction, delivery_, "state = 'queued', available_ms = :available",
                  {{"available", DueAfter(now_ms, delay, WaitsOf(outbox_->options_))}});
  });
}

Outbox::Outbox(SqlDatabase& database, const Clock& clock, const OutboxOptions& options)
    : database_(database), clock_(clock), options_(options) {}

absl::StatusOr<std::vector<std::string>> Outbox::DueDestinations() {
  std::vector<std::string> names;
  const auto read = [&](SqlTransaction& transaction) -> absl::Status {
    CAMNODE_ASSIGN_OR_RETURN(const int64_t now_ms, NowMs(transaction, clock_));
    // Hops from name to name in the index delivery_available: the backlog of a
    // destination that has been down for days costs as much as one row.
    CAMNODE_ASSIGN_OR_RETURN(const std::vector<SqlRow> rows, transaction.Query(R"sql(
      WITH RECURSIVE named (destination) AS (
        SELECT MIN(destination) FROM delivery WHERE available_ms IS NOT NULL
        UNION ALL
        SELECT (SELECT MIN(delivery.destination) FROM delivery
                WHERE delivery.available_ms IS NOT NULL
                  AND delivery.destination > named.destination)
        FROM named WHERE named.destination IS NOT NULL)
      SELECT destination FROM named WHERE destination IS NOT NULL)sql",
                                                                               {}));
    for (const SqlRow& row : rows) {
      CAMNODE_ASSIGN_OR_RETURN(const bool due,
                               AnyDue(transaction, LineOf(row.Text(0)), WaitsOf(options_), now_ms));
      if (due) names.push_back(row.Text(0));
    }
    return absl::OkStatus();
  };
  CAMNODE_RETURN_IF_ERROR(database_.Read(read));
  return names;
}

absl::StatusOr<std::vector<DeliveryLease>> Outbox::Lease(const std::string& destination, int max) {
  std::vector<std::pair<Delivery, DerivedInstance>> due;
  const auto lease = [&](SqlTransaction& transaction) -> absl::Status {
    due.clear();
    CAMNODE_ASSIGN_OR_RETURN(const int64_t now_ms, NowMs(transaction, clock_));
    CAMNODE_RETURN_IF_ERROR(EndWaits(transaction, LineOf(destination), WaitsOf(options_), now_ms));
    CAMNODE_ASSIGN_OR_RETURN(
        const std::vector<SqlRow> picked,
        transaction.Query(
            absl::StrCat("SELECT delivery.id FROM delivery WHERE destination = :destination AND "
                         "available_ms = :due ORDER BY id LIMIT :limit",
                         ForUpdateSkipLocked(transaction)),
            {{"destination", destination}, {"due", kDueNow}, {"limit", max}}));
    const int64_t ends_ms = now_ms + absl::ToInt64Milliseconds(options_.lease_duration);
    for (const SqlRow& id : picked) {
      CAMNODE_RETURN_IF_ERROR(
          transaction
              .Execute("UPDATE delivery SET state = 'leased', attempt = attempt + 1, "
                       "available_ms = :ends WHERE id = :id",
                       {{"ends", ends_ms}, {"id", id.Int(0)}})
              .status());
      CAMNODE_ASSIGN_OR_RETURN(
          const std::vector<SqlRow> rows,
          transaction.Query(absl::StrCat("SELECT ", kDerivedInstanceColumns, ", ", kDeliveryColumns,
                                         " FROM delivery JOIN derived_instance "
                                         "ON derived_instance.id = delivery.derived_instance_id "
                                         "WHERE delivery.id = :id"),
                            {{"id", id.Int(0)}}));
      due.emplace_back(DeliveryFromRow(rows.at(0), kDerivedInstanceColumnCount),
                       DerivedInstanceFromRow(rows.at(0)));
    }
    return absl::OkStatus();
  };
  CAMNODE_RETURN_IF_ERROR(database_.Write(lease));
  if (!due.empty()) CrashPoint("after_delivery_lease_commit");
  std::vector<DeliveryLease> leases;
  leases.reserve(due.size());
  for (auto& [delivery, derived] : due) {
    leases.push_back(DeliveryLease(*this, std::move(delivery), std::move(derived)));
  }
  return leases;
}

absl::Status Outbox::ReturnAllLeases() {
  return database_.Write([&](SqlTransaction& transaction) -> absl::Status {
    CAMNODE_ASSIGN_OR_RETURN(
        const int64_t returned,
        transaction.Execute("UPDATE delivery SET state = 'queued', available_ms = :due "
                            "WHERE state = 'leased' AND available_ms IS NOT NULL",
                            {{"due", kDueNow}}));
    if (returned > 0) transaction.RingAfterCommit(kOutboxTopic);
    return absl::OkStatus();
  });
}

absl::Status Outbox::Requeue(int64_t delivery_id) {
  return database_.Write([&](SqlTransaction& transaction) -> absl::Status {
    CAMNODE_ASSIGN_OR_RETURN(
        const int64_t changed,
        transaction.Execute("UPDATE delivery SET state = 'queued', failures = 0, "
                            "available_ms = :due WHERE id = :id AND state = 'buried'",
                            {{"due", kDueNow}, {"id", delivery_id}}));
    if (changed == 1) {
      transaction.RingAfterCommit(kOutboxTopic);
      return absl::OkStatus();
    }
    CAMNODE_ASSIGN_OR_RETURN(
        const std::vector<SqlRow> rows,
        transaction.Query("SELECT state FROM delivery WHERE id = :id", {{"id", delivery_id}}));
    if (rows.empty()) return absl::NotFoundError(absl::StrCat("no delivery ", delivery_id));
    return absl::FailedPreconditionError(
        absl::StrCat("delivery ", delivery_id, " is ", rows[0].Text(0), ", not buried"));
  });
}

absl::StatusOr<std::vector<DestinationBacklog>> Outbox::Backlogs() {
  std::vector<DestinationBacklog> backlogs;
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<SqlRow> rows,
                           ReadRows(database_,
                                    "SELECT destination, state, COUNT(*) FROM delivery "
                                    "GROUP BY destination, state ORDER BY destination",
                                    {}));
  for (const SqlRow& row : rows) {
    const std::string destination = row.Text(0);
    const std::string state = row.Text(1);
    if (backlogs.empty() || backlogs.back().destination != destination) {
      backlogs.emplace_back();
      backlogs.back().destination = destination;
    }
    DestinationBacklog& backlog = backlogs.back();
    // One on its way has not arrived yet.
    if (state == DeliveryStateName(DeliveryState::kDelivered)) {
      backlog.delivered += row.Int(2);
    } else if (state == DeliveryStateName(DeliveryState::kBuried)) {
      backlog.buried += row.Int(2);
    } else {
      backlog.queued += row.Int(2);
    }
  }
  return backlogs;
}

}  // namespace camnode
