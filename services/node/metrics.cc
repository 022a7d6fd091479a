#include "services/node/metrics.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/mutex.h"
#include "core/base/stopwatch.h"
#include "core/storage/job_queue.h"
#include "core/storage/outbox.h"
#include "core/storage/quarantine.h"

namespace camnode {
namespace {

using Samples = std::vector<MetricSample>;

// Counting what waits for each destination reads an index over all deliveries there
// ever were, so it is done once a minute, however often somebody asks.  Thread-safe.
class BacklogCache {
 public:
  BacklogCache(Outbox& outbox, const Clock& clock)
      : outbox_(outbox), clock_(clock), count_holds_(absl::ZeroDuration(), clock) {}

  Samples Read() {
    MutexLock lock(&mutex_);
    if (!count_holds_.Expired()) return samples_;
    const absl::StatusOr<std::vector<DestinationBacklog>> backlogs = outbox_.Backlogs();
    if (!backlogs.ok()) return samples_;
    count_holds_ = Deadline(absl::Minutes(1), clock_);
    samples_.clear();
    for (const DestinationBacklog& backlog : *backlogs) {
      samples_.push_back({{backlog.destination, "queued"}, static_cast<double>(backlog.queued)});
      samples_.push_back({{backlog.destination, "buried"}, static_cast<double>(backlog.buried)});
    }
    return samples_;
  }

 private:
  Outbox& outbox_;
  const Clock& clock_;
  Mutex mutex_;
  Deadline count_holds_ ABSL_GUARDED_BY(mutex_);
  Samples samples_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

void RegisterStorageMetrics(NodeStores& stores, const Clock& clock, MetricRegistry* metrics) {
  metrics->AddCallback(MetricKind::kGauge, "camnode_jobs", "Analysis jobs, by state.", {"state"},
                       [&stores] {
                         const absl::StatusOr<QueueDepth> depth = stores.jobs.Depth();
                         if (!depth.ok()) return Samples{};
                         return Samples{{{"queued"}, static_cast<double>(depth->queued)},
                                        {{"leased"}, static_cast<double>(depth->leased)},
                                        {{"buried"}, static_cast<double>(depth->buried)}};
                       });
  metrics->AddCallback(
      MetricKind::kGauge, "camnode_oldest_job_age_seconds",
      "How long the oldest queued job has waited; 0 if none waits.", {}, [&stores, &clock] {
        const absl::StatusOr<QueueDepth> depth = stores.jobs.Depth();
        if (!depth.ok()) return Samples{};
        if (depth->oldest_queued_ms == 0) return Samples{{{}, 0.0}};
        const absl::Duration age = clock.Now() - FromUnixMs(depth->oldest_queued_ms);
        return Samples{{{}, std::max(0.0, absl::ToDoubleSeconds(age))}};
      });
  metrics->AddCallback(
      MetricKind::kGauge, "camnode_outbox_deliveries",
      "Deliveries that wait or were set aside, by destination; of the last minute.",
      {"destination", "state"}, [backlogs = std::make_shared<BacklogCache>(stores.outbox, clock)] {
        return backlogs->Read();
      });
  metrics->AddCallback(MetricKind::kGauge, "camnode_quarantined_instances",
                       "Films set aside because their UID was here with other bytes.", {},
                       [&stores] {
                         const absl::StatusOr<QuarantineSize> size = stores.quarantine.Size();
                         if (!size.ok()) return Samples{};
                         return Samples{{{}, static_cast<double>(size->instances)}};
                       });
  metrics->AddCallback(MetricKind::kGauge, "camnode_free_bytes",
                       "Free disk below the data directory.", {}, [&stores] {
                         const absl::StatusOr<int64_t> free_bytes = stores.blobs->FreeBytes();
                         if (!free_bytes.ok()) return Samples{};
                         return Samples{{{}, static_cast<double>(*free_bytes)}};
                       });
}

void RegisterHealthMetrics(const HealthReporter& health, MetricRegistry* metrics) {
  metrics->AddCallback(MetricKind::kGauge, "camnode_part_serving",
                       "1 if the part of the node serves, otherwise 0.", {"part"}, [&health] {
                         Samples samples;
                         for (const PartHealth& part : health.Report().parts) {
                           samples.push_back({{part.name}, part.serving ? 1.0 : 0.0});
                         }
                         return samples;
                       });
}

void RegisterSweepMetrics(const BlobJanitor& janitor, MetricRegistry* metrics) {
  metrics->AddCallback(MetricKind::kGauge, "camnode_unnamed_blobs",
                       "Files in blobs that no row names, as the last sweep found them.", {},
                       [&janitor] {
                         return Samples{{{}, static_cast<double>(janitor.report().unnamed)}};
                       });
  metrics->AddCallback(MetricKind::kGauge, "camnode_trashed_blobs",
                       "Files in blobs/trash, as the last sweep left them.", {}, [&janitor] {
                         return Samples{{{}, static_cast<double>(janitor.report().in_trash)}};
                       });
  metrics->AddCallback(MetricKind::kGauge, "camnode_sweep_refused",
                       "1 if the last sweep found too many files without a row and touched none.",
                       {}, [&janitor] {
                         return Samples{{{}, janitor.report().refused ? 1.0 : 0.0}};
                       });
}

}  // namespace camnode
