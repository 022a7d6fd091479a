// What the stores hold, as messages of camnode.v1.  Pure functions.

#ifndef CAMNODE_SERVICES_API_PROTO_CONVERSION_H_
#define CAMNODE_SERVICES_API_PROTO_CONVERSION_H_

#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "core/domain/delivery.h"
#include "core/domain/instance.h"
#include "core/domain/job.h"
#include "core/storage/instance_store.h"
#include "core/storage/outbox.h"
#include "core/storage/quarantine.h"
#include "core/storage/result_store.h"
#include "core/storage/worker_registry.h"
#include "proto/camnode/v1/admin.pb.h"
#include "proto/camnode/v1/types.pb.h"

namespace camnode {

// `unix_ms`: milliseconds since 1970 UTC.
void SetTime(int64_t unix_ms, google::protobuf::Timestamp* time);
void SetDuration(absl::Duration duration, google::protobuf::Duration* message);

v1::Study ToProto(const StudySummary& study);

// A job with what came of it.
struct FilmJob {
  Job job;
  absl::optional<JobResult> result;  // Once it is done.
};

// `jobs`: the film's, newest first; empty if it has none.  `shown`: the id of the
// one that state, analysis and workflow are of; 0: the newest.
v1::InstanceSummary ToProto(const Instance& instance, const std::vector<FilmJob>& jobs,
                            int64_t shown);

// `jobs`: the film's, newest first.
v1::Analysis ToProto(const StoredAnalysis& stored, const std::vector<FilmJob>& jobs);

v1::Delivery ToProto(const Delivery& delivery);
v1::WorkerStatus ToProto(const WorkerRecord& worker);
v1::DestinationStatus ToProto(const DestinationBacklog& backlog);
v1::QuarantinedInstance ToProto(const QuarantinedInstance& entry);

}  // namespace camnode

#endif  // CAMNODE_SERVICES_API_PROTO_CONVERSION_H_
