#include "services/node/worker_supervisor.h"

#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/base/log.h"
#include "core/base/mutex.h"
#include "core/base/stopwatch.h"
#include "services/node/child_process.h"

namespace camnode {
namespace {

// Tries to give leases back while the database does not answer.  After them the
// leases run out by themselves.
constexpr int kReturnTries = 10;
constexpr absl::Duration kReturnPause = absl::Milliseconds(200);

std::string Describe(int wait_status) {
  if (WIFSIGNALED(wait_status)) return absl::StrCat("signal ", WTERMSIG(wait_status));
  return absl::StrCat("exit code ", WEXITSTATUS(wait_status));
}

}  // namespace

std::string WorkerName(const std::string& node_id, int number) {
  return absl::StrCat(node_id, "/worker-", number);
}

WorkerEnd EndOf(int wait_status) {
  if (WIFEXITED(wait_status)) {
    return WEXITSTATUS(wait_status) == 0 ? WorkerEnd::kStopped : WorkerEnd::kCrashed;
  }
  switch (WTERMSIG(wait_status)) {
    case SIGKILL:
    case SIGTERM:
    case SIGINT:
    case SIGHUP:
      return WorkerEnd::kStopped;
    default:
      return WorkerEnd::kCrashed;
  }
}

absl::StatusOr<std::string> FindSiblingProgram(const std::string& name) {
  char path[PATH_MAX];
  const ssize_t size = readlink("/proc/self/exe", path, sizeof(path));
  if (size <= 0 || size >= static_cast<ssize_t>(sizeof(path))) {
    return absl::NotFoundError("cannot find out where this program lies (/proc/self/exe)");
  }
  const std::string own(path, static_cast<std::size_t>(size));
  const std::string sibling = own.substr(0, own.rfind('/') + 1) + name;
  if (access(sibling.c_str(), X_OK) != 0) {
    return absl::NotFoundError(absl::StrCat(sibling, " is not there or cannot be run"));
  }
  return sibling;
}

// One worker and the thread that looks after it.
class WorkerSupervisor::Worker {
 public:
  Worker(const WorkerSupervisorOptions& options, std::string name, const OnEnd& on_end)
      : options_(options), name_(std::move(name)), on_end_(on_end) {}

  void Start() {
    thread_ = std::thread([this] { Run(); });
  }

  void AskToStop() {
    MutexLock lock(&mutex_);
    stopping_ = true;
    changed_.SignalAll();
    if (pid_ > 0) kill(pid_, SIGTERM);
  }

  // SIGKILL if it lives at `deadline`.  Returns when it has ended.
  void Join(const Deadline& deadline) {
    {
      MutexLock lock(&mutex_);
      while (pid_ > 0 && !deadline.Expired()) {
        changed_.WaitWithTimeout(&mutex_, deadline.Remaining());
      }
      if (pid_ > 0) {
        Log(LogLevel::kWarning, "worker_killed",
            {{LogField::kWorker, name_}, {LogField::kReason, "did not stop in time"}});
        kill(pid_, SIGKILL);
      }
    }
    if (thread_.joinable()) thread_.join();
  }

  int pid() const {
    MutexLock lock(&mutex_);
    return pid_;
  }
  int64_t restarts() const { return restarts_; }

 private:
  void Run() {
    absl::Duration delay = options_.restart_delay;
    while (true) {
      const Stopwatch life;
      RunOnce();
      const bool short_life = life.Elapsed() < options_.short_life;
      if (!short_life) delay = options_.restart_delay;
      if (!Pause(delay)) return;
      if (short_life) delay = std::min(2 * delay, options_.max_restart_delay);
      ++restarts_;
    }
  }

