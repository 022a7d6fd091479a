// Deliveries waiting for their destinations.

#ifndef CAMNODE_CORE_STORAGE_OUTBOX_H_
#define CAMNODE_CORE_STORAGE_OUTBOX_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/domain/delivery.h"
#include "core/domain/derived_instance.h"
#include "core/storage/sql/sql_database.h"

namespace camnode {

struct OutboxOptions {
  // Longer: deliveries of a node that vanished wait longer.  Shorter than one
  // association's worth of sending: an object is sent twice.
  absl::Duration lease_duration = absl::Minutes(5);
  // Of those that the sender asks for when a destination failed: Backoff::maximum.
  absl::Duration longest_backoff = absl::Minutes(10);
};

class Outbox;

// One attempt at one delivery, with the object to send.  As JobLease: move-only,
// ended once; kAborted if the attempt is no longer ours.
class DeliveryLease {
 public:
  DeliveryLease(DeliveryLease&&) noexcept = default;
  DeliveryLease& operator=(DeliveryLease&&) noexcept = default;

  const Delivery& delivery() const { return delivery_; }
  const DerivedInstance& derived() const { return derived_; }

  // `dimse_status`: of the destination's answer; -1 if there was none.
  absl::Status Delivered(int dimse_status) &&;
  absl::Status Retry(int dimse_status, const absl::Status& why, absl::Duration delay) &&;
  absl::Status Bury(int dimse_status, const absl::Status& why) &&;
  // Back at once, uncharged: the association ended before its turn.
  absl::Status GiveBack(absl::Duration delay) &&;

 private:
  friend class Outbox;
  DeliveryLease(Outbox& outbox, Delivery delivery, DerivedInstance derived)
      : outbox_(&outbox), delivery_(std::move(delivery)), derived_(std::move(derived)) {}

  Outbox* outbox_;
  Delivery delivery_;
  DerivedInstance derived_;
};

struct DestinationBacklog {
  std::string destination;
  int64_t queued = 0;     // With those on their way.
  int64_t delivered = 0;  // Ever.
  int64_t buried = 0;
};

// Thread-safe.
class Outbox {
 public:
  Outbox(SqlDatabase& database, const Clock& clock, const OutboxOptions& options);

  // Names of destinations with a delivery that is due, in their order.
  absl::StatusOr<std::vector<std::string>> DueDestinations();

  // Up to `max` due deliveries of one destination, oldest first.
  absl::StatusOr<std::vector<DeliveryLease>> Lease(const std::string& destination, int max);

  // At start of the only node on this database: leases of its dead predecessor
  // become due at once.
  absl::Status ReturnAllLeases();

  // A buried delivery back to the queue.  Errors: kNotFound, kFailedPrecondition.
  absl::Status Requeue(int64_t delivery_id);

  // By name.  Reads what waits or is buried; what was delivered is kept as a count.
  absl::StatusOr<std::vector<DestinationBacklog>> Backlogs();

 private:
  friend class DeliveryLease;
  SqlDatabase& database_;
  const Clock& clock_;
  const OutboxOptions options_;
};

}  // namespace camnode

#endif  // CAMNODE_CORE_STORAGE_OUTBOX_H_
