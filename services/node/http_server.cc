#include "services/node/http_server.h"

#include <httplib.h>
#include <sys/socket.h>

#include <cstddef>
#include <list>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/mutex.h"

namespace camnode {
namespace {

constexpr int kThreads = 4;  // Requests at once; more wait.
constexpr int kReadTimeoutSeconds = 5;
constexpr int kWriteTimeoutSeconds = 5;
constexpr int kKeepAliveSeconds = 5;
constexpr std::size_t kMaxKeepAliveRequests = 100;
constexpr std::size_t kMaxBodyBytes = 1024;  // Nothing here takes a body.
constexpr std::size_t kMaxWaitingConnections = 32;

// httplib's own pool queues connections without limit; this one makes the
// listener wait, so that the rest stay in the kernel's queue.
class BoundedPool final : public httplib::TaskQueue {
 public:
  explicit BoundedPool(int threads) {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Work(); });
  }

  void enqueue(std::function<void()> connection) override {
    MutexLock lock(&mutex_);
    while (waiting_.size() >= kMaxWaitingConnections && !shutdown_) changed_.Wait(&mutex_);
    waiting_.push_back(std::move(connection));
    changed_.SignalAll();
  }

  void shutdown() override {
    {
      MutexLock lock(&mutex_);
      shutdown_ = true;
      changed_.SignalAll();
    }
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  void Work() {
    while (true) {
      std::function<void()> connection;
      {
        MutexLock lock(&mutex_);
        while (waiting_.empty() && !shutdown_) changed_.Wait(&mutex_);
        if (waiting_.empty()) return;
        connection = std::move(waiting_.front());
        waiting_.pop_front();
        changed_.SignalAll();
      }
      connection();
    }
  }

  Mutex mutex_;
  CondVar changed_;
  std::list<std::function<void()>> waiting_ ABSL_GUARDED_BY(mutex_);
  bool shutdown_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

// httplib's default is SO_REUSEPORT, with which two programs share one port and
// each gets half of the requests.
void SetSocketOptions(socket_t socket) {
  const int yes = 1;
  setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
}

}  // namespace

std::string HealthJson(const HealthReport& report) {
  const auto word = [](bool serving) { return serving ? "serving" : "not_serving"; };
  nlohmann::ordered_json json;
  json["status"] = word(report.serving);
  json["parts"] = nlohmann::ordered_json::object();
  for (const PartHealth& part : report.parts) {
    nlohmann::ordered_json& entry = json["parts"][part.name];
    entry["status"] = word(part.serving);
    if (!part.serving) entry["reason"] = part.reason;
  }
  // Text that is not UTF-8 is replaced instead of thrown at.
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

class HttpServer::Impl {
 public:
  Impl(const HttpSettings& settings, std::function<HealthReport()> health,
       std::function<std::string()> metrics)
      : settings_(settings) {
    server_.new_task_queue = [] { return new BoundedPool(kThreads); };
    server_.set_socket_options(SetSocketOptions);
    server_.set_read_timeout(kReadTimeoutSeconds);
    server_.set_write_timeout(kWriteTimeoutSeconds);
    server_.set_keep_alive_timeout(kKeepAliveSeconds);
    server_.set_keep_alive_max_count(kMaxKeepAliveRequests);
    server_.set_payload_max_length(kMaxBodyBytes);
    server_.Get("/healthz", [health](const httplib::Request&, httplib::Response& response) {
      const HealthReport report = health();
      response.status = report.serving ? 200 : 503;
      response.set_content(HealthJson(report), "application/json");
    });
    server_.Get("/metrics", [metrics](const httplib::Request&, httplib::Response& response) {
      response.set_content(metrics(), "text/plain; version=0.0.4; charset=utf-8");
    });
  }

  absl::Status Start() {
    if (settings_.port == 0) {
      port_ = server_.bind_to_any_port(settings_.address);
    } else if (server_.bind_to_port(settings_.address, settings_.port)) {
      port_ = settings_.port;
    }
    if (port_ <= 0) {
      port_ = 0;
      return absl::FailedPreconditionError(
          absl::StrCat("cannot listen on ", settings_.address, ":", settings_.port,
                       " for HTTP: the port is taken or the address is not this machine's"));
    }
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    return absl::OkStatus();
  }

  int port() const { return port_; }

  void Stop() {
    if (!thread_.joinable()) return;
    // stop() does nothing before the thread has begun to listen.
    while (!server_.is_running()) std::this_thread::yield();
    server_.stop();
    thread_.join();
  }

 private:
  const HttpSettings settings_;
  httplib::Server server_;
  int port_ = 0;
  std::thread thread_;
};

HttpServer::HttpServer(const HttpSettings& settings, std::function<HealthReport()> health,
                       std::function<std::string()> metrics)
    : impl_(std::make_unique<Impl>(settings, std::move(health), std::move(metrics))) {}

HttpServer::~HttpServer() { Stop(); }

absl::Status HttpServer::Start() { return impl_->Start(); }
int HttpServer::port() const { return impl_->port(); }
void HttpServer::Stop() { impl_->Stop(); }

}  // namespace camnode
