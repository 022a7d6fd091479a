#include "core/storage/instance_store.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/crash_point.h"
#include "core/base/status_macros.h"
#include "core/storage/due.h"
#include "core/storage/id_list.h"
#include "core/storage/job_rows.h"
#include "core/storage/row_mapping.h"
#include "core/storage/sql/database_time.h"
#include "core/storage/sql/doorbell.h"
#include "core/storage/study_counts.h"

namespace camnode {
namespace {

constexpr int kMaxPageSize = 1000;

absl::Status TouchStudy(SqlTransaction& transaction, const Instance& instance,
                        int64_t received_ms) {
  // The clock of a second node may lie behind: never move the newest film back.
  return transaction
      .Execute(R"sql(
        INSERT INTO study (study_instance_uid, first_received_ms, last_received_ms)
        VALUES (:study, :received, :received)
        ON CONFLICT (study_instance_uid) DO UPDATE SET last_received_ms =
          CASE WHEN excluded.last_received_ms > study.last_received_ms
               THEN excluded.last_received_ms ELSE study.last_received_ms END)sql",
               {{"study", instance.study_instance_uid.text()}, {"received", received_ms}})
      .status();
}

constexpr absl::string_view kInsertInstance = R"sql(
  INSERT INTO instance (sop_instance_uid, series_instance_uid, study_instance_uid,
    sop_class_uid, transfer_syntax_uid, media_type, blob_id, sha256, size_bytes,
    modality, calling_ae, called_ae, received_ms, own_output)
  VALUES (:sop, :series, :study, :sop_class, :transfer_syntax, :media_type, :blob,
    :sha256, :size, :modality, :calling, :called, :received, :own_output)
  ON CONFLICT (sop_instance_uid) DO NOTHING RETURNING id)sql";

// The new row's id, or 0 if the SOP Instance UID is here already.
absl::StatusOr<int64_t> InsertInstance(SqlTransaction& transaction, const Instance& instance,
                                       int64_t received_ms) {
  SqlParameters parameters = InstanceParameters(instance);
  parameters.emplace_back("media_type", MediaTypeName(instance.media_type));
  parameters.emplace_back("received", received_ms);
  parameters.emplace_back("own_output", instance.own_output);
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<SqlRow> rows,
                           transaction.Query(kInsertInstance, parameters));
  return rows.empty() ? 0 : rows[0].Int(0);
}

// The row of an instance that is here already, if its bytes and study are these.
absl::StatusOr<int64_t> FindRepeat(SqlTransaction& transaction, const Instance& instance) {
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<SqlRow> rows,
                           transaction.Query("SELECT id, sha256, study_instance_uid FROM instance "
                                             "WHERE sop_instance_uid = :sop",
                                             {{"sop", instance.sop_instance_uid.text()}}));
  if (rows.empty()) return 0;
  const bool same_bytes = rows[0].Text(1) == instance.sha256;
  const bool same_study = rows[0].Text(2) == instance.study_instance_uid.text();
  if (same_bytes && same_study) return rows[0].Int(0);
  return absl::AlreadyExistsError(absl::StrCat(
      "the SOP Instance UID is here already with ", same_bytes ? "the same bytes" : "other bytes",
      same_study ? "" : " in another study", ": stored digest ", rows[0].Text(1),
      ", offered digest ", instance.sha256));
}

// An upload of one film again asks for its objects again: buried deliveries get a
// fresh start, waiting ones go now; delivered ones and one on its way stay.
absl::Status ArmDeliveries(SqlTransaction& transaction, int64_t job_id) {
  CAMNODE_ASSIGN_OR_RETURN(const int64_t armed,
                           transaction.Execute(R"sql(
        UPDATE delivery SET state = 'queued', failures = 0, available_ms = :due
        WHERE state IN ('queued', 'buried') AND derived_instance_id IN (
          SELECT output.derived_instance_id FROM analysis_output AS output
          JOIN analysis ON analysis.id = output.analysis_id WHERE analysis.job_id = :job))sql",
                                               {{"due", kDueNow}, {"job", job_id}}));
  if (armed > 0) transaction.RingAfterCommit(kOutboxTopic);
  return absl::OkStatus();
}

absl::StatusOr<int64_t> RepeatJob(SqlTransaction& transaction, const Job& job) {
  if (job.state == JobState::kBuried) {
    CAMNODE_RETURN_IF_ERROR(RequeueBuriedJob(transaction, job));
  } else if (job.state == JobState::kDone) {
    CAMNODE_RETURN_IF_ERROR(ArmDeliveries(transaction, job.id));
  }
  return job.id;
}

