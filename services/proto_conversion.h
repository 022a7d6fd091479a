// What the stores hold, as messages of camnode.v1.  Pure functions.

#ifndef CAMNODE_SERVICES_PROTO_CONVERSION_H_
#define CAMNODE_SERVICES_PROTO_CONVERSION_H_

#include <cstdint>

#include "absl/types/optional.h"
#include "core/domain/instance.h"
#include "core/domain/job.h"
#include "core/storage/instance_store.h"
#include "core/storage/outbox.h"
#include "core/storage/result_store.h"
#include "core/storage/worker_registry.h"
#include "proto/camnode/v1/admin.pb.h"
#include "proto/camnode/v1/types.pb.h"

namespace camnode {

// `unix_ms`: milliseconds since 1970 UTC.
void SetTime(int64_t unix_ms, google::protobuf::Timestamp* time);

v1::Study ToProto(const StudySummary& study);

// `job`: empty if there is none.  `analysis`: nullptr if there is none.
v1::InstanceSummary ToProto(const Instance& instance, const absl::optional<Job>& job,
                            const Analysis* analysis);

// `job`: the film's; empty leaves job_id unset.
v1::Analysis ToProto(const StoredAnalysis& stored, const absl::optional<Job>& job);

v1::Delivery ToProto(const Delivery& delivery);
v1::WorkerStatus ToProto(const WorkerRecord& worker);
v1::DestinationStatus ToProto(const DestinationBacklog& backlog);

}  // namespace camnode

#endif  // CAMNODE_SERVICES_PROTO_CONVERSION_H_
