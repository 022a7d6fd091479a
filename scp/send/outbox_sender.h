// Delivers derived instances: takes due deliveries from the outbox and sends each
// to its destination by C-STORE, until the destination has it or has refused it
// for good.

#ifndef CAMNODE_SCP_SEND_OUTBOX_SENDER_H_
#define CAMNODE_SCP_SEND_OUTBOX_SENDER_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/domain/ae_title.h"
#include "core/storage/blobs/blob_store.h"
#include "core/storage/outbox.h"
#include "core/storage/sql/doorbell.h"
#include "scp/send/delivery_metrics.h"
#include "scp/send/destination.h"
#include "scp/settings/delivery_settings.h"

namespace camnode {

class TlsCredentials;

struct OutboxSenderOptions {
  AeTitle ae_title;  // Ours, as calling AE.
  // Certificates for destinations that are called by TLS; outlives the sender.  May
  // be null if none is.
  const TlsCredentials* tls = nullptr;
  DeliverySettings settings;
  // Destinations served at one time, one thread each.
  int max_active_destinations = 4;
  // The doorbell is only a hint: look for due deliveries at least so often.
  absl::Duration poll_interval = absl::Seconds(1);
  // How long Stop waits for objects under way before it breaks them off; those are
  // sent again after the next start.
  absl::Duration drain_timeout = absl::Seconds(5);
};

// Used by the owner's thread.
class OutboxSender {
 public:
  // Borrows all but the options; everything outlives it.
  OutboxSender(const OutboxSenderOptions& options, const DestinationDirectory& destinations,
               Outbox& outbox, BlobStore& blobs, Doorbell& doorbell, DeliveryMetrics& metrics);
  // As Stop.
  ~OutboxSender();

  // Starts the threads.  Called once.
  // Errors: kInvalidArgument for an option out of range (says which).
  absl::Status Start();

  // Finishes the object under way on each association within drain_timeout, gives
  // the rest back to the outbox, joins.  A TCP connect under way is waited for.
  // Calling it again does nothing.  Does not stop the doorbell: waits at most
  // poll_interval for it.
  void Stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace camnode

#endif  // CAMNODE_SCP_SEND_OUTBOX_SENDER_H_
