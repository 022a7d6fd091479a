// What the operator may set of the gRPC server: section `grpc` of the configuration.

#ifndef CAMNODE_SERVICES_SETTINGS_GRPC_SETTINGS_H_
#define CAMNODE_SERVICES_SETTINGS_GRPC_SETTINGS_H_

#include <string>

#include "absl/time/time.h"

namespace camnode {

struct GrpcSettings {
  std::string address = "127.0.0.1";
  int port = 50051;        // 0: any free one.
  bool insecure = false;   // Allows an address other than loopback, without TLS.
  bool reflection = true;  // Lets tools such as grpcurl ask what there is to call.
  int max_watchers = 32;   // WatchAnalyses streams at once; each holds a thread.
  // Calls at once; more wait.  Each costs a thread.
  int max_threads = 64;
  // Open at once, with calls or without; one more is closed.  Lowered at start where
  // `ulimit -n` does not leave enough for films.  One without a call for five minutes ends.
  int max_connections = 1000;
  // Of one look into the database, whatever deadline the caller has; a call makes a few.
  // Longer: a query that went wrong keeps others waiting.
  absl::Duration max_query = absl::Seconds(10);
};

// Threads that watchers must leave free.
inline constexpr int kThreadsBesideWatchers = 8;

// How many uploads, which hold a thread as watchers do, leave four for short calls.
inline int MaxUploads(const GrpcSettings& settings) {
  return settings.max_threads - settings.max_watchers - 4;
}

// The options that are no texts, but `insecure`, which belongs to the address.
template <typename Reader>
void ReadOptions(Reader&& reader, GrpcSettings* settings) {
  reader.Read("port", 0, 65535, &settings->port);
  reader.Read("reflection", &settings->reflection);
  reader.Read("max_watchers", 1, 1000, &settings->max_watchers);
  reader.Read("max_threads", 1 + kThreadsBesideWatchers, 2000, &settings->max_threads);
  reader.Read("max_connections", 1, 50'000, &settings->max_connections);
  reader.Read("max_query_ms", absl::Minutes(10), &settings->max_query);
}

}  // namespace camnode

#endif  // CAMNODE_SERVICES_SETTINGS_GRPC_SETTINGS_H_
