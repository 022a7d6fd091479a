// The worker's loop on the real queue, with an analyzer that does what each test
// says.  Nothing sleeps: the analyzer tells the worker to drain when the test has
// seen enough, and Run returns.

#ifndef CAMNODE_TESTS_CORE_PIPELINE_INFERENCE_WORKER_FIXTURE_H_
#define CAMNODE_TESTS_CORE_PIPELINE_INFERENCE_WORKER_FIXTURE_H_

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "core/base/log.h"
#include "core/base/mutex.h"
#include "core/base/stopwatch.h"
#include "core/domain/analysis.h"
#include "core/domain/instance.h"
#include "core/domain/job.h"
#include "core/pipeline/film_analyzer.h"
#include "core/pipeline/inference_worker.h"
#include "core/storage/sql/doorbell.h"
#include "tests/core/pipeline/pipeline_fixture.h"

namespace camnode {

struct FakeFilm final : DecodedFilm {
  explicit FakeFilm(int64_t i) : id(i) {}
  int64_t id;
};

// Films are called by their instance's row number.  Thread-safe.
class FakeAnalyzer final : public FilmAnalyzer {
 public:
  using Step = std::function<absl::Status(int64_t film)>;

  absl::StatusOr<std::unique_ptr<DecodedFilm>> Decode(const Instance& instance) override {
    Note(absl::StrCat("decode ", instance.id), +1);
    absl::Status status = on_decode ? on_decode(instance.id) : absl::OkStatus();
    if (!status.ok()) return status;
    return std::unique_ptr<DecodedFilm>(new FakeFilm(instance.id));
  }

  absl::StatusOr<AnalyzedFilm> Compute(const Job& job, const Instance& instance,
                                       const DecodedFilm& film) override {
    EXPECT_EQ(static_cast<const FakeFilm&>(film).id, instance.id);
    EXPECT_GT(job.analysis_started_ms, 0) << "computed without Start";
    Note(absl::StrCat("compute ", instance.id), 0);
    absl::Status status = on_compute ? on_compute(instance.id) : absl::OkStatus();
    Note(absl::StrCat("end ", instance.id), 0);
    if (!status.ok()) return status;
    AnalyzedFilm analyzed;
    analyzed.analysis.instance_id = instance.id;
    analyzed.analysis.workflow = job.workflow;
    analyzed.analysis.model_set = "run";
    analyzed.analysis.threshold_set = "thresholds";
    analyzed.analysis.started_ms = job.analysis_started_ms;
    analyzed.analysis.outcome = outcome;
    if (outcome == AnalysisOutcome::kNotEligible) analyzed.analysis.reason_code = "NOT_CHEST";
    return analyzed;
  }

  void ComputeTogether(const std::vector<WaitingFilm>& films) override {
    std::vector<int64_t> ids;
    for (const WaitingFilm& waiting : films) {
      EXPECT_EQ(static_cast<const FakeFilm&>(waiting.film).id, waiting.instance.id);
      ids.push_back(waiting.instance.id);
    }
    Note(absl::StrCat("together ", absl::StrJoin(ids, " ")), 0);
    if (on_together) on_together(ids);
  }

  bool IsBroken() const override { return broken; }

  std::vector<std::string> events() {
    MutexLock lock(&mutex_);
    return events_;
  }

  // False if fewer than `count` films had begun to be decoded after `patience`.
  bool WaitForDecodes(int count, absl::Duration patience = kPatience) {
    const Deadline deadline(patience);
    MutexLock lock(&mutex_);
    while (decodes_ < count && !deadline.Expired()) {
      changed_.WaitWithTimeout(&mutex_, deadline.Remaining());
    }
    return decodes_ >= count;
  }

  // Set before the worker runs.
  Step on_decode;
  Step on_compute;
  std::function<void(const std::vector<int64_t>& films)> on_together;
  AnalysisOutcome outcome = AnalysisOutcome::kAnalyzed;
  std::atomic<bool> broken{false};

 private:
  void Note(std::string event, int decodes) {
    MutexLock lock(&mutex_);
    events_.push_back(std::move(event));
    decodes_ += decodes;
    changed_.SignalAll();
  }

  Mutex mutex_;
  CondVar changed_;
  std::vector<std::string> events_ ABSL_GUARDED_BY(mutex_);
  int decodes_ ABSL_GUARDED_BY(mutex_) = 0;
};

inline std::vector<std::string>& LogLines() {
  static auto* const lines = new std::vector<std::string>;
  return *lines;
}
inline Mutex& LogMutex() {
  static auto* const mutex = new Mutex;
  return *mutex;
}
inline void KeepLine(absl::string_view line) {
  MutexLock lock(&LogMutex());
  LogLines().emplace_back(line);
}

// Long enough for what must not happen to happen.
constexpr absl::Duration kMoment = absl::Milliseconds(50);

class InferenceWorkerTest : public PipelineTest {
 protected:
  void SetUp() override {
    PipelineTest::SetUp();
    LogLines().clear();
    SetLogSinkForTesting(KeepLine);
  }
  void TearDown() override { SetLogSinkForTesting(nullptr); }

  InferenceWorkerOptions Options(int decode_ahead = 0) {
    InferenceWorkerOptions options;
    options.name = "worker";
    options.settings.decode_ahead = decode_ahead;
    options.poll_interval = absl::Milliseconds(10);
    options.destinations = {{"default", {"PACS"}}, {"trial", {"LAB"}}};
    return options;
  }

  // Runs until `films` have been computed (or, failing that, decoded).
  absl::Status RunUntil(int films, const InferenceWorkerOptions& options) {
    Doorbell& doorbell = *opened_.doorbell;
    InferenceWorker worker(options, *queue_, *instances_, *results_, doorbell, analyzer_, steps_);
    drain_ = [&worker] { worker.Drain(); };
    const FakeAnalyzer::Step step = analyzer_.on_compute;
    std::atomic<int> left{films};
    analyzer_.on_compute = [&, step](int64_t film) {
      if (--left == 0) worker.Drain();
      return step ? step(film) : absl::OkStatus();
    };
    const absl::Status status = worker.Run();
    analyzer_.on_compute = step;
    return status;
  }

  // For tests in which nothing is computed.
  absl::Status RunUntilDrained() { return RunUntil(-1, Options()); }

  std::vector<std::string> JobLines() {
    MutexLock lock(&LogMutex());
    std::vector<std::string> lines;
    for (const std::string& line : LogLines()) {
      if (line.find("\"event\":\"job\"") != std::string::npos) lines.push_back(line);
    }
    return lines;
  }

  FakeAnalyzer analyzer_;
  std::function<void()> drain_;  // Of the worker that runs.
};

}  // namespace camnode

#endif  // CAMNODE_TESTS_CORE_PIPELINE_INFERENCE_WORKER_FIXTURE_H_
