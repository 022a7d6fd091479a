#include "core/storage/sql/migrations.h"

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "core/base/status_macros.h"
#include "core/storage/sql/open_database.h"

namespace camnode {
namespace {

// Any number will do, as long as nobody else in the database uses it.
constexpr absl::string_view kPostgresMigrationLock = "SELECT pg_advisory_xact_lock(7130215846)";

Migration ReceptionAndQueue() {
  return {1,
          {
              R"sql(CREATE TABLE study (
                study_instance_uid TEXT PRIMARY KEY,
                first_received_ms BIGINT NOT NULL,
                last_received_ms BIGINT NOT NULL))sql",
              "CREATE INDEX study_newest ON study (last_received_ms, study_instance_uid)",

              R"sql(CREATE TABLE instance (
                id {id},
                sop_instance_uid TEXT NOT NULL UNIQUE,
                series_instance_uid TEXT NOT NULL,
                study_instance_uid TEXT NOT NULL REFERENCES study (study_instance_uid),
                sop_class_uid TEXT NOT NULL,
                transfer_syntax_uid TEXT NOT NULL,
                media_type TEXT NOT NULL,
                blob_id TEXT NOT NULL UNIQUE,
                sha256 TEXT NOT NULL,
                size_bytes BIGINT NOT NULL,
                modality TEXT NOT NULL,
                calling_ae TEXT NOT NULL,
                called_ae TEXT NOT NULL,
                received_ms BIGINT NOT NULL,
                own_output BIGINT NOT NULL))sql",
              "CREATE INDEX instance_of_study ON instance (study_instance_uid, id)",

              R"sql(CREATE TABLE job (
                id {id},
                kind TEXT NOT NULL,
                subject BIGINT NOT NULL,
                workflow TEXT NOT NULL,
                model_set TEXT NOT NULL,
                priority BIGINT NOT NULL,
                state TEXT NOT NULL,
                attempt BIGINT NOT NULL,
                failures BIGINT NOT NULL,
                interruptions BIGINT NOT NULL,
                started BIGINT NOT NULL,
                alone BIGINT NOT NULL,
                available_ms BIGINT,
                analysis_started_ms BIGINT NOT NULL,
                created_ms BIGINT NOT NULL,
                finished_ms BIGINT,
                leased_by TEXT NOT NULL,
                last_error TEXT NOT NULL,
                deliver BIGINT NOT NULL,
                extra_destinations TEXT NOT NULL,
                UNIQUE (kind, subject, workflow, model_set)))sql",
              // Partial: finished rows, soon nearly all, are not in it.
              R"sql(CREATE INDEX job_available ON job (priority, available_ms, id)
                WHERE available_ms IS NOT NULL)sql",
              "CREATE INDEX job_leased ON job (leased_by) WHERE state = 'leased'",
              "CREATE INDEX job_buried ON job (id) WHERE state = 'buried'",

              R"sql(CREATE TABLE worker (
                name TEXT PRIMARY KEY,
                pid BIGINT NOT NULL,
                device TEXT NOT NULL,
                model_set TEXT NOT NULL,
                config_digest TEXT NOT NULL,
                version TEXT NOT NULL,
                ready BIGINT NOT NULL,
                started_ms BIGINT NOT NULL,
                heartbeat_ms BIGINT NOT NULL))sql",
          }};
}

