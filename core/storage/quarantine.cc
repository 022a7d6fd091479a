#include "core/storage/quarantine.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/crash_point.h"
#include "core/base/status_macros.h"
#include "core/storage/row_mapping.h"
#include "core/storage/sql/database_time.h"

namespace camnode {
namespace {

constexpr int kMaxPageSize = 1000;

// Two nodes must not both find the last place free.  SQLite has one writer anyway.
absl::Status LockOutOtherNodes(SqlTransaction& transaction) {
  if (transaction.dialect() == SqlDialect::kSqlite) return absl::OkStatus();
  return transaction.Execute("LOCK TABLE quarantined_instance IN SHARE ROW EXCLUSIVE MODE", {})
      .status();
}

absl::StatusOr<bool> IsHere(SqlTransaction& transaction, const Instance& offered) {
  CAMNODE_ASSIGN_OR_RETURN(
      const std::vector<SqlRow> rows,
      transaction.Query("SELECT 1 FROM quarantined_instance WHERE sop_instance_uid = :sop AND "
                        "sha256 = :sha256",
                        {{"sop", offered.sop_instance_uid.text()}, {"sha256", offered.sha256}}));
  return !rows.empty();
}

absl::StatusOr<QuarantineSize> ReadSize(SqlTransaction& transaction) {
  CAMNODE_ASSIGN_OR_RETURN(
      const std::vector<SqlRow> rows,
      transaction.Query("SELECT COUNT(*), CAST(COALESCE(SUM(size_bytes), 0) AS BIGINT) "
                        "FROM quarantined_instance",
                        {}));
  return QuarantineSize{rows.at(0).Int(0), rows.at(0).Int(1)};
}

// What is to become of `offered`; kAdded if nothing is in its way, and then
// `stored_sha256` is of the instance that has the UID.
absl::StatusOr<QuarantineOutcome> Judge(SqlTransaction& transaction,
                                        const QuarantineOptions& options, const Instance& offered,
                                        std::string& stored_sha256) {
  CAMNODE_ASSIGN_OR_RETURN(
      const std::vector<SqlRow> rows,
      transaction.Query(
          "SELECT sha256, study_instance_uid FROM instance WHERE sop_instance_uid = :sop",
          {{"sop", offered.sop_instance_uid.text()}}));
  if (rows.empty() || rows[0].Text(0) == offered.sha256) return QuarantineOutcome::kNoConflict;
  stored_sha256 = rows[0].Text(0);
  if (rows[0].Text(1) != offered.study_instance_uid.text()) return QuarantineOutcome::kOtherStudy;
  CAMNODE_ASSIGN_OR_RETURN(const bool here, IsHere(transaction, offered));
  if (here) return QuarantineOutcome::kRepeat;
  CAMNODE_ASSIGN_OR_RETURN(const QuarantineSize size, ReadSize(transaction));
  const bool room = size.instances < options.max_instances &&
                    size.bytes + offered.size_bytes <= options.max_bytes;
  return room ? QuarantineOutcome::kAdded : QuarantineOutcome::kFull;
}

absl::Status Insert(SqlTransaction& transaction, const Instance& instance,
                    const std::string& stored_sha256, int64_t received_ms) {
  SqlParameters parameters = InstanceParameters(instance);
  parameters.emplace_back("received", received_ms);
  parameters.emplace_back("stored", stored_sha256);
  return transaction
      .Execute(R"sql(
        INSERT INTO quarantined_instance (sop_instance_uid, series_instance_uid,
          study_instance_uid, sop_class_uid, transfer_syntax_uid, blob_id, sha256, size_bytes,
          modality, calling_ae, called_ae, received_ms, stored_sha256)
        VALUES (:sop, :series, :study, :sop_class, :transfer_syntax, :blob, :sha256, :size,
          :modality, :calling, :called, :received, :stored))sql",
               parameters)
      .status();
}

// As kInstanceColumns: the number is the entry's, and what is set aside came by C-STORE
// from others.
constexpr absl::string_view kColumns =
    "id, sop_instance_uid, series_instance_uid, study_instance_uid, sop_class_uid, "
    "transfer_syntax_uid, 'dicom', blob_id, sha256, size_bytes, modality, calling_ae, called_ae, "
    "received_ms, 0, stored_sha256";

QuarantinedInstance FromRow(const SqlRow& row) {
  QuarantinedInstance entry;
  entry.instance = InstanceFromRow(row);
  entry.id = std::exchange(entry.instance.id, 0);
  entry.stored_sha256 = row.Text(15);
  return entry;
}

}  // namespace

