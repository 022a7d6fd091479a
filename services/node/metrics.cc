#include "services/node/metrics.h"

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "core/base/log.h"
#include "core/storage/job_queue.h"
#include "core/storage/outbox.h"

namespace camnode {
namespace {

using Samples = std::vector<MetricSample>;

template <typename Number>
Samples One(const absl::optional<Number>& value) {
  if (!value.has_value()) return {};
  return {{{}, static_cast<double>(*value)}};
}

}  // namespace

void RegisterStorageMetrics(StorageFiguresReader& figures, MetricRegistry* metrics) {
  metrics->AddCallback(MetricKind::kGauge, "camnode_jobs", "Analysis jobs, by state.", {"state"},
                       [&figures] {
                         const absl::optional<QueueDepth> depth = figures.Read().queue;
                         if (!depth.has_value()) return Samples{};
                         return Samples{{{"queued"}, static_cast<double>(depth->queued)},
                                        {{"leased"}, static_cast<double>(depth->leased)},
                                        {{"buried"}, static_cast<double>(depth->buried)}};
                       });
  metrics->AddCallback(
      MetricKind::kGauge, "camnode_oldest_job_age_seconds",
      "How long the oldest unfinished job has been here; 0 if all are finished.", {}, [&figures] {
        const absl::optional<absl::Duration> age = figures.Read().oldest_unfinished_age;
        if (!age.has_value()) return Samples{};
        return Samples{{{}, absl::ToDoubleSeconds(*age)}};
      });
  metrics->AddCallback(
      MetricKind::kGauge, "camnode_outbox_deliveries",
      "Deliveries that wait or were set aside, by destination; of the last minute.",
      {"destination", "state"}, [&figures] {
        Samples samples;
        for (const DestinationBacklog& backlog : figures.Read().backlogs) {
          samples.push_back({{backlog.destination, "queued"}, static_cast<double>(backlog.queued)});
          samples.push_back({{backlog.destination, "buried"}, static_cast<double>(backlog.buried)});
        }
        return samples;
      });
  metrics->AddCallback(MetricKind::kGauge, "camnode_quarantined_instances",
                       "Films set aside because their UID was here with other bytes.", {},
                       [&figures] { return One(figures.Read().quarantined_instances); });
  metrics->AddCallback(MetricKind::kGauge, "camnode_free_bytes",
                       "Free disk below the data directory.", {},
                       [&figures] { return One(figures.Read().free_bytes); });
}

void RegisterLogMetrics(MetricRegistry* metrics) {
  metrics->AddCallback(MetricKind::kCounter, "camnode_log_lines_dropped_total",
                       "Lines of the node's log that were dropped because nobody read it.", {}, [] {
                         return Samples{{{}, static_cast<double>(DroppedLogLines())}};
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