Migration ResultsAndOutbox() {
  return {2,
          {
              R"sql(CREATE TABLE analysis (
                id {id},
                job_id BIGINT NOT NULL UNIQUE REFERENCES job (id),
                instance_id BIGINT NOT NULL REFERENCES instance (id),
                workflow TEXT NOT NULL,
                model_set TEXT NOT NULL,
                threshold_set TEXT NOT NULL,
                outcome TEXT NOT NULL,
                reason_code TEXT NOT NULL,
                reason TEXT NOT NULL,
                agreement_models BIGINT NOT NULL,
                agreement_overlap {real} NOT NULL,
                agreement_distance {real} NOT NULL,
                agreement_correlation {real} NOT NULL,
                agreement_sentence TEXT NOT NULL,
                display_blob_id TEXT NOT NULL,
                started_ms BIGINT NOT NULL,
                finished_ms BIGINT NOT NULL,
                decode_ms {real} NOT NULL,
                render_ms {real} NOT NULL))sql",
              "CREATE INDEX analysis_of_instance ON analysis (instance_id, id)",
              "CREATE INDEX analysis_display_blob ON analysis (display_blob_id)",

              R"sql(CREATE TABLE model_result (
                analysis_id BIGINT NOT NULL REFERENCES analysis (id),
                number BIGINT NOT NULL,
                model TEXT NOT NULL,
                version TEXT NOT NULL,
                weights_sha256 TEXT NOT NULL,
                label TEXT NOT NULL,
                logit {real} NOT NULL,
                probability {real} NOT NULL,
                threshold {real} NOT NULL,
                positive BIGINT NOT NULL,
                heatmap {blob} NOT NULL,
                heatmap_rows BIGINT NOT NULL,
                heatmap_columns BIGINT NOT NULL,
                heatmap_peak {real} NOT NULL,
                film_width BIGINT NOT NULL,
                film_height BIGINT NOT NULL,
                region_x {real} NOT NULL,
                region_y {real} NOT NULL,
                region_width {real} NOT NULL,
                region_height {real} NOT NULL,
                duration_ms {real} NOT NULL,
                PRIMARY KEY (analysis_id, number)))sql",

              R"sql(CREATE TABLE derived_instance (
                id {id},
                analysis_id BIGINT NOT NULL REFERENCES analysis (id),
                kind TEXT NOT NULL,
                model TEXT NOT NULL,
                sop_instance_uid TEXT NOT NULL UNIQUE,
                sop_class_uid TEXT NOT NULL,
                series_instance_uid TEXT NOT NULL,
                study_instance_uid TEXT NOT NULL,
                transfer_syntax_uid TEXT NOT NULL,
                blob_id TEXT NOT NULL UNIQUE,
                sha256 TEXT NOT NULL,
                size_bytes BIGINT NOT NULL))sql",

              R"sql(CREATE TABLE analysis_output (
                analysis_id BIGINT NOT NULL REFERENCES analysis (id),
                number BIGINT NOT NULL,
                derived_instance_id BIGINT NOT NULL REFERENCES derived_instance (id),
                PRIMARY KEY (analysis_id, number)))sql",

              R"sql(CREATE TABLE delivery (
                id {id},
                derived_instance_id BIGINT NOT NULL REFERENCES derived_instance (id),
                destination TEXT NOT NULL,
                state TEXT NOT NULL,
                attempt BIGINT NOT NULL,
                failures BIGINT NOT NULL,
                last_status BIGINT NOT NULL,
                last_error TEXT NOT NULL,
                available_ms BIGINT,
                created_ms BIGINT NOT NULL,
                delivered_ms BIGINT,
                UNIQUE (derived_instance_id, destination)))sql",
              R"sql(CREATE INDEX delivery_available ON delivery (destination, available_ms, id)
                WHERE available_ms IS NOT NULL)sql",
              "CREATE INDEX delivery_by_state ON delivery (destination, state)",

              R"sql(CREATE TABLE event (
                number BIGINT PRIMARY KEY,
                kind TEXT NOT NULL,
                analysis_id BIGINT NOT NULL,
                job_id BIGINT NOT NULL,
                instance_id BIGINT NOT NULL,
                created_ms BIGINT NOT NULL))sql",
              R"sql(CREATE TABLE event_counter (
                id BIGINT PRIMARY KEY,
                last_number BIGINT NOT NULL))sql",
              "INSERT INTO event_counter (id, last_number) VALUES (1, 0)",
          }};
}

// What was analysed before has neither.
Migration FlagsAndOutliers() {
  return {3,
          {
              "ALTER TABLE analysis ADD COLUMN flags TEXT NOT NULL DEFAULT ''",
              "ALTER TABLE model_result ADD COLUMN outlier_distance {real} NOT NULL DEFAULT 0",
              "ALTER TABLE model_result ADD COLUMN outlier_threshold {real} NOT NULL DEFAULT 0",
          }};
}

// The row that StorageProbe writes.
Migration ProbeOfStorage() {
  return {4,
          {
              R"sql(CREATE TABLE storage_probe (
                id BIGINT PRIMARY KEY,
                probes BIGINT NOT NULL,
                probed_ms BIGINT NOT NULL))sql",
              "INSERT INTO storage_probe (id, probes, probed_ms) VALUES (1, 0, 0)",
          }};
}

Migration QuarantinedInstances() {
  return {5,
          {
              R"sql(CREATE TABLE quarantined_instance (
                id {id},
                sop_instance_uid TEXT NOT NULL,
                series_instance_uid TEXT NOT NULL,
                study_instance_uid TEXT NOT NULL,
                sop_class_uid TEXT NOT NULL,
                transfer_syntax_uid TEXT NOT NULL,
                blob_id TEXT NOT NULL UNIQUE,
                sha256 TEXT NOT NULL,
                size_bytes BIGINT NOT NULL,
                modality TEXT NOT NULL,
                calling_ae TEXT NOT NULL,
                called_ae TEXT NOT NULL,
                received_ms BIGINT NOT NULL,
                stored_sha256 TEXT NOT NULL,
                UNIQUE (sop_instance_uid, sha256)))sql",
          }};
}

