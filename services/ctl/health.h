// A client of grpc.health.v1, whose .proto file is not packaged: both of its
// messages have one field.

#ifndef CAMNODE_SERVICES_CTL_HEALTH_H_
#define CAMNODE_SERVICES_CTL_HEALTH_H_

#include <memory>
#include <string>

#include "core/base/stopwatch.h"
#include "grpcpp/channel.h"
#include "grpcpp/support/status.h"

namespace camnode {

enum class Health { kUnknown, kServing, kNotServing };

// Asks for the health of `part`, or of the whole node if it is empty, and sets
// *health if the answer is OK.  NOT_FOUND: the node has no such part.
grpc::Status CheckHealth(const std::shared_ptr<grpc::Channel>& channel, const std::string& part,
                         const Deadline& deadline, Health* health);

}  // namespace camnode

#endif  // CAMNODE_SERVICES_CTL_HEALTH_H_
