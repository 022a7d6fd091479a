// What receives films in tests: an Ingest on a real SQLite database and a real
// directory of blobs, with the stores to look into.

#ifndef CAMNODE_TESTS_CORE_INTAKE_INGEST_FIXTURE_H_
#define CAMNODE_TESTS_CORE_INTAKE_INGEST_FIXTURE_H_

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/intake/ingest.h"
#include "core/storage/blobs/blob_store.h"
#include "core/storage/instance_store.h"
#include "core/storage/job_queue.h"
#include "core/storage/result_store.h"
#include "core/storage/sql/open_database.h"
#include "tests/testing/fake_clock.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temporary_directory.h"

namespace camnode {

class IngestFixture : public ::testing::Test {
 protected:
  // The workflow "chest" takes what is sent to NODE.
  void SetUp() override {
    auto opened = OpenDatabase(absl::StrCat("sqlite:", directory_, "/camnode.db"), directory_);
    ASSERT_THAT(opened, IsOk());
    opened_ = *std::move(opened);
    ASSERT_THAT(Migrate(*opened_.database), IsOk());
    auto blobs = BlobStore::Open(directory_ + "/blobs");
    ASSERT_THAT(blobs, IsOk());
    blobs_ = *std::move(blobs);
    instances_ = std::make_unique<InstanceStore>(*opened_.database, clock_, blobs_.get());
    results_ = std::make_unique<ResultStore>(*opened_.database, clock_, blobs_.get());
    jobs_ = std::make_unique<JobQueue>(*opened_.database, clock_, JobQueueOptions());
    IngestWorkflow chest;
    chest.name = "chest";
    chest.called_ae_titles = {"NODE"};
    chest.model_set = "m1";
    options_.workflows = {chest};
    options_.settings.min_free_bytes = 0;
    Restart();
  }

  // With options_ as they are now.
  void Restart() {
    ingest_ = std::make_unique<Ingest>(options_, *blobs_, *instances_, *results_, *jobs_, clock_);
  }

  // Finished blobs and part files.
  int BlobFiles() const {
    int count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory_ + "/blobs")) {
      count += entry.is_regular_file() ? 1 : 0;
    }
    return count;
  }

  const TemporaryDirectory temporary_;
  const std::string directory_ = temporary_.path();
  FakeClock clock_;
  OpenedDatabase opened_;
  std::unique_ptr<BlobStore> blobs_;
  std::unique_ptr<InstanceStore> instances_;
  std::unique_ptr<ResultStore> results_;
  std::unique_ptr<JobQueue> jobs_;
  IngestOptions options_;
  std::unique_ptr<Ingest> ingest_;
};

}  // namespace camnode

#endif  // CAMNODE_TESTS_CORE_INTAKE_INGEST_FIXTURE_H_