Migration AgreementPercentilesOfAnalyses() {
  return {6,
          {
              // NULL: what chance gives was not known.
              "ALTER TABLE analysis ADD COLUMN agreement_overlap_percentile {real}",
              "ALTER TABLE analysis ADD COLUMN agreement_distance_percentile {real}",
              "ALTER TABLE analysis ADD COLUMN agreement_correlation_percentile {real}",
          }};
}

// available_ms as core/storage/due.h has it: whose turn it is carries no date.
Migration DueWithoutDate() {
  return {7,
          {
              "UPDATE job SET available_ms = 0 WHERE available_ms IS NOT NULL AND state = 'queued'",
              "UPDATE delivery SET available_ms = 0 "
              "WHERE available_ms IS NOT NULL AND state = 'queued'",
          }};
}

// A worker that lives and makes no step is seen by it.
Migration StepsOfWorkers() {
  return {8, {"ALTER TABLE worker ADD COLUMN longest_step_ms BIGINT NOT NULL DEFAULT 0"}};
}

// Counts that the commits keep, so that a list of studies or a status reads no history.
Migration KeptCounts() {
  return {9,
          {
              "ALTER TABLE study ADD COLUMN instances BIGINT NOT NULL DEFAULT 0",
              "ALTER TABLE study ADD COLUMN analyzed BIGINT NOT NULL DEFAULT 0",
              "ALTER TABLE study ADD COLUMN not_eligible BIGINT NOT NULL DEFAULT 0",
              "ALTER TABLE study ADD COLUMN pending BIGINT NOT NULL DEFAULT 0",
              "ALTER TABLE study ADD COLUMN buried BIGINT NOT NULL DEFAULT 0",
              // Each table is read once, whatever the planner knows of it.
              R"sql(UPDATE study SET instances = counted.instances FROM (
                SELECT study_instance_uid, COUNT(*) AS instances
                FROM instance GROUP BY study_instance_uid) AS counted
                WHERE counted.study_instance_uid = study.study_instance_uid)sql",
              R"sql(UPDATE study SET analyzed = counted.analyzed,
                not_eligible = counted.not_eligible FROM (
                SELECT study_instance_uid,
                  SUM(CASE WHEN outcome = 'analyzed' THEN 1 ELSE 0 END) AS analyzed,
                  SUM(CASE WHEN outcome = 'not_eligible' THEN 1 ELSE 0 END) AS not_eligible
                FROM analysis CROSS JOIN instance WHERE instance.id = analysis.instance_id
                GROUP BY study_instance_uid) AS counted
                WHERE counted.study_instance_uid = study.study_instance_uid)sql",
              R"sql(UPDATE study SET pending = counted.pending, buried = counted.buried FROM (
                SELECT study_instance_uid,
                  SUM(CASE WHEN state IN ('queued', 'leased') THEN 1 ELSE 0 END) AS pending,
                  SUM(CASE WHEN state = 'buried' THEN 1 ELSE 0 END) AS buried
                FROM job CROSS JOIN instance WHERE instance.id = job.subject
                GROUP BY study_instance_uid) AS counted
                WHERE counted.study_instance_uid = study.study_instance_uid)sql",

              R"sql(CREATE TABLE destination_count (
                destination TEXT PRIMARY KEY,
                delivered BIGINT NOT NULL))sql",
              R"sql(INSERT INTO destination_count (destination, delivered)
                SELECT destination, COUNT(*) FROM delivery WHERE state = 'delivered'
                GROUP BY destination)sql",
              "CREATE INDEX delivery_buried ON delivery (destination, id) WHERE state = 'buried'",
              // Nobody counts in it any more.
              "DROP INDEX delivery_by_state",
          }};
}

// The rows that say whose database this is; empty until the node has seen its blobs.
Migration IdentityOfStoreAndNode() {
  return {10,
          {
              R"sql(CREATE TABLE store_identity (
                id BIGINT PRIMARY KEY,
                store_id TEXT NOT NULL,
                epoch TEXT NOT NULL))sql",
              "INSERT INTO store_identity (id, store_id, epoch) VALUES (1, '', '')",
              R"sql(CREATE TABLE node (
                id BIGINT PRIMARY KEY,
                node_id TEXT NOT NULL,
                host TEXT NOT NULL,
                pid BIGINT NOT NULL,
                started_ms BIGINT NOT NULL))sql",
          }};
}

