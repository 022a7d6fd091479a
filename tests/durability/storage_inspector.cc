// Opens what a power cut left, with the code that the programs use, and says what
// is there.
//
//   storage_inspector [FILM.dcm ...] < list of data directories
//
// Per directory one line of JSON.  The order is that of a node that starts: open
// the database, see that it and the blobs are one store, give back leases, sweep.  After that
// every FILM is sent once more, by the code behind C-STORE, and all that can be
// leased is leased.  Changes the directory.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"
#include "core/dicom/film/instance_header.h"
#include "core/intake/ingest.h"
#include "core/intake/store_handler.h"
#include "core/storage/blob_names.h"
#include "core/storage/blobs/blob_store.h"
#include "core/storage/blobs/blob_sweep.h"
#include "core/storage/instance_store.h"
#include "core/storage/job_queue.h"
#include "core/storage/outbox.h"
#include "core/storage/result_store.h"
#include "core/storage/sql/open_database.h"
#include "core/storage/sql/sql_database.h"
#include "core/storage/store_identity.h"

namespace camnode {
namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t kMaxBlobBytes = int64_t{1} << 30;

// A Part 10 file as its data set's bytes and what the command would say of it.
struct Film {
  StoreRequest request;
  std::string data_set;
};

absl::StatusOr<Film> ReadFilm(const std::string& path) {
  CAMNODE_ASSIGN_OR_RETURN(const InstanceHeader header, ReadInstanceHeader(path));
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (bytes.size() < 144) return absl::InvalidArgumentError("no Part 10 file");
  const auto byte = [&](size_t at) { return static_cast<size_t>(static_cast<uint8_t>(bytes[at])); };
  const size_t group_length = byte(140) | byte(141) << 8 | byte(142) << 16 | byte(143) << 24;
  Film film;
  film.request.calling_ae = "SENDER";
  film.request.called_ae = "CAMNODE";
  film.request.sop_class_uid = header.sop_class_uid;
  film.request.sop_instance_uid = header.sop_instance_uid;
  film.request.transfer_syntax_uid = header.transfer_syntax_uid;
  film.data_set = bytes.substr(144 + group_length);
  return film;
}

absl::StatusOr<std::vector<SqlRow>> Select(SqlDatabase& database, const std::string& sql) {
  std::vector<SqlRow> rows;
  CAMNODE_RETURN_IF_ERROR(database.Read([&](SqlTransaction& transaction) -> absl::Status {
    CAMNODE_ASSIGN_OR_RETURN(rows, transaction.Query(sql, {}));
    return absl::OkStatus();
  }));
  return rows;
}

// Rows as lists of texts.
absl::StatusOr<Json> Table(SqlDatabase& database, const std::string& sql, size_t columns) {
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<SqlRow> rows, Select(database, sql));
  Json table = Json::array();
  for (const SqlRow& row : rows) {
    Json values = Json::array();
    for (size_t i = 0; i < columns; ++i) values.push_back(row.Text(i));
    table.push_back(values);
  }
  return table;
}

// {blob id: [digest of the file, digest of its data set]} of all that is named.
absl::StatusOr<Json> Digests(SqlDatabase& database, BlobStore& blobs) {
  CAMNODE_ASSIGN_OR_RETURN(
      const std::vector<SqlRow> rows,
      Select(database,
             "SELECT blob_id FROM instance UNION SELECT blob_id FROM derived_instance UNION "
             "SELECT display_blob_id FROM analysis WHERE display_blob_id <> ''"));
  Json digests = Json::object();
  for (const SqlRow& row : rows) {
    const absl::StatusOr<std::string> bytes = blobs.ReadAll(row.Text(0), kMaxBlobBytes);
    Json& entry = digests[row.Text(0)] = Json::array();
    if (!bytes.ok()) continue;  // An empty list: it cannot be read.
    entry.push_back(Sha256Hex(*bytes));
    if (bytes->size() < 144) continue;
    const auto byte = [&](size_t at) {
      return static_cast<size_t>(static_cast<uint8_t>((*bytes)[at]));
    };
    const size_t start = 144 + (byte(140) | byte(141) << 8 | byte(142) << 16 | byte(143) << 24);
    if (start < bytes->size()) entry.push_back(Sha256Hex(bytes->substr(start)));
  }
  return digests;
}

