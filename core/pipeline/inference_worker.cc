#include "core/pipeline/inference_worker.h"

#include <cstdint>
#include <exception>
#include <new>
#include <thread>
#include <utility>

#include "absl/random/random.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/crash_point.h"
#include "core/base/log.h"
#include "core/base/retryable.h"
#include "core/base/stopwatch.h"
#include "core/domain/analysis.h"
#include "core/domain/instance.h"
#include "core/pipeline/job_log.h"

namespace camnode {
namespace {

// LeaseKeeper renews at a third of the lease, so that two renewals may fail.
constexpr int kRenewalsPerLease = 3;

// Between two tries to record how a film ended.
constexpr Backoff kRecordBackoff = {absl::Milliseconds(200), absl::Seconds(5)};
// What a worker that was told to stop still gives the database; its node waits longer.
constexpr absl::Duration kPatienceOfAStop = absl::Seconds(3);

// A film may wait for those before it, each of which may take as long as one may: then the
// watch on steps has ended the process, or has failed itself.
absl::Duration MaxHold(const PipelineSettings& settings) {
  return (settings.decode_ahead + settings.max_batch + 1) * settings.max_step;
}

// Where what an analyzer throws ends; of what it calls, core/inference ends LibTorch's and
// oneDNN's exceptions itself.  Running out of memory is charged to the film, or a film
// too large for this machine would be tried for ever.
template <typename Function>
auto StopExceptions(Function function) -> decltype(function()) {
  try {
    return function();
  } catch (const std::bad_alloc&) {
    return absl::InternalError("out of memory");
  } catch (const std::exception& error) {
    return absl::InternalError(absl::StrCat("exception: ", error.what()));
  } catch (...) {
    return absl::InternalError("exception of unknown type");
  }
}

absl::Status Stopping() { return absl::UnavailableError("the worker was told to stop"); }

}  // namespace

InferenceWorker::InferenceWorker(const InferenceWorkerOptions& options, JobQueue& queue,
                                 InstanceStore& instances, ResultStore& results, Doorbell& doorbell,
                                 FilmAnalyzer& analyzer, StepWatch& steps)
    : options_(options),
      queue_(queue),
      instances_(instances),
      results_(results),
      doorbell_(doorbell),
      analyzer_(analyzer),
      steps_(steps),
      keeper_(queue.options().lease_duration / kRenewalsPerLease, MaxHold(options.settings), steps),
      channel_(options.settings.decode_ahead + 1) {}

absl::Status InferenceWorker::Run() {
  std::thread decoder([this] { DecodeLoop(); });
  while (absl::optional<Work> first = channel_.Take()) {
    SetComputing(true);
    std::vector<Work> batch = TakeBatch(*std::move(first));
    if (batch.size() > 1 && !draining_) ComputeTogether(batch);
    for (Work& work : batch) {
      if (draining_) {
        GiveBack(std::move(work));
      } else {
        ComputeAndCommit(std::move(work));
      }
      channel_.Done();
    }
    batch.clear();
    SetComputing(false);
  }
  decoder.join();
  if (broken_)
    return absl::InternalError("the compute device is broken: a fresh process must go on");
  return absl::OkStatus();
}

void InferenceWorker::Drain() {
  {
    MutexLock lock(&mutex_);
    draining_ = true;
    told_to_stop_.SignalAll();
  }
  channel_.Close();
  doorbell_.Stop();
}

void InferenceWorker::DecodeLoop() {
  while (channel_.WaitForRoom()) {
    absl::optional<JobLease> lease = LeaseNext();
    if (!lease.has_value()) continue;
    const bool alone = lease->job().alone;
    if (alone) lease = WaitToBeAlone(*std::move(lease));
    if (!lease.has_value()) continue;
    channel_.Begin();
    StartAndDecode(*std::move(lease));
    if (alone) channel_.WaitUntilIdle();
  }
  channel_.FinishFilling();
}

absl::optional<JobLease> InferenceWorker::LeaseNext() {
  // With the wait for the bell, which is short.
  const StepWatch::Step step = steps_.Begin("look for work");
  if (options_.may_lease && !options_.may_lease().ok()) {
    doorbell_.Wait(kJobsTopic, options_.poll_interval);
    return absl::nullopt;
  }
  absl::StatusOr<std::vector<JobLease>> leases = queue_.Lease(options_.name, 1);
  if (leases.ok() && !leases->empty()) {
    CrashPoint("after_lease");
    queue_failing_ = false;
    return std::move(leases->front());
  }
  if (!leases.ok() && !queue_failing_) {
    // Once, not once a second: the end of it shows as the next job's line.
    Log(LogLevel::kError, "queue_unreachable",
        {{LogField::kCode, absl::StatusCodeToString(leases.status().code())},
         {LogField::kReason, leases.status().message()}});
  }
  queue_failing_ = !leases.ok();
  doorbell_.Wait(kJobsTopic, options_.poll_interval);
  return absl::nullopt;
}

absl::optional<JobLease> InferenceWorker::WaitToBeAlone(JobLease lease) {
  HeldLease held = keeper_.Hold(std::move(lease));
  const bool idle = channel_.WaitUntilIdle();
  JobLease mine = std::move(held).Take();
  if (idle) return mine;
  // Not started, so nothing is charged; its old place in the line is kept.
  Record(mine, [&] {
    return std::move(mine).Retry(Stopping(), absl::ZeroDuration(), Charge::kNothing);
  }).IgnoreError();
  return absl::nullopt;
}

void InferenceWorker::StartAndDecode(JobLease lease) {
  const Stopwatch stopwatch;
  const auto start = [&] {
    const StepWatch::Step step = steps_.Begin("start");
    return lease.Start();
  };
  if (const absl::Status status = start(); !status.ok()) {
    Fail(std::move(lease), nullptr, stopwatch, status);
    return channel_.Done();
  }
  CrashPoint("after_start");
  HeldLease held = keeper_.Hold(std::move(lease));
  const auto find = [&] {
    const StepWatch::Step step = steps_.Begin("find the film");
    return instances_.Get(held.job().subject);
  };
  absl::StatusOr<Instance> instance = find();
  if (!instance.ok()) {
    Fail(std::move(held).Take(), nullptr, stopwatch, instance.status());
    return channel_.Done();
  }
  absl::StatusOr<std::unique_ptr<DecodedFilm>> film = StopExceptions([&] {
    const StepWatch::Step step = steps_.Begin("decode", {held.job().id});
    return analyzer_.Decode(*instance);
  });
  if (!film.ok()) {
    Fail(std::move(held).Take(), &*instance, stopwatch, film.status());
    return channel_.Done();
  }
  CrashPoint("after_decode");
  MutexLock lock(&mutex_);
  channel_.Put({std::move(held), *std::move(instance), *std::move(film), stopwatch});
  ExpectTaking();
}

void InferenceWorker::SetComputing(bool computing) {
  MutexLock lock(&mutex_);
  computing_ = computing;
  taking_.reset();
  ExpectTaking();
}

void InferenceWorker::ExpectTaking() {
  if (computing_ || taking_.has_value() || !channel_.AnyWaiting()) return;
  taking_.emplace(steps_.Begin("take a film"));
}

std::vector<InferenceWorker::Work> InferenceWorker::TakeBatch(Work first) {
  std::vector<Work> batch;
  batch.push_back(std::move(first));
  while (static_cast<int>(batch.size()) < options_.settings.max_batch) {
    absl::optional<Work> next = channel_.TakeIfWaiting();
    if (!next.has_value()) break;
    batch.push_back(*std::move(next));
  }
  return batch;
}

void InferenceWorker::ComputeTogether(std::vector<Work>& batch) {
  std::vector<WaitingFilm> films;
  std::vector<int64_t> jobs;
  for (Work& work : batch) {
    films.push_back({work.lease.job(), work.instance, *work.film});
    jobs.push_back(work.lease.job().id);
  }
  // Whatever goes wrong here goes wrong again in Compute, for the film it belongs to.
  StopExceptions([&]() -> absl::Status {
    const StepWatch::Step step = steps_.Begin("compute together", std::move(jobs));
    analyzer_.ComputeTogether(films);
    return absl::OkStatus();
  }).IgnoreError();
}

void InferenceWorker::ComputeAndCommit(Work work) {
  if (work.lease.lost()) {
    const Job job = work.lease.job();
    return LogJob(job, &work.instance, work.stopwatch.Elapsed(), JobOutcome::kLost,
                  absl::AbortedError("the lease ran out while the film waited"));
  }
  const absl::StatusOr<AnalyzedFilm> analyzed = StopExceptions([&] {
    const StepWatch::Step step = steps_.Begin("compute", {work.lease.job().id});
    return analyzer_.Compute(work.lease.job(), work.instance, *work.film);
  });
  work.film.reset();
  if (analyzed.ok()) return Commit(std::move(work), *analyzed);
  if (!analyzer_.IsBroken()) {
    return Fail(std::move(work.lease).Take(), &work.instance, work.stopwatch, analyzed.status());
  }
  // The lease is left to run out, or to the supervisor: nothing this process says
  // about its films can be trusted any more.
  LogJob(work.lease.job(), &work.instance, work.stopwatch.Elapsed(), JobOutcome::kLeftToRunOut,
         analyzed.status());
  broken_ = true;
  Drain();
}

void InferenceWorker::Commit(Work work, const AnalyzedFilm& analyzed) {
  CrashPoint("before_commit");
  const Job job = work.lease.job();
  JobLease lease = std::move(work.lease).Take();
  const Stopwatch committing;
  const auto destinations = options_.destinations.find(job.workflow);
  const auto commit_all = [&] {
    const StepWatch::Step step = steps_.Begin("commit");
    // A cast and no std::move: where the database refuses, the lease is still here below.
    return results_.Commit(static_cast<JobLease&&>(lease), analyzed.analysis, analyzed.derived,
                           destinations == options_.destinations.end() ? std::vector<std::string>()
                                                                       : destinations->second);
  };
  const absl::StatusOr<int64_t> analysis_id = commit_all();
  CrashPoint("after_commit");
  const absl::Duration commit = committing.Elapsed();
  const absl::Duration duration = work.stopwatch.Elapsed();
  if (analysis_id.ok()) {
    const Analysis& analysis = analyzed.analysis;
    const bool refused = analysis.outcome == AnalysisOutcome::kNotEligible;
    return LogJob(job, &work.instance, duration,
                  refused ? JobOutcome::kNotEligible : JobOutcome::kDone, absl::OkStatus(),
                  analysis.reason_code, commit);
  }
  // The blobs made for it are named by no row: the sweep removes them.
  if (absl::IsAborted(analysis_id.status())) {
    return LogJob(job, &work.instance, duration, JobOutcome::kLost, analysis_id.status());
  }
  // Commit leaves the lease as it was when the database refused (disk full, say):
  // the job goes back as the error's code has it, and is not charged as vanished.
  Fail(std::move(lease), &work.instance, work.stopwatch, analysis_id.status());
}

void InferenceWorker::GiveBack(Work work) {
  const Job job = work.lease.job();
  if (broken_) return;  // Left to run out, as the film that broke the device.
  JobLease lease = std::move(work.lease).Take();
  const absl::Status status = Record(lease, [&] {
    return std::move(lease).Retry(Stopping(), absl::ZeroDuration(), Charge::kNothing);
  });
  LogJob(job, &work.instance, work.stopwatch.Elapsed(),
         status.ok() ? JobOutcome::kGivenBack : JobOutcome::kLeftToRunOut,
         status.ok() ? Stopping() : status);
}

void InferenceWorker::Fail(JobLease lease, const Instance* instance, const Stopwatch& stopwatch,
                           const absl::Status& error) {
  const Job job = lease.job();
  absl::Status ended;
  JobOutcome outcome = JobOutcome::kLost;
  switch (ActionFor(error.code())) {
    case FailureAction::kDrop:
      break;
    case FailureAction::kRetry:
      // Uncharged, so the attempts say how often it was tried.
      outcome = JobOutcome::kRetry;
      ended = Record(lease, [&] {
        return std::move(lease).Retry(error, RetryDelay(job.attempt), Charge::kNothing);
      });
      break;
    case FailureAction::kRetryThenBury:
      outcome = job.failures + 1 >= queue_.options().max_failures ? JobOutcome::kBury
                                                                  : JobOutcome::kRetry;
      ended = Record(lease, [&] {
        return std::move(lease).Retry(error, RetryDelay(job.failures + 1), Charge::kOneFailure);
      });
      break;
    case FailureAction::kBury:
      outcome = JobOutcome::kBury;
      ended = Record(lease, [&] { return std::move(lease).Bury(error); });
      break;
  }
  if (!ended.ok()) {
    outcome = absl::IsAborted(ended) ? JobOutcome::kLost : JobOutcome::kLeftToRunOut;
  }
  LogJob(job, instance, stopwatch.Elapsed(), outcome, error);
}

absl::Status InferenceWorker::Record(JobLease& lease, absl::FunctionRef<absl::Status()> ending) {
  absl::BitGen random;
  absl::optional<Deadline> patience;  // Once told to stop.
  for (int tries = 1;; ++tries) {
    absl::Status status;
    {
      const StepWatch::Step step = steps_.Begin("record an ending");
      // Nobody else keeps the lease meanwhile.  That it is lost shows in the ending.
      if (tries > 1) lease.Extend().IgnoreError();
      status = ending();
    }
    if (status.ok() || ActionFor(status.code()) != FailureAction::kRetry) return status;
    if (tries == 1) {
      Log(LogLevel::kWarning, "ending_not_recorded",
          {{LogField::kJob, lease.job().id},
           {LogField::kCode, absl::StatusCodeToString(status.code())},
           {LogField::kReason,
            absl::StrCat(status.message(), "; tried again until the database takes it")}});
    }
    const bool go_on = Pause(DelayBeforeRetry(kRecordBackoff, tries, random));
    if (!go_on && !patience.has_value()) patience.emplace(kPatienceOfAStop);
    if (patience.has_value() && patience->Expired()) return status;
    if (!go_on) absl::SleepFor(kRecordBackoff.initial);
  }
}

bool InferenceWorker::Pause(absl::Duration duration) {
  const Deadline end(duration);
  MutexLock lock(&mutex_);
  while (!draining_ && !end.Expired()) told_to_stop_.WaitWithTimeout(&mutex_, end.Remaining());
  return !draining_;
}

absl::Duration InferenceWorker::RetryDelay(int repeats) {
  absl::BitGen random;
  return DelayBeforeRetry(options_.settings.backoff, repeats, random);
}

}  // namespace camnode
