// What the sweep costs for each file.
//
//   sweep_benchmark DATABASE_URI DIRECTORY FILES
//
// Makes a store of FILES empty files, each named by the row of an instance, in a database
// that must be new and a directory that must be empty, by the real migrations; then sweeps
// it three times and prints the microseconds a file.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/base/status_macros.h"
#include "core/base/stopwatch.h"
#include "core/storage/blob_names.h"
#include "core/storage/blobs/blob_layout.h"
#include "core/storage/blobs/blob_store.h"
#include "core/storage/blobs/blob_sweep.h"
#include "core/storage/sql/open_database.h"
#include "core/storage/sql/sql_database.h"

namespace camnode {
namespace {

constexpr int kRowsPerWrite = 10'000;

absl::Status InsertFilm(SqlTransaction& transaction, const std::string& blob_id, int64_t number) {
  return transaction
      .Execute(
          "INSERT INTO instance (sop_instance_uid, series_instance_uid, study_instance_uid, "
          "sop_class_uid, transfer_syntax_uid, media_type, blob_id, sha256, size_bytes, modality, "
          "calling_ae, called_ae, received_ms, own_output) VALUES (:uid, '1.2', '1.2', '1.2', "
          "'1.2', 'dicom', :blob, :digest, 0, 'CR', 'A', 'B', 0, 0)",
          {{"uid", absl::StrCat("1.2.3.", number)},
           {"blob", blob_id},
           {"digest", absl::StrCat(blob_id, blob_id)}})
      .status();
}

absl::Status Fill(SqlDatabase& database, const BlobStore& blobs, int64_t files) {
  CAMNODE_RETURN_IF_ERROR(database.Write([](SqlTransaction& transaction) {
    return transaction.Execute("INSERT INTO study VALUES ('1.2', 0, 0)", {}).status();
  }));
  for (int64_t done = 0; done < files; done += kRowsPerWrite) {
    std::vector<std::string> ids;
    for (int i = 0; i < kRowsPerWrite; ++i) {
      CAMNODE_ASSIGN_OR_RETURN(std::string id, NewBlobId());
      std::ofstream(BlobPath(blobs.directory(), id)) << "";
      ids.push_back(std::move(id));
    }
    const auto insert = [&](SqlTransaction& transaction) -> absl::Status {
      int64_t number = done;
      for (const std::string& id : ids) {
        CAMNODE_RETURN_IF_ERROR(InsertFilm(transaction, id, number++));
      }
      return absl::OkStatus();
    };
    CAMNODE_RETURN_IF_ERROR(database.Write(insert));
  }
  return absl::OkStatus();
}

absl::Status Run(const std::string& uri, const std::string& directory, int64_t files) {
  CAMNODE_ASSIGN_OR_RETURN(const OpenedDatabase opened, OpenDatabase(uri, directory));
  CAMNODE_RETURN_IF_ERROR(Migrate(*opened.database));
  CAMNODE_ASSIGN_OR_RETURN(const std::unique_ptr<BlobStore> blobs,
                           BlobStore::Open(directory + "/blobs"));
  CAMNODE_RETURN_IF_ERROR(Fill(*opened.database, *blobs, files));
  BlobNames names(*opened.database);
  SweepOptions options;
  options.min_age = -absl::Hours(1);
  for (int round = 0; round < 3; ++round) {
    const Stopwatch stopwatch;
    CAMNODE_ASSIGN_OR_RETURN(
        const SweepReport report,
        SweepBlobs(
            *blobs, [&](const std::vector<std::string>& ids) { return names.Among(ids); }, options,
            SystemClock()));
    std::printf(
        "%lld files, %lld unnamed: %.1f us a file\n", static_cast<long long>(report.blobs),
        static_cast<long long>(report.unnamed),
        absl::ToDoubleMicroseconds(stopwatch.Elapsed()) / static_cast<double>(report.blobs));
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace camnode

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const absl::Status status = camnode::Run(argv[1], argv[2], std::atoll(argv[3]));
  if (status.ok()) return 0;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return 1;
}
