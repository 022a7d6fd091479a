#include "core/storage/outbox.h"

#include <map>
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

// A row that only the node writes, whose transactions follow each other: nobody waits.
absl::Status CountDelivered(SqlTransaction& transaction, const std::string& destination) {
  return transaction
      .Execute(
          "INSERT INTO destination_count (destination, delivered) VALUES (:destination, 1) "
          "ON CONFLICT (destination) DO UPDATE SET "
          "delivered = destination_count.delivered + 1",
          {{"destination", destination}})
      .status();
}

// Destinations with deliveries that are not over: hops from name to name in the index
// delivery_available, so that the backlog of one that has been down for days costs as
// much as one row.
constexpr absl::string_view kWaiting = R"sql(
  WITH RECURSIVE waiting (destination) AS (
    SELECT MIN(destination) FROM delivery WHERE available_ms IS NOT NULL
    UNION ALL
    SELECT (SELECT MIN(delivery.destination) FROM delivery
            WHERE delivery.available_ms IS NOT NULL
              AND delivery.destination > waiting.destination)
    FROM waiting WHERE waiting.destination IS NOT NULL)
  SELECT waiting.destination)sql";

// Each reads what is not over, what was refused, or a row of each destination.
const std::string& CountWaiting() {
  static const auto* const sql = new std::string(
      absl::StrCat(kWaiting,
                   ", (SELECT COUNT(*) FROM delivery "
                   "WHERE delivery.destination = waiting.destination AND available_ms IS NOT NULL) "
                   "FROM waiting WHERE waiting.destination IS NOT NULL"));
  return *sql;
}
constexpr absl::string_view kCountBuried =
    "SELECT destination, COUNT(*) FROM delivery WHERE state = 'buried' GROUP BY destination";
constexpr absl::string_view kCountDelivered =
    "SELECT destination, delivered FROM destination_count";

}  // namespace

absl::Status DeliveryLease::Delivered(int dimse_status) && {
  CrashPoint("before_delivered_commit");
  const auto settle = [&](SqlTransaction& transaction) -> absl::Status {
    CAMNODE_ASSIGN_OR_RETURN(const int64_t now_ms, NowMs(transaction, outbox_->clock_));
    CAMNODE_RETURN_IF_ERROR(Settle(transaction, delivery_,
                                   "state = 'delivered', available_ms = NULL, delivered_ms = :now, "
                                   "last_status = :status, last_error = ''",
                                   {{"now", now_ms}, {"status", dimse_status}}));
    return CountDelivered(transaction, delivery_.destination);
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
    CAMNODE_ASSIGN_OR_RETURN(
        const std::vector<SqlRow> rows,
        transaction.Query(
            absl::StrCat(kWaiting, " FROM waiting WHERE waiting.destination IS NOT NULL"), {}));
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
        const std::vector<SqlRow> waiting,
        transaction.Query(
            absl::StrCat(kWaiting, " FROM waiting WHERE waiting.destination IS NOT NULL"), {}));
    for (const SqlRow& row : waiting) {
      CAMNODE_ASSIGN_OR_RETURN(
          const int64_t returned,
          transaction.Execute("UPDATE delivery SET state = 'queued', available_ms = :due "
                              "WHERE destination = :destination AND state = 'leased' "
                              "AND available_ms IS NOT NULL",
                              {{"due", kDueNow}, {"destination", row.Text(0)}}));
      if (returned > 0) transaction.RingAfterCommit(kOutboxTopic);
    }
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
  std::map<std::string, DestinationBacklog> by_name;
  const auto read = [&](SqlTransaction& transaction) -> absl::Status {
    // One on its way has not arrived yet, and counts as waiting.
    const std::pair<absl::string_view, int64_t DestinationBacklog::*> counts[] = {
        {CountWaiting(), &DestinationBacklog::queued},
        {kCountBuried, &DestinationBacklog::buried},
        {kCountDelivered, &DestinationBacklog::delivered}};
    for (const auto& [sql, count] : counts) {
      CAMNODE_ASSIGN_OR_RETURN(const std::vector<SqlRow> rows, transaction.Query(sql, {}));
      for (const SqlRow& row : rows) by_name[row.Text(0)].*count = row.Int(1);
    }
    return absl::OkStatus();
  };
  CAMNODE_RETURN_IF_ERROR(database_.Read(read));
  std::vector<DestinationBacklog> backlogs;
  for (auto& [name, backlog] : by_name) {
    backlog.destination = name;
    backlogs.push_back(std::move(backlog));
  }
  return backlogs;
}

}  // namespace camnode