// Inserts the job and says so in `change`, or does what a repeat does to the one that is
// there.
absl::StatusOr<int64_t> AddJob(SqlTransaction& transaction, int64_t instance_id,
                               const JobRequest& request, int64_t now_ms, StudyChange& change) {
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<SqlRow> rows,
                           transaction.Query(
                               R"sql(
        INSERT INTO job (kind, subject, workflow, model_set, priority, state, attempt, failures,
          interruptions, started, alone, available_ms, analysis_started_ms, created_ms,
          leased_by, last_error, deliver, extra_destinations)
        VALUES ('analyze', :subject, :workflow, :model_set, :priority, 'queued', 0, 0, 0, 0, 0,
          :due, 0, :now, '', '', :deliver, :destinations)
        ON CONFLICT (kind, subject, workflow, model_set) DO NOTHING RETURNING id)sql",
                               {{"subject", instance_id},
                                {"workflow", request.workflow},
                                {"model_set", request.model_set},
                                {"priority", static_cast<int>(request.priority)},
                                {"due", kDueNow},
                                {"now", now_ms},
                                {"deliver", request.deliver},
                                {"destinations", JoinDestinations(request.extra_destinations)}}));
  if (!rows.empty()) {
    change.pending = 1;
    transaction.RingAfterCommit(kJobsTopic);
    return rows[0].Int(0);
  }
  CAMNODE_ASSIGN_OR_RETURN(
      const std::vector<SqlRow> there,
      transaction.Query(absl::StrCat("SELECT ", kJobColumns,
                                     " FROM job WHERE kind = 'analyze' AND subject = :subject AND "
                                     "workflow = :workflow AND model_set = :model_set",
                                     ForUpdate(transaction)),
                        {{"subject", instance_id},
                         {"workflow", request.workflow},
                         {"model_set", request.model_set}}));
  if (there.empty()) return absl::UnavailableError("the job vanished while it was looked up");
  return RepeatJob(transaction, JobFromRow(there[0]));
}

absl::Status CheckRequest(const Instance& instance, const absl::optional<JobRequest>& job) {
  if (instance.sop_instance_uid.empty() || instance.study_instance_uid.empty()) {
    return absl::InvalidArgumentError("an instance needs a SOP Instance UID and a study");
  }
  if (instance.blob_id.empty() || instance.sha256.empty()) {
    return absl::InvalidArgumentError("an instance needs a blob and its digest");
  }
  if (!job) return absl::OkStatus();
  for (const std::string& name : job->extra_destinations) {
    if (name.find('\n') != std::string::npos) {
      return absl::InvalidArgumentError("the name of a destination spans two lines");
    }
  }
  return absl::OkStatus();
}

// The counts are kept by every commit that changes one: see study_counts.h.
constexpr absl::string_view kStudySummarySql =
    "SELECT study_instance_uid, first_received_ms, last_received_ms, instances, analyzed, "
    "not_eligible, pending, buried FROM study ";

StudySummary SummaryFromRow(const SqlRow& row) {
  StudySummary summary;
  summary.study_instance_uid = UidFromRow(row.Text(0));
  summary.first_received_ms = row.Int(1);
  summary.last_received_ms = row.Int(2);
  summary.instances = row.Int(3);
  summary.analyzed = row.Int(4);
  summary.not_eligible = row.Int(5);
  summary.pending = row.Int(6);
  summary.buried = row.Int(7);
  return summary;
}

}  // namespace

InstanceStore::InstanceStore(SqlDatabase& database, const Clock& clock, const BlobStore* blobs)
    : database_(database), clock_(clock), blobs_(blobs) {}

absl::StatusOr<AddedInstance> InstanceStore::Add(const Instance& instance,
                                                 const absl::optional<JobRequest>& job) {
  CAMNODE_RETURN_IF_ERROR(CheckRequest(instance, job));
  AddedInstance added;
  const auto add = [&](SqlTransaction& transaction) -> absl::Status {
    added = AddedInstance();
    CAMNODE_ASSIGN_OR_RETURN(const int64_t now_ms, NowMs(transaction, clock_));
    const int64_t received_ms = instance.received_ms != 0 ? instance.received_ms : now_ms;
    CAMNODE_ASSIGN_OR_RETURN(added.instance_id, FindRepeat(transaction, instance));
    StudyChange change;
    if (added.instance_id == 0) {
      if (blobs_ != nullptr) CAMNODE_RETURN_IF_ERROR(blobs_->CheckThere(instance.blob_id));
      CAMNODE_RETURN_IF_ERROR(TouchStudy(transaction, instance, received_ms));
      CAMNODE_ASSIGN_OR_RETURN(added.instance_id,
                               InsertInstance(transaction, instance, received_ms));
      added.repeat = added.instance_id == 0;
      change.instances = added.repeat ? 0 : 1;
    } else {
      added.repeat = true;
    }
    if (added.instance_id == 0) {  // Another node was quicker, just now.
      CAMNODE_ASSIGN_OR_RETURN(added.instance_id, FindRepeat(transaction, instance));
    }
    if (job) {
      CAMNODE_ASSIGN_OR_RETURN(added.job_id,
                               AddJob(transaction, added.instance_id, *job, now_ms, change));
    }
    if (change.instances == 0 && change.pending == 0) return absl::OkStatus();
    return CountInStudy(transaction, added.instance_id, change);
  };
  CrashPoint("before_instance_commit");
  CAMNODE_RETURN_IF_ERROR(database_.Write(add));
  CrashPoint("after_instance_commit");
  return added;
}

