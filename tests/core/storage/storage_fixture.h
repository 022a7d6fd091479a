// What every contract test stands on: a fresh, migrated database of the kind that
// the test's parameter names, and films to put into it.

#ifndef CAMNODE_TESTS_CORE_STORAGE_STORAGE_FIXTURE_H_
#define CAMNODE_TESTS_CORE_STORAGE_STORAGE_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "core/domain/analysis.h"
#include "core/domain/derived_instance.h"
#include "core/domain/instance.h"
#include "core/domain/job.h"
#include "core/domain/uid.h"
#include "core/storage/instance_store.h"
#include "core/storage/job_queue.h"
#include "core/storage/result_store.h"
#include "core/storage/sql/doorbell.h"
#include "core/storage/sql/open_database.h"
#include "core/storage/sql/sql_database.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/temporary_directory.h"

namespace camnode {

// Parameter: "sqlite" or "postgresql", the scheme of the URI.
class StorageTest : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override;

  bool sqlite() const { return GetParam() == "sqlite"; }
  SqlDatabase& database() { return *opened_.database; }
  Doorbell& doorbell() { return *opened_.doorbell; }
  // A second database object on the same data, as another program would have.
  OpenedDatabase OpenAnother() const;

  // The one value that `sql` answers, as text.
  std::string Ask(const std::string& sql);
  int64_t AskInt(const std::string& sql);
  absl::Status Execute(const std::string& sql);
  // True if a row names the blob.
  bool Names(const std::string& blob_id);

  bool migrate_ = true;  // Set to false by the constructor of who wants it empty.
  TemporaryDirectory directory_;
  std::string uri_;
  FakeClock clock_;
  OpenedDatabase opened_;
};

#define CAMNODE_TEST_ON_ALL_DATABASES(fixture)                                            \
  INSTANTIATE_TEST_SUITE_P(Databases, fixture, ::testing::Values("sqlite", "postgresql"), \
                           [](const auto& suite) { return std::string(suite.param); })

Uid MakeUid(const std::string& text);

// A film with this SOP Instance UID; bytes and blob follow from the UID.
Instance SomeInstance(const std::string& sop_instance_uid, const std::string& study = "1.2");
JobRequest SomeRequest();

// What two models said, with two maps of 2x2 cells.
Analysis SomeAnalysis();
DerivedInstance SomeOutput(const std::string& sop_instance_uid);

// With the stores that nearly every test needs.
class StoresTest : public StorageTest {
 protected:
  void SetUp() override;

  // Adds a film and returns the id of its job.
  int64_t Enqueue(const std::string& sop_instance_uid, const JobRequest& request = SomeRequest());
  // Leases exactly one job, which must be there.
  JobLease LeaseOne(const std::string& worker = "worker-a");
  JobState StateOf(int64_t job_id);

  JobQueueOptions options_;
  std::unique_ptr<InstanceStore> instances_;
  std::unique_ptr<JobQueue> queue_;
  std::unique_ptr<ResultStore> results_;
};

}  // namespace camnode

#endif  // CAMNODE_TESTS_CORE_STORAGE_STORAGE_FIXTURE_H_