Quarantine::Quarantine(SqlDatabase& database, const Clock& clock, const BlobStore* blobs,
                       const QuarantineOptions& options)
    : database_(database), clock_(clock), blobs_(blobs), options_(options) {}

absl::StatusOr<QuarantineOutcome> Quarantine::Add(const Instance& instance) {
  QuarantineOutcome outcome = QuarantineOutcome::kNoConflict;
  const auto add = [&](SqlTransaction& transaction) -> absl::Status {
    std::string stored_sha256;
    CAMNODE_RETURN_IF_ERROR(LockOutOtherNodes(transaction));
    CAMNODE_ASSIGN_OR_RETURN(outcome, Judge(transaction, options_, instance, stored_sha256));
    if (outcome != QuarantineOutcome::kAdded) return absl::OkStatus();
    if (blobs_ != nullptr) CAMNODE_RETURN_IF_ERROR(blobs_->CheckThere(instance.blob_id));
    CAMNODE_ASSIGN_OR_RETURN(const int64_t now_ms, NowMs(transaction, clock_));
    return Insert(transaction, instance, stored_sha256,
                  instance.received_ms != 0 ? instance.received_ms : now_ms);
  };
  CrashPoint("before_quarantine_commit");
  CAMNODE_RETURN_IF_ERROR(database_.Write(add));
  CrashPoint("after_quarantine_commit");
  return outcome;
}

absl::StatusOr<std::vector<QuarantinedInstance>> Quarantine::List(int limit, int64_t before_id) {
  std::string sql = absl::StrCat("SELECT ", kColumns, " FROM quarantined_instance ");
  SqlParameters parameters = {{"limit", std::clamp(limit, 1, kMaxPageSize)}};
  if (before_id > 0) {
    sql += "WHERE id < :before ";
    parameters.emplace_back("before", before_id);
  }
  sql += "ORDER BY id DESC LIMIT :limit";
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<SqlRow> rows, ReadRows(database_, sql, parameters));
  std::vector<QuarantinedInstance> entries;
  for (const SqlRow& row : rows) entries.push_back(FromRow(row));
  return entries;
}

absl::StatusOr<std::string> Quarantine::Remove(int64_t id) {
  std::string blob_id;
  const auto remove = [&](SqlTransaction& transaction) -> absl::Status {
    CAMNODE_ASSIGN_OR_RETURN(
        const std::vector<SqlRow> rows,
        transaction.Query("DELETE FROM quarantined_instance WHERE id = :id RETURNING blob_id",
                          {{"id", id}}));
    if (rows.empty()) {
      return absl::NotFoundError(absl::StrCat("no quarantined instance ", id));
    }
    blob_id = rows[0].Text(0);
    return absl::OkStatus();
  };
  CAMNODE_RETURN_IF_ERROR(database_.Write(remove));
  CrashPoint("after_quarantine_removal");
  return blob_id;
}

absl::StatusOr<QuarantineSize> Quarantine::Size() {
  QuarantineSize size;
  const auto read = [&](SqlTransaction& transaction) -> absl::Status {
    CAMNODE_ASSIGN_OR_RETURN(size, ReadSize(transaction));
    return absl::OkStatus();
  };
  CAMNODE_RETURN_IF_ERROR(database_.Read(read));
  return size;
}

}  // namespace camnode
