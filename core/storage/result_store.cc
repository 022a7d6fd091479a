#include "core/storage/result_store.h"

#include <limits>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/crash_point.h"
#include "core/base/status_macros.h"
#include "core/domain/job.h"
#include "core/domain/uid.h"
#include "core/storage/due.h"
#include "core/storage/event_log.h"
#include "core/storage/id_list.h"
#include "core/storage/job_rows.h"
#include "core/storage/result_rows.h"
#include "core/storage/row_mapping.h"
#include "core/storage/sql/database_time.h"
#include "core/storage/sql/doorbell.h"
#include "core/storage/study_counts.h"

namespace camnode {
namespace {

// The job's own wishes, as the row had them when it was finished.
struct FinishedJob {
  bool deliver = false;
  std::vector<std::string> extra_destinations;
};

// The fence: everything after this line happens only for the current attempt.
absl::StatusOr<FinishedJob> FinishJob(SqlTransaction& transaction, const Job& job, int64_t now_ms) {
  CAMNODE_ASSIGN_OR_RETURN(
      const std::vector<SqlRow> rows,
      transaction.Query(
          absl::StrCat("UPDATE job SET state = 'done', available_ms = NULL, finished_ms = :now, ",
                       "started = 0, leased_by = '', last_error = '' WHERE ", kFence,
                       " RETURNING deliver, extra_destinations"),
          {{"now", now_ms}, {"id", job.id}, {"attempt", job.attempt}}));
  if (rows.empty()) return LostLease(job.id, job.attempt);
  FinishedJob finished;
  finished.deliver = rows[0].Int(0) != 0;
  finished.extra_destinations = SplitDestinations(rows[0].Text(1));
  return finished;
}

absl::Status InsertDelivery(SqlTransaction& transaction, int64_t derived_id,
                            const std::string& destination, int64_t now_ms) {
  CAMNODE_ASSIGN_OR_RETURN(const int64_t inserted, transaction.Execute(
                                                       R"sql(
        INSERT INTO delivery (derived_instance_id, destination, state, attempt, failures,
          last_status, last_error, available_ms, created_ms)
        VALUES (:derived, :destination, 'queued', 0, 0, -1, '', :due, :now)
        ON CONFLICT (derived_instance_id, destination) DO NOTHING)sql",
                                                       {{"derived", derived_id},
                                                        {"destination", destination},
                                                        {"due", kDueNow},
                                                        {"now", now_ms}}));
  if (inserted > 0) transaction.RingAfterCommit(kOutboxTopic);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<int64_t>> ReadInstanceIds(SqlTransaction& transaction,
                                                     const Uid& study) {
  CAMNODE_ASSIGN_OR_RETURN(
      const std::vector<SqlRow> rows,
      transaction.Query("SELECT id FROM instance WHERE study_instance_uid = :study",
                        {{"study", study.text()}}));
  std::vector<int64_t> ids;
  for (const SqlRow& row : rows) ids.push_back(row.Int(0));
  return ids;
}

StudyChange ChangeBy(AnalysisOutcome outcome) {
  StudyChange change;
  change.pending = -1;
  (outcome == AnalysisOutcome::kAnalyzed ? change.analyzed : change.not_eligible) = 1;
  return change;
}

std::set<std::string> AllDestinations(const FinishedJob& job,
                                      const std::vector<std::string>& of_workflow) {
  std::set<std::string> names;
  if (!job.deliver) return names;
  names.insert(of_workflow.begin(), of_workflow.end());
  names.insert(job.extra_destinations.begin(), job.extra_destinations.end());
  names.erase("");
  return names;
}

}  // namespace

ResultStore::ResultStore(SqlDatabase& database, const Clock& clock, const BlobStore* blobs)
    : database_(database), clock_(clock), blobs_(blobs) {}

// A worker that was stopped for hours comes back to files that were swept meanwhile.
absl::Status ResultStore::CheckFiles(const Analysis& analysis,
                                     const std::vector<DerivedInstance>& derived) const {
  if (blobs_ == nullptr) return absl::OkStatus();
  if (!analysis.display_blob_id.empty()) {
    CAMNODE_RETURN_IF_ERROR(blobs_->CheckThere(analysis.display_blob_id));
  }
  for (const DerivedInstance& output : derived) {
    CAMNODE_RETURN_IF_ERROR(blobs_->CheckThere(output.blob_id));
  }
  return absl::OkStatus();
}

absl::StatusOr<int64_t> ResultStore::Commit(JobLease&& lease, const Analysis& analysis,
                                            const std::vector<DerivedInstance>& derived,
                                            const std::vector<std::string>& destinations) {
  const Job job = lease.job();  // The lease itself is left alone: it may be needed again.
  int64_t analysis_id = 0;
  const auto commit = [&](SqlTransaction& transaction) -> absl::Status {
    CAMNODE_ASSIGN_OR_RETURN(const int64_t now_ms, NowMs(transaction, clock_));
    CAMNODE_ASSIGN_OR_RETURN(const FinishedJob finished, FinishJob(transaction, job, now_ms));
    CAMNODE_RETURN_IF_ERROR(CheckFiles(analysis, derived));

    Analysis row = analysis;
    row.finished_ms = now_ms;
    if (row.started_ms == 0) row.started_ms = job.analysis_started_ms;
    row.instance_id = job.subject;
    CAMNODE_ASSIGN_OR_RETURN(analysis_id, InsertAnalysis(transaction, job.id, row));

    const std::set<std::string> names = AllDestinations(finished, destinations);
    int number = 0;
    for (const DerivedInstance& output : derived) {
      CAMNODE_ASSIGN_OR_RETURN(const int64_t derived_id,
                               InsertOutput(transaction, analysis_id, number++, output));
      for (const std::string& name : names) {
        CAMNODE_RETURN_IF_ERROR(InsertDelivery(transaction, derived_id, name, now_ms));
      }
    }

    CAMNODE_RETURN_IF_ERROR(CountInStudy(transaction, job.subject, ChangeBy(row.outcome)));
    Event event;
    event.kind = EventKind::kAnalysisCommitted;
    event.analysis_id = analysis_id;
    event.job_id = job.id;
    event.instance_id = row.instance_id;
    event.created_ms = now_ms;
    return AppendEvent(transaction, event);
  };
  CrashPoint("before_result_commit");
  CAMNODE_RETURN_IF_ERROR(database_.Write(commit));
  CrashPoint("after_result_commit");
  return analysis_id;
}

absl::StatusOr<StoredAnalysis> ResultStore::FindOne(absl::string_view rest,
                                                    const SqlParameters& parameters,
                                                    absl::string_view missing) {
  absl::StatusOr<StoredAnalysis> found = absl::NotFoundError(missing);
  const auto read = [&](SqlTransaction& transaction) -> absl::Status {
    CAMNODE_ASSIGN_OR_RETURN(std::vector<StoredAnalysis> analyses,
                             ReadAnalyses(transaction, rest, parameters));
    if (!analyses.empty()) found = std::move(analyses[0]);
    return absl::OkStatus();
  };
  CAMNODE_RETURN_IF_ERROR(database_.Read(read));
  return found;
}

absl::StatusOr<StoredAnalysis> ResultStore::Get(int64_t analysis_id) {
  return FindOne("WHERE analysis.id = :id", {{"id", analysis_id}},
                 absl::StrCat("no analysis ", analysis_id));
}

absl::StatusOr<StoredAnalysis> ResultStore::FindByJob(int64_t job_id) {
  return FindOne("WHERE analysis.job_id = :job", {{"job", job_id}},
                 absl::StrCat("no analysis by job ", job_id));
}

absl::StatusOr<StoredAnalysis> ResultStore::FindBySopInstanceUid(const Uid& uid,
                                                                 const std::string& workflow) {
  std::string rest = "WHERE instance.sop_instance_uid = :uid ";
  SqlParameters parameters = {{"uid", uid.text()}};
  if (!workflow.empty()) {
    rest += "AND analysis.workflow = :workflow ";
    parameters.emplace_back("workflow", workflow);
  }
  rest += "ORDER BY analysis.id DESC LIMIT 1";
  return FindOne(rest, parameters, "no analysis of an instance with this SOP Instance UID");
}

absl::StatusOr<std::vector<JobResult>> ResultStore::ListJobResults(
    const std::vector<int64_t>& instance_ids) {
  std::vector<JobResult> results;
  const SqlDialect dialect = database_.dialect();
  CAMNODE_ASSIGN_OR_RETURN(
      const std::vector<SqlRow> rows,
      ReadRows(database_,
               absl::StrCat("SELECT job_id, id, outcome FROM analysis WHERE ",
                            IsOneOf(dialect, "instance_id", "instances"), " ORDER BY id DESC"),
               {{"instances", IdList(dialect, instance_ids)}}));
  for (const SqlRow& row : rows) {
    results.push_back({row.Int(0), row.Int(1), ParseOutcome(row.Text(2))});
  }
  return results;
}

absl::StatusOr<std::vector<StoredAnalysis>> ResultStore::List(const AnalysisFilter& filter,
                                                              int limit) {
  const int64_t before_id =
      filter.before_id > 0 ? filter.before_id : std::numeric_limits<int64_t>::max();
  const Uid& study = filter.study_instance_uid;
  std::vector<StoredAnalysis> analyses;
  const auto read = [&](SqlTransaction& transaction) -> absl::Status {
    std::string rest = "WHERE analysis.id < :before ORDER BY analysis.id DESC LIMIT :limit";
    SqlParameters parameters = {{"before", before_id}, {"limit", limit}};
    if (!study.empty()) {
      // From the films, which are few: the plus keeps the planner from walking through all
      // analyses in the order of their ids, in search of one study's.
      rest = absl::StrCat("WHERE ",
                          IsOneOf(transaction.dialect(), "analysis.instance_id", "instances"),
                          " AND +analysis.id < :before ORDER BY +analysis.id DESC LIMIT :limit");
      CAMNODE_ASSIGN_OR_RETURN(const std::vector<int64_t> instances,
                               ReadInstanceIds(transaction, study));
      parameters.emplace_back("instances", IdList(transaction.dialect(), instances));
    }
    CAMNODE_ASSIGN_OR_RETURN(analyses, ReadAnalyses(transaction, rest, parameters));
    return absl::OkStatus();
  };
  CAMNODE_RETURN_IF_ERROR(database_.Read(read));
  return analyses;
}

absl::StatusOr<bool> ResultStore::IsOwnOutput(const Uid& sop_instance_uid) {
  CAMNODE_ASSIGN_OR_RETURN(
      const std::vector<SqlRow> rows,
      ReadRows(database_, "SELECT 1 FROM derived_instance WHERE sop_instance_uid = :uid",
               {{"uid", sop_instance_uid.text()}}));
  return !rows.empty();
}

}  // namespace camnode