  // Starts the worker unless it is to stop, waits for its end, gives back its leases.
  void RunOnce() {
    absl::StatusOr<ChildProcess> child = SpawnUnlessStopping();
    if (absl::IsCancelled(child.status())) return;
    if (!child.ok()) {
      Log(LogLevel::kError, "worker_not_started",
          {{LogField::kWorker, name_}, {LogField::kReason, child.status().message()}});
      return;
    }
    Log(LogLevel::kInfo, "worker_started",
        {{LogField::kWorker, name_}, {LogField::kPid, child->pid()}});
    child->WaitForEnd();
    int wait_status = 0;
    {
      // Until it is reaped its pid is nobody else's, so AskToStop and Join may use it.
      MutexLock lock(&mutex_);
      wait_status = child->Reap();
      pid_ = 0;
      changed_.SignalAll();
    }
    const WorkerEnd end = EndOf(wait_status);
    Log(end == WorkerEnd::kCrashed ? LogLevel::kError : LogLevel::kInfo, "worker_ended",
        {{LogField::kWorker, name_},
         {LogField::kPid, child->pid()},
         {LogField::kOutcome, end == WorkerEnd::kCrashed ? "crashed" : "stopped"},
         {LogField::kReason, Describe(wait_status)}});
    GiveBackLeases(end);
  }

  absl::StatusOr<ChildProcess> SpawnUnlessStopping() {
    std::vector<std::string> arguments = {options_.program};
    arguments.insert(arguments.end(), options_.arguments.begin(), options_.arguments.end());
    arguments.insert(arguments.end(),
                     {"--name", name_, "--life-pipe", absl::StrCat(kLifePipeDescriptor)});
    MutexLock lock(&mutex_);
    if (stopping_) return absl::CancelledError("stopping");
    absl::StatusOr<ChildProcess> child = ChildProcess::Spawn(arguments, options_.environment);
    if (child.ok()) pid_ = child->pid();
    return child;
  }

  void GiveBackLeases(WorkerEnd end) {
    absl::Status status;
    for (int i = 0; i < kReturnTries; ++i) {
      status = on_end_(name_, end);
      if (status.ok()) return;
      absl::SleepFor(kReturnPause);
    }
    Log(LogLevel::kError, "leases_not_returned",
        {{LogField::kWorker, name_}, {LogField::kReason, status.message()}});
  }

  // False if it is to stop.
  bool Pause(absl::Duration delay) {
    const Deadline end(delay);
    MutexLock lock(&mutex_);
    while (!stopping_ && !end.Expired()) changed_.WaitWithTimeout(&mutex_, end.Remaining());
    return !stopping_;
  }

  const WorkerSupervisorOptions options_;
  const std::string name_;
  const OnEnd on_end_;
  std::atomic<int64_t> restarts_{0};
  mutable Mutex mutex_;
  CondVar changed_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  pid_t pid_ ABSL_GUARDED_BY(mutex_) = 0;  // 0: none.
  std::thread thread_;
};

WorkerSupervisor::WorkerSupervisor(const WorkerSupervisorOptions& options, OnEnd on_end) {
  for (int i = 0; i < options.count; ++i) {
    workers_.push_back(std::make_unique<Worker>(options, WorkerName(options.node_id, i), on_end));
  }
  stop_timeout_ = options.stop_timeout;
}

WorkerSupervisor::~WorkerSupervisor() { Stop(); }

void WorkerSupervisor::Start() {
  for (const auto& worker : workers_) worker->Start();
}

void WorkerSupervisor::Stop() {
  const Deadline deadline(stop_timeout_);
  for (const auto& worker : workers_) worker->AskToStop();
  for (const auto& worker : workers_) worker->Join(deadline);
}

std::vector<int> WorkerSupervisor::Pids() const {
  std::vector<int> pids;
  for (const auto& worker : workers_) {
    const int pid = worker->pid();
    if (pid > 0) pids.push_back(pid);
  }
  return pids;
}

int64_t WorkerSupervisor::restarts() const {
  int64_t restarts = 0;
  for (const auto& worker : workers_) restarts += worker->restarts();
  return restarts;
}

}  // namespace camnode
