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
#include "services/node/oom_kills.h"
#include "services/settings/worker_exit.h"

namespace camnode {
namespace {

// Between tries to give leases back while the database does not take them.
constexpr absl::Duration kReturnPause = absl::Milliseconds(200);
constexpr absl::Duration kMaxReturnPause = absl::Seconds(5);
// Tries of a node that stops; the next one gives them back at its start.
constexpr int kReturnTriesOfAStop = 3;
// How long one wait for news of a worker is.
constexpr absl::Duration kListen = absl::Seconds(1);

const char* NameOf(WorkerEnd end) {
  switch (end) {
    case WorkerEnd::kCrashed:
      return "crashed";
    case WorkerEnd::kStalled:
      return "stalled";
    case WorkerEnd::kStopped:
      break;
  }
  return "stopped";
}

std::string Describe(int wait_status) {
  if (WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == SIGSYS) {
    return "signal 31 (SIGSYS): it made a system call that worker.confined forbids; was a film "
           "made "
           "to take over its decoder?";
  }
  if (WIFSIGNALED(wait_status)) return absl::StrCat("signal ", WTERMSIG(wait_status));
  return absl::StrCat("exit code ", WEXITSTATUS(wait_status));
}

}  // namespace

std::string WorkerName(const std::string& node_id, int number) {
  return absl::StrCat(node_id, "/worker-", number);
}

WorkerEnd EndOf(int wait_status) {
  if (WIFEXITED(wait_status)) {
    switch (WEXITSTATUS(wait_status)) {
      case kWorkerDone:
      case kWorkerStalled:
        return WorkerEnd::kStopped;
      case kWorkerFilmStalled:
        return WorkerEnd::kStalled;
      default:
        return WorkerEnd::kCrashed;
    }
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
    const int64_t oom_kills = CountOomKills();
    const bool silenced = !WaitForEnd(*child);
    int wait_status = 0;
    {
      // Until it is reaped its pid is nobody else's, so AskToStop and Join may use it.
      MutexLock lock(&mutex_);
      wait_status = child->Reap();
      pid_ = 0;
      changed_.SignalAll();
    }
    // Not an operator's kill: the film that made memory run out would be tried 25 times.
    const bool out_of_memory =
        WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == SIGKILL && CountOomKills() > oom_kills;
    const WorkerEnd end = silenced        ? WorkerEnd::kStalled
                          : out_of_memory ? WorkerEnd::kCrashed
                                          : EndOf(wait_status);
    Log(end == WorkerEnd::kStopped ? LogLevel::kInfo : LogLevel::kError, "worker_ended",
        {{LogField::kWorker, name_},
         {LogField::kPid, child->pid()},
         {LogField::kOutcome, NameOf(end)},
         {LogField::kReason,
          absl::StrCat(Describe(wait_status),
                       out_of_memory ? ", by the kernel's memory killer" : "")}});
    GiveBackLeases(end);
  }

  // Returns when the worker has ended; false if it was killed here because it was silent.
  bool WaitForEnd(const ChildProcess& child) {
    absl::Duration silence;
    bool killed = false;
    while (true) {
      const Stopwatch waited;
      const ChildProcess::News news = child.Wait(kListen);
      if (news == ChildProcess::News::kEnded) return !killed;
      // Not what passed while we were stopped ourselves.
      silence += std::min(waited.Elapsed(), 2 * kListen);
      if (news == ChildProcess::News::kLives) silence = absl::ZeroDuration();
      if (silence < options_.max_silence || killed) continue;
      killed = true;
      Log(LogLevel::kError, "worker_killed",
          {{LogField::kWorker, name_},
           {LogField::kPid, child.pid()},
           {LogField::kReason,
            absl::StrCat("no sign of life for ", absl::FormatDuration(options_.max_silence),
                         " (worker.max_silence_ms)")}});
      kill(child.pid(), SIGKILL);
    }
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
    absl::Duration pause = kReturnPause;
    int tries_left = kReturnTriesOfAStop;
    for (bool told = false;; told = true) {
      const absl::Status status = on_end_(name_, end);
      if (status.ok()) return;
      if (!told) {
        Log(LogLevel::kError, "leases_not_returned",
            {{LogField::kWorker, name_},
             {LogField::kReason,
              absl::StrCat(status.message(), "; tried again until the database takes it")}});
      }
      if (Pause(pause)) {
        pause = std::min(2 * pause, kMaxReturnPause);
      } else if (--tries_left == 0) {
        return;
      } else {
        absl::SleepFor(kReturnPause);
      }
    }
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