absl::StatusOr<Instance> InstanceStore::Get(int64_t instance_id) {
  CAMNODE_ASSIGN_OR_RETURN(
      const std::vector<SqlRow> rows,
      ReadRows(database_,
               absl::StrCat("SELECT ", kInstanceColumns, " FROM instance WHERE id = :id"),
               {{"id", instance_id}}));
  if (rows.empty()) return absl::NotFoundError(absl::StrCat("no instance ", instance_id));
  return InstanceFromRow(rows[0]);
}

absl::StatusOr<std::map<int64_t, Instance>> InstanceStore::GetAll(const std::vector<int64_t>& ids) {
  const SqlDialect dialect = database_.dialect();
  CAMNODE_ASSIGN_OR_RETURN(
      const std::vector<SqlRow> rows,
      ReadRows(database_,
               absl::StrCat("SELECT ", kInstanceColumns, " FROM instance WHERE ",
                            IsOneOf(dialect, "id", "ids")),
               {{"ids", IdList(dialect, ids)}}));
  std::map<int64_t, Instance> instances;
  for (const SqlRow& row : rows) {
    Instance instance = InstanceFromRow(row);
    const int64_t id = instance.id;
    instances.emplace(id, std::move(instance));
  }
  return instances;
}

absl::StatusOr<Instance> InstanceStore::FindBySopInstanceUid(const Uid& uid) {
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<SqlRow> rows,
                           ReadRows(database_,
                                    absl::StrCat("SELECT ", kInstanceColumns,
                                                 " FROM instance WHERE sop_instance_uid = :uid"),
                                    {{"uid", uid.text()}}));
  if (rows.empty()) return absl::NotFoundError("no instance with this SOP Instance UID");
  return InstanceFromRow(rows[0]);
}

absl::StatusOr<std::vector<Instance>> InstanceStore::ListStudyInstances(const Uid& study,
                                                                        int limit) {
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<SqlRow> rows,
                           ReadRows(database_,
                                    absl::StrCat("SELECT ", kInstanceColumns,
                                                 " FROM instance WHERE study_instance_uid = :study "
                                                 "ORDER BY id LIMIT :limit"),
                                    {{"study", study.text()}, {"limit", limit}}));
  std::vector<Instance> instances;
  instances.reserve(rows.size());
  for (const SqlRow& row : rows) instances.push_back(InstanceFromRow(row));
  return instances;
}

absl::StatusOr<StudySummary> InstanceStore::GetStudy(const Uid& study) {
  CAMNODE_ASSIGN_OR_RETURN(
      const std::vector<SqlRow> rows,
      ReadRows(database_, absl::StrCat(kStudySummarySql, "WHERE study_instance_uid = :study"),
               {{"study", study.text()}}));
  if (rows.empty()) return absl::NotFoundError("no study with this Study Instance UID");
  return SummaryFromRow(rows[0]);
}

absl::StatusOr<StudyPage> InstanceStore::ListStudies(int page_size, int64_t before_received_ms,
                                                     const Uid& before_study) {
  page_size = std::clamp(page_size, 1, kMaxPageSize);
  std::string sql(kStudySummarySql);
  // One more than the page, to know whether another follows.
  SqlParameters parameters = {{"limit", page_size + 1}};
  if (!before_study.empty()) {
    sql += "WHERE (last_received_ms, study_instance_uid) < (:before_ms, :before_study) ";
    parameters.emplace_back("before_ms", before_received_ms);
    parameters.emplace_back("before_study", before_study.text());
  }
  sql += "ORDER BY last_received_ms DESC, study_instance_uid DESC LIMIT :limit";
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<SqlRow> rows, ReadRows(database_, sql, parameters));
  StudyPage page;
  for (const SqlRow& row : rows) {
    if (page.studies.size() == static_cast<size_t>(page_size)) {
      page.next_received_ms = page.studies.back().last_received_ms;
      page.next_study_instance_uid = page.studies.back().study_instance_uid;
      break;
    }
    page.studies.push_back(SummaryFromRow(row));
  }
  return page;
}

}  // namespace camnode