// Half a minute from now: a film that was running lets others go first for no longer.
class LaterClock final : public Clock {
 public:
  absl::Time Now() const override { return SystemClock().Now() + absl::Seconds(30); }
  absl::Duration MonotonicNow() const override { return SystemClock().MonotonicNow(); }
};

// Blobs in their places and part files that no row names, after the sweep.
absl::StatusOr<int> SweepAndCountOrphans(const std::string& directory, BlobStore& blobs,
                                         BlobNames& names) {
  // Nobody writes here: every file has been left behind.
  SweepOptions options;
  options.min_age = -absl::Hours(1);
  options.max_files = 1'000'000;
  const auto named = [&](const std::vector<std::string>& ids) { return names.Among(ids); };
  CAMNODE_RETURN_IF_ERROR(SweepBlobs(blobs, named, options, SystemClock()).status());
  CAMNODE_RETURN_IF_ERROR(blobs.RemoveDeadParts(SystemClock().Now() + absl::Hours(1)).status());
  int orphans = 0;
  for (const auto& folder : std::filesystem::directory_iterator(directory)) {
    if (!folder.is_directory() || folder.path().filename() == "trash") continue;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path())) {
      if (!entry.is_regular_file()) continue;
      CAMNODE_ASSIGN_OR_RETURN(const std::set<std::string> those,
                               names.Among({entry.path().filename().string()}));
      if (those.empty()) ++orphans;
    }
  }
  return orphans;
}

absl::Status SendAgain(const Film& film, Ingest& ingest) {
  CAMNODE_ASSIGN_OR_RETURN(std::unique_ptr<InstanceSink> sink, ingest.Admit(film.request));
  CAMNODE_RETURN_IF_ERROR(sink->Append(film.data_set));
  return sink->Finish();
}

