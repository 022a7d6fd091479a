// A worker's surroundings: the real queue and stores on SQLite, a clock that
// stands still, and a database that tells when it was written.

#ifndef CAMNODE_TESTS_CORE_PIPELINE_PIPELINE_FIXTURE_H_
#define CAMNODE_TESTS_CORE_PIPELINE_PIPELINE_FIXTURE_H_

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/mutex.h"
#include "core/base/sha256.h"
#include "core/base/stopwatch.h"
#include "core/domain/instance.h"
#include "core/domain/job.h"
#include "core/pipeline/step_watch.h"
#include "core/storage/instance_store.h"
#include "core/storage/job_queue.h"
#include "core/storage/result_store.h"
#include "core/storage/sql/open_database.h"
#include "core/storage/sql/sql_database.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temporary_directory.h"

namespace camnode {

// How long a test waits for what must come before it says that it did not.
inline constexpr absl::Duration kPatience = absl::Seconds(20);

// Passes everything on, counts writes, and fails them when told.
class WatchedDatabase final : public SqlDatabase {
 public:
  explicit WatchedDatabase(SqlDatabase& database) : database_(database) {}

  absl::Status Write(absl::FunctionRef<absl::Status(SqlTransaction&)> work) override {
    if (before_write_) before_write_();
    absl::Status status;
    {
      MutexLock lock(&mutex_);
      status = write_error_;
      if (fail_once_) write_error_ = absl::OkStatus();
    }
    if (status.ok()) status = database_.Write(work);
    MutexLock lock(&mutex_);
    ++writes_;
    changed_.SignalAll();
    return status;
  }
  absl::Status Read(absl::FunctionRef<absl::Status(SqlTransaction&)> work) override {
    return database_.Read(work);
  }
  SqlDialect dialect() const override { return database_.dialect(); }

  // Until OkStatus is given, every Write returns `error` and changes nothing.
  void FailWrites(const absl::Status& error) {
    MutexLock lock(&mutex_);
    write_error_ = error;
    fail_once_ = false;
  }
  void FailNextWrite(const absl::Status& error) {
    MutexLock lock(&mutex_);
    write_error_ = error;
    fail_once_ = true;
  }

  // `look` is called before each write, by its thread.  Set before anybody writes.
  void BeforeWrite(std::function<void()> look) { before_write_ = std::move(look); }

  // Asks again after each write.  False if `condition` did not come true in time.
  bool WaitUntil(const std::function<bool()>& condition) {
    const Deadline deadline(kPatience);
    while (true) {
      int64_t seen = 0;
      {
        MutexLock lock(&mutex_);
        seen = writes_;
      }
      if (condition()) return true;
      MutexLock lock(&mutex_);
      while (writes_ == seen) {
        if (deadline.Expired()) return false;
        changed_.WaitWithTimeout(&mutex_, deadline.Remaining());
      }
    }
  }

 private:
  SqlDatabase& database_;
  std::function<void()> before_write_;
  Mutex mutex_;
  CondVar changed_;
  int64_t writes_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status write_error_ ABSL_GUARDED_BY(mutex_);
  bool fail_once_ ABSL_GUARDED_BY(mutex_) = false;
};

class PipelineTest : public ::testing::Test {
 protected:
  void SetUp() override {
    absl::StatusOr<OpenedDatabase> opened =
        OpenDatabase(absl::StrCat("sqlite:", directory_.path(), "/camnode.db"), directory_.path());
    ASSERT_THAT(opened, IsOk());
    opened_ = *std::move(opened);
    ASSERT_THAT(Migrate(*opened_.database), IsOk());
    database_ = std::make_unique<WatchedDatabase>(*opened_.database);
    queue_ = std::make_unique<JobQueue>(*database_, clock_, JobQueueOptions());
    instances_ = std::make_unique<InstanceStore>(*database_, clock_, nullptr);
    results_ = std::make_unique<ResultStore>(*database_, clock_, nullptr);
  }

  // Adds a film and returns the id of its job, which is also the film's.
  int64_t Enqueue(const std::string& sop_instance_uid) {
    Instance instance;
    instance.sop_instance_uid = Uid::Parse(sop_instance_uid).value();
    instance.study_instance_uid = Uid::Parse("1.2").value();
    instance.series_instance_uid = Uid::Parse("1.2.1").value();
    instance.sha256 = Sha256Hex(sop_instance_uid);
    instance.blob_id = instance.sha256.substr(0, 32);
    JobRequest request;
    request.workflow = "default";
    request.model_set = "models";
    const absl::StatusOr<AddedInstance> added = instances_->Add(instance, request);
    EXPECT_THAT(added, IsOk());
    clock_.Advance(absl::Milliseconds(1));  // So that jobs have an order.
    return added->job_id.value_or(0);
  }

  JobLease LeaseOne(const std::string& worker) {
    absl::StatusOr<std::vector<JobLease>> leases = queue_->Lease(worker, 1);
    EXPECT_THAT(leases, IsOk());
    EXPECT_EQ(leases->size(), 1u);
    return std::move(leases->front());
  }

  Job JobNow(int64_t id) { return queue_->Get(id).value(); }
  size_t AnalysesOf(const std::string& study) {
    return results_->List({Uid::Parse(study).value(), 0}, 100)->size();
  }

  TemporaryDirectory directory_;
  FakeClock clock_;
  StepWatch steps_{absl::Hours(1), clock_};
  OpenedDatabase opened_;
  std::unique_ptr<WatchedDatabase> database_;
  std::unique_ptr<JobQueue> queue_;
  std::unique_ptr<InstanceStore> instances_;
  std::unique_ptr<ResultStore> results_;
};

}  // namespace camnode

#endif  // CAMNODE_TESTS_CORE_PIPELINE_PIPELINE_FIXTURE_H_
