#include "tests/core/storage/storage_fixture.h"

#include <cstdint>
#include <cstdlib>
#include <set>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"
#include "core/domain/job.h"
#include "core/domain/uid.h"
#include "core/storage/blob_names.h"
#include "core/storage/sql/sql_database.h"
#include "tests/core/storage/postgres_cluster.h"
#include "tests/testing/status_matchers.h"

namespace camnode {

void StorageTest::SetUp() {
  if (sqlite()) {
    uri_ = absl::StrCat("sqlite:", directory_.path(), "/camnode.db");
  } else {
    const std::string problem = PostgresClusterProblem();
    if (!problem.empty()) GTEST_SKIP() << "SKIPPED: " << problem;
    uri_ = NewPostgresUri();
  }
  opened_ = OpenAnother();
  ASSERT_NE(opened_.database, nullptr);
  if (migrate_) {
    ASSERT_THAT(Migrate(*opened_.database), IsOk());
  }
}

OpenedDatabase StorageTest::OpenAnother() const {
  absl::StatusOr<OpenedDatabase> opened = OpenDatabase(uri_, directory_.path());
  EXPECT_THAT(opened, IsOk());
  return opened.ok() ? *std::move(opened) : OpenedDatabase();
}

std::string StorageTest::Ask(const std::string& sql) {
  std::string answer;
  const auto read = [&](SqlTransaction& transaction) -> absl::Status {
    CAMNODE_ASSIGN_OR_RETURN(const std::vector<SqlRow> rows, transaction.Query(sql, {}));
    if (rows.size() != 1) return absl::InternalError(absl::StrCat(rows.size(), " rows: ", sql));
    answer = rows[0].Text(0);
    if (answer.empty()) answer = absl::StrCat(rows[0].Int(0));
    return absl::OkStatus();
  };
  EXPECT_THAT(database().Read(read), IsOk());
  return answer;
}

int64_t StorageTest::AskInt(const std::string& sql) { return std::atoll(Ask(sql).c_str()); }

absl::Status StorageTest::Execute(const std::string& sql) {
  return database().Write(
      [&](SqlTransaction& transaction) { return transaction.Execute(sql, {}).status(); });
}

bool StorageTest::Names(const std::string& blob_id) {
  const absl::StatusOr<std::set<std::string>> named = BlobNames(database()).Among({blob_id});
  EXPECT_THAT(named, IsOk());
  return named.ok() && named->count(blob_id) == 1;
}

Uid MakeUid(const std::string& text) {
  const absl::StatusOr<Uid> uid = Uid::Parse(text);
  EXPECT_THAT(uid, IsOk());
  return uid.value_or(Uid());
}

Instance SomeInstance(const std::string& sop_instance_uid, const std::string& study) {
  Instance instance;
  instance.sop_instance_uid = MakeUid(sop_instance_uid);
  instance.series_instance_uid = MakeUid(study + ".1");
  instance.study_instance_uid = MakeUid(study);
  instance.sop_class_uid = MakeUid("1.2.840.10008.5.1.4.1.1.1");
  instance.transfer_syntax_uid = MakeUid("1.2.840.10008.1.2.1");
  instance.sha256 = Sha256Hex(sop_instance_uid);
  instance.blob_id = instance.sha256.substr(0, 32);
  instance.size_bytes = 1000;
  instance.modality = "DX";
  instance.calling_ae = "MODALITY";
  instance.called_ae = "CAMNODE";
  instance.received_ms = 1'700'000'000'000;
  return instance;
}

JobRequest SomeRequest() {
  JobRequest request;
  request.workflow = "chest";
  request.model_set = "models-1";
  return request;
}

namespace {

ModelResult SomeModelResult(const std::string& name, float logit) {
  ModelResult result;
  result.model = name;
  result.version = "1";
  result.weights_sha256 = Sha256Hex(name);
  result.finding.label = "pneumonia";
  result.finding.logit = logit;
  result.finding.probability = 0.75;
  result.finding.threshold = 0.5;
  result.finding.positive = true;
  // 0.1 has no exact float32: a store that rounds once too often would show.
  result.heatmap.values = (cv::Mat1f(2, 3) << 0.1f, 0.0f, 1e-30f, 2.5f, 3e30f, 0.0f);
  result.heatmap.peak = 3e30f;
  result.placement.film = cv::Size(2000, 1800);
  result.placement.region = cv::Rect2d(-0.5, 100.25, 2001.0, 1800.0);
  if (name == "resnet18") result.outlier = OutlierScore{1.25, 1.5};
  result.duration_ms = 12.5;
  return result;
}

}  // namespace

Analysis SomeAnalysis() {
  Analysis analysis;
  analysis.workflow = "chest";
  analysis.model_set = "models-1";
  analysis.flags = {{"VIEW_UNKNOWN", "No view is given."}, {"OUTLIER", "Unlike the others."}};
  analysis.threshold_set = "thresholds-1";
  analysis.results = {SomeModelResult("resnet18", 1.1f), SomeModelResult("densenet121", -0.3f)};
  analysis.agreement.models = 2;
  analysis.agreement.overlap = 0.625;
  analysis.agreement.distance = 0.1;
  analysis.agreement.correlation = -0.25;
  analysis.agreement.percentiles = AgreementPercentiles{97.5, 88.25, 0.0};
  analysis.agreement.sentence = "The two models used the same area.";
  analysis.decode_ms = 3.5;
  analysis.render_ms = 4.5;
  return analysis;
}

DerivedInstance SomeOutput(const std::string& sop_instance_uid) {
  DerivedInstance derived;
  derived.kind = "overlay";
  derived.model = "resnet18";
  derived.sop_instance_uid = MakeUid(sop_instance_uid);
  derived.sop_class_uid = MakeUid("1.2.840.10008.5.1.4.1.1.7");
  derived.series_instance_uid = MakeUid("1.2.9");
  derived.study_instance_uid = MakeUid("1.2");
  derived.transfer_syntax_uid = MakeUid("1.2.840.10008.1.2.1");
  derived.sha256 = Sha256Hex("output " + sop_instance_uid);
  derived.blob_id = derived.sha256.substr(0, 32);
  derived.size_bytes = 500;
  return derived;
}

void StoresTest::SetUp() {
  StorageTest::SetUp();
  if (IsSkipped() || HasFatalFailure()) return;
  instances_ = std::make_unique<InstanceStore>(database(), clock_, nullptr);
  queue_ = std::make_unique<JobQueue>(database(), clock_, options_);
  results_ = std::make_unique<ResultStore>(database(), clock_, nullptr);
}

int64_t StoresTest::Enqueue(const std::string& sop_instance_uid, const JobRequest& request) {
  const absl::StatusOr<AddedInstance> added =
      instances_->Add(SomeInstance(sop_instance_uid), request);
  EXPECT_THAT(added, IsOk());
  return added.ok() ? added->job_id.value_or(0) : 0;
}

JobLease StoresTest::LeaseOne(const std::string& worker) {
  absl::StatusOr<std::vector<JobLease>> leases = queue_->Lease(worker, 1);
  EXPECT_THAT(leases, IsOk());
  EXPECT_EQ(leases->size(), 1u);
  return std::move(leases->at(0));
}

JobState StoresTest::StateOf(int64_t job_id) {
  const absl::StatusOr<Job> job = queue_->Get(job_id);
  EXPECT_THAT(job, IsOk());
  return job.ok() ? job->state : JobState::kQueued;
}

}  // namespace camnode