absl::StatusOr<Json> Inspect(const std::string& directory, const std::vector<Film>& films) {
  CAMNODE_ASSIGN_OR_RETURN(
      const OpenedDatabase opened,
      OpenDatabase(absl::StrCat("sqlite:", directory, "/camnode.db"), directory));
  SqlDatabase& database = *opened.database;
  const std::string blob_directory = directory + "/blobs";
  CAMNODE_ASSIGN_OR_RETURN(const StoreIdentity identity,
                           JoinStore(database, "camnode.db", blob_directory));
  CAMNODE_ASSIGN_OR_RETURN(const std::unique_ptr<BlobStore> blobs,
                           BlobStore::OpenOf(identity.store_id, blob_directory));
  BlobNames names(database);
  InstanceStore instances(database, SystemClock(), blobs.get());
  ResultStore results(database, SystemClock(), blobs.get());
  JobQueue jobs(database, SystemClock(), {});
  Outbox outbox(database, SystemClock(), {});

  Json found;
  CAMNODE_ASSIGN_OR_RETURN(found["integrity"], Table(database, "PRAGMA integrity_check", 1));
  CAMNODE_ASSIGN_OR_RETURN(found["foreign_keys"], Table(database, "PRAGMA foreign_key_check", 1));
  CAMNODE_ASSIGN_OR_RETURN(
      found["instances"],
      Table(database,
            "SELECT sop_instance_uid, sha256, blob_id, CAST(id AS TEXT) FROM instance ORDER BY id",
            4));
  CAMNODE_ASSIGN_OR_RETURN(
      found["jobs"],
      Table(database, "SELECT CAST(subject AS TEXT), state FROM job ORDER BY id", 2));
  CAMNODE_ASSIGN_OR_RETURN(found["analyses"], Table(database,
                                                    "SELECT CAST(instance_id AS TEXT), CAST(id AS "
                                                    "TEXT), display_blob_id FROM analysis ORDER BY "
                                                    "id",
                                                    3));
  CAMNODE_ASSIGN_OR_RETURN(
      found["derived"],
      Table(database,
            "SELECT d.sop_instance_uid, d.sha256, d.blob_id, CAST(o.analysis_id AS TEXT) FROM "
            "derived_instance d "
            "JOIN analysis_output o ON o.derived_instance_id = d.id ORDER BY d.id",
            4));
  CAMNODE_ASSIGN_OR_RETURN(
      found["events"],
      Table(database, "SELECT CAST(analysis_id AS TEXT) FROM event ORDER BY number", 1));
  CAMNODE_ASSIGN_OR_RETURN(found["digests"], Digests(database, *blobs));

  CAMNODE_RETURN_IF_ERROR(outbox.ReturnAllLeases());
  CAMNODE_ASSIGN_OR_RETURN(
      const std::vector<SqlRow> holders,
      Select(database, "SELECT DISTINCT leased_by FROM job WHERE state = 'leased'"));
  for (const SqlRow& holder : holders) {
    CAMNODE_RETURN_IF_ERROR(jobs.ReturnLeases(holder.Text(0), WorkerEnd::kStopped).status());
  }
  CAMNODE_ASSIGN_OR_RETURN(found["orphans"], SweepAndCountOrphans(blob_directory, *blobs, names));

  IngestWorkflow workflow;
  workflow.called_ae_titles = {"CAMNODE"};
  CAMNODE_ASSIGN_OR_RETURN(const std::vector<SqlRow> sets,
                           Select(database, "SELECT DISTINCT workflow, model_set FROM job"));
  if (!sets.empty()) {
    workflow.name = sets[0].Text(0);
    workflow.model_set = sets[0].Text(1);
  }
  IngestOptions options;
  options.workflows = {workflow};
  options.settings.min_free_bytes = 0;
  Ingest ingest(options, *blobs, instances, results, jobs, SystemClock());
  found["refused_repeats"] = Json::array();
  for (const Film& film : films) {
    const absl::Status sent = SendAgain(film, ingest);
    if (!sent.ok()) found["refused_repeats"].push_back(sent.ToString());
  }
  CAMNODE_ASSIGN_OR_RETURN(
      found["instances_after"],
      Table(database, "SELECT sop_instance_uid, sha256 FROM instance ORDER BY id", 2));
  CAMNODE_ASSIGN_OR_RETURN(found["orphans_after"],
                           SweepAndCountOrphans(blob_directory, *blobs, names));
  const LaterClock later;
  JobQueue jobs_later(database, later, {});
  int leased = 0;
  while (true) {
    CAMNODE_ASSIGN_OR_RETURN(const std::vector<JobLease> leases,
                             jobs_later.Lease("inspector", 100));
    if (leases.empty()) break;
    leased += static_cast<int>(leases.size());
  }
  found["leased"] = leased;
  CAMNODE_ASSIGN_OR_RETURN(
      found["jobs_after"],
      Table(database, "SELECT CAST(subject AS TEXT), state FROM job ORDER BY id", 2));
  return found;
}

int Main(int argc, char** argv) {
  std::vector<Film> films;
  for (int i = 1; i < argc; ++i) {
    absl::StatusOr<Film> film = ReadFilm(argv[i]);
    if (!film.ok()) {
      std::cerr << argv[i] << ": " << film.status() << "\n";
      return 2;
    }
    films.push_back(*std::move(film));
  }
  std::string directory;
  while (std::getline(std::cin, directory)) {
    absl::StatusOr<Json> found = Inspect(directory, films);
    if (!found.ok()) found = Json{{"error", found.status().ToString()}};
    std::cout << found->dump(-1, ' ', false, Json::error_handler_t::replace) << std::endl;
  }
  return 0;
}

}  // namespace
}  // namespace camnode

int main(int argc, char** argv) { return camnode::Main(argc, argv); }