// 0 if there is no schema at all.
absl::StatusOr<int> ReadVersion(SqlTransaction& transaction) {
  CAMNODE_ASSIGN_OR_RETURN(const bool exists, TableExists(transaction, "schema_version"));
  if (!exists) return 0;
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<SqlRow> rows,
                           transaction.Query("SELECT MAX(version) FROM schema_version", {}));
  return static_cast<int>(rows.at(0).Int(0));
}

absl::Status NewerThanThisProgram(int version) {
  return absl::FailedPreconditionError(absl::StrCat("the database has schema version ", version,
                                                    ", this program knows ", LatestSchemaVersion(),
                                                    ": a newer camnode has used it"));
}

absl::Status Apply(SqlTransaction& transaction, const Migration& migration) {
  if (transaction.dialect() == SqlDialect::kPostgres) {
    CAMNODE_RETURN_IF_ERROR(transaction.Query(kPostgresMigrationLock, {}).status());
  }
  // Another node may have done it since we looked.
  CAMNODE_ASSIGN_OR_RETURN(const int version, ReadVersion(transaction));
  if (version >= migration.version) return absl::OkStatus();
  if (version == 0) {
    CAMNODE_RETURN_IF_ERROR(
        transaction
            .Execute("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT PRIMARY KEY)", {})
            .status());
  }
  CAMNODE_RETURN_IF_ERROR(transaction.AllowLongStatements());
  for (const absl::string_view statement : migration.statements) {
    CAMNODE_RETURN_IF_ERROR(
        transaction.Execute(StatementFor(transaction.dialect(), statement), {}).status());
  }
  return transaction
      .Execute("INSERT INTO schema_version (version) VALUES (:version)",
               {{"version", migration.version}})
      .status();
}

absl::StatusOr<int> ReadVersion(SqlDatabase& database) {
  int version = 0;
  CAMNODE_RETURN_IF_ERROR(database.Read([&version](SqlTransaction& transaction) {
    absl::StatusOr<int> read = ReadVersion(transaction);
    if (read.ok()) version = *read;
    return read.status();
  }));
  return version;
}

}  // namespace

const std::vector<Migration>& Migrations() {
  static const auto* const migrations = new std::vector<Migration>{
      ReceptionAndQueue(),     ResultsAndOutbox(),     FlagsAndOutliers(),
      ProbeOfStorage(),        QuarantinedInstances(), AgreementPercentilesOfAnalyses(),
      DueWithoutDate(),        StepsOfWorkers(),       KeptCounts(),
      IdentityOfStoreAndNode()};
  return *migrations;
}

absl::StatusOr<bool> TableExists(SqlTransaction& transaction, absl::string_view table) {
  const absl::string_view exists =
      transaction.dialect() == SqlDialect::kSqlite
          ? "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = :table"
          : "SELECT 1 WHERE to_regclass(:table) IS NOT NULL";
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<SqlRow> rows,
                           transaction.Query(exists, {{"table", table}}));
  return !rows.empty();
}

int LatestSchemaVersion() { return Migrations().back().version; }

std::string StatementFor(SqlDialect dialect, absl::string_view statement) {
  if (dialect == SqlDialect::kSqlite) {
    // AUTOINCREMENT: a number is never used again, not even of a row removed.
    return absl::StrReplaceAll(
        statement,
        {{"{id}", "INTEGER PRIMARY KEY AUTOINCREMENT"}, {"{blob}", "BLOB"}, {"{real}", "REAL"}});
  }
  return absl::StrReplaceAll(statement,
                             {{"{id}", "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY"},
                              {"{blob}", "BYTEA"},
                              {"{real}", "DOUBLE PRECISION"}});
}

absl::Status Migrate(SqlDatabase& database) {
  CAMNODE_ASSIGN_OR_RETURN(const int version, ReadVersion(database));
  if (version > LatestSchemaVersion()) return NewerThanThisProgram(version);
  for (const Migration& migration : Migrations()) {
    if (migration.version <= version) continue;
    const absl::Status applied = database.Write(
        [&migration](SqlTransaction& transaction) { return Apply(transaction, migration); });
    CAMNODE_RETURN_IF_ERROR(
        Annotate(applied, absl::StrCat("migration to schema version ", migration.version)));
  }
  return absl::OkStatus();
}

absl::Status CheckSchemaVersion(SqlDatabase& database) {
  CAMNODE_ASSIGN_OR_RETURN(const int version, ReadVersion(database));
  if (version > LatestSchemaVersion()) return NewerThanThisProgram(version);
  if (version < LatestSchemaVersion()) {
    return absl::UnavailableError(absl::StrCat("the database has schema version ", version,
                                               ", this program needs ", LatestSchemaVersion(),
                                               ": waiting for the node to migrate"));
  }
  return absl::OkStatus();
}

}  // namespace camnode
