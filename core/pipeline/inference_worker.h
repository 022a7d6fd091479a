// The worker's loop: lease, decode ahead, compute, commit.

#ifndef CAMNODE_CORE_PIPELINE_INFERENCE_WORKER_H_
#define CAMNODE_CORE_PIPELINE_INFERENCE_WORKER_H_

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "core/base/mutex.h"
#include "core/base/stopwatch.h"
#include "core/domain/instance.h"
#include "core/pipeline/film_analyzer.h"
#include "core/pipeline/film_channel.h"
#include "core/pipeline/lease_keeper.h"
#include "core/pipeline/pipeline_settings.h"
#include "core/pipeline/step_watch.h"
#include "core/storage/instance_store.h"
#include "core/storage/job_queue.h"
#include "core/storage/result_store.h"
#include "core/storage/sql/doorbell.h"

namespace camnode {

struct InferenceWorkerOptions {
  std::string name;  // What its leases carry.
  PipelineSettings settings;
  // The longest sleep between two looks for work when no bell rings.
  absl::Duration poll_interval = absl::Seconds(1);
  // Asked before each lease, by the thread that leases; after an error every job stays where
  // it is, and it is asked again later.  Unset: always OK.
  std::function<absl::Status()> may_lease;
  // By workflow: the names of its destinations.
  std::map<std::string, std::vector<std::string>> destinations;
};

// Two threads: one leases and decodes, the one that calls Run computes and
// commits.  A job marked `alone` runs with nothing beside it.  Every lease ends in
// one of three ways (commit, Retry, Bury) by core/base/retryable.h, or is dropped
// because it is no longer ours, and gives one line in the log.  While the database takes no
// ending (a full disk, a server that is down) the worker waits for it with the film in hand,
// and no film is charged.  No exception gets out.
//
// Drain is thread-safe; all else is used by one thread.
class InferenceWorker {
 public:
  // Everything borrowed outlives the worker.
  InferenceWorker(const InferenceWorkerOptions& options, JobQueue& queue, InstanceStore& instances,
                  ResultStore& results, Doorbell& doorbell, FilmAnalyzer& analyzer,
                  StepWatch& steps);

  // Works until Drain: then finishes the film being computed, gives back those
  // only decoded, and returns OK.
  // Errors: kInternal if the analyzer is broken; the leases in hand are left to
  // run out, and the process must end.
  absl::Status Run();

  void Drain();

 private:
  struct Work {
    HeldLease lease;
    Instance instance;
    std::unique_ptr<DecodedFilm> film;
    Stopwatch stopwatch;  // Since its job was started.
  };

  void DecodeLoop();
  absl::optional<JobLease> LeaseNext();
  // Waits until nothing else is in flight.  Empty, and the lease given back, if
  // the worker is to stop.
  absl::optional<JobLease> WaitToBeAlone(JobLease lease);
  void StartAndDecode(JobLease lease);

  // Said by the computing thread when it has taken a film and when it is done.
  void SetComputing(bool computing);
  // While a film waits for an idle thread, that thread is at the step of taking it.
  void ExpectTaking() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // `first` and what waits behind it.
  std::vector<Work> TakeBatch(Work first);
  void ComputeTogether(std::vector<Work>& batch);
  void ComputeAndCommit(Work work);
  void Commit(Work work, const AnalyzedFilm& analyzed);
  void GiveBack(Work work);
  // Ends the lease by the error's code.  `instance` may be null.
  void Fail(JobLease lease, const Instance* instance, const Stopwatch& stopwatch,
            const absl::Status& error);
  // Calls `ending` until the database takes it or refuses it for good; the lease is extended
  // meanwhile.  A worker told to stop gives up after a moment.
  absl::Status Record(JobLease& lease, absl::FunctionRef<absl::Status()> ending);
  // False at once if the worker was told to stop.
  bool Pause(absl::Duration duration);
  absl::Duration RetryDelay(int repeats);

  const InferenceWorkerOptions options_;
  JobQueue& queue_;
  InstanceStore& instances_;
  ResultStore& results_;
  Doorbell& doorbell_;
  FilmAnalyzer& analyzer_;
  StepWatch& steps_;

  std::atomic<bool> draining_{false};
  std::atomic<bool> broken_{false};
  bool queue_failing_ = false;  // Of the decoding thread.
  Mutex mutex_;
  CondVar told_to_stop_;
  bool computing_ ABSL_GUARDED_BY(mutex_) = false;
  absl::optional<StepWatch::Step> taking_ ABSL_GUARDED_BY(mutex_);
  LeaseKeeper keeper_;
  FilmChannel<Work> channel_;  // Holds leases of the keeper: destroyed before it.
};

}  // namespace camnode

#endif  // CAMNODE_CORE_PIPELINE_INFERENCE_WORKER_H_
