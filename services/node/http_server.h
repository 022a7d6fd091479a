// /healthz and /metrics, for load balancers and Prometheus.
//
//   GET /healthz   200 when the node serves, otherwise 503; JSON of the parts
//   GET /metrics   Prometheus text

#ifndef CAMNODE_SERVICES_NODE_HTTP_SERVER_H_
#define CAMNODE_SERVICES_NODE_HTTP_SERVER_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "services/node/health_reporter.h"
#include "services/settings/http_settings.h"

namespace camnode {

class HttpServer {
 public:
  // Both are called by any thread, until Stop.
  HttpServer(const HttpSettings& settings, std::function<HealthReport()> health,
             std::function<std::string()> metrics);
  // As Stop.
  ~HttpServer();

  // Listens.  Called once.
  // Errors: kFailedPrecondition if address or port cannot be had.
  absl::Status Start();
  int port() const;
  // Ends requests under way within a second or two.
  void Stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// {"status":"serving","parts":{"camnode.dicom":{"status":"serving"},...}}
std::string HealthJson(const HealthReport& report);

}  // namespace camnode

#endif  // CAMNODE_SERVICES_NODE_HTTP_SERVER_H_
