// What intake_benchmark.py holds the node against: the least that any durable
// receiver must do on this disk, and a receiver that promises nothing.
//
//   intake_floor disk DIRECTORY FILE...
//     For each file, from memory: write, fsync, rename, fsync of the directory and
//     an SQLite commit of one row (WAL, synchronous=FULL), one after the other.
//     Prints the seconds it took.
//   intake_floor receive AE_TITLE
//     Our own receiver with a sink that drops every byte.  Prints its port; ends
//     when standard input does.

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/base/metrics.h"
#include "core/base/stopwatch.h"
#include "core/domain/ae_title.h"
#include "core/intake/store_handler.h"
#include "scp/receive/acceptor_metrics.h"
#include "scp/receive/acceptor_options.h"
#include "scp/receive/application_entity.h"
#include "scp/receive/association_acceptor.h"

namespace camnode {
namespace {

void Check(bool ok, const std::string& what) {
  if (ok) return;
  std::perror(what.c_str());
  std::exit(1);
}

std::string ReadFile(const char* path) {
  std::ifstream file(path, std::ios::binary);
  Check(file.is_open(), path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// One table, one row a file.
class Rows {
 public:
  explicit Rows(const std::string& file) {
    Check(sqlite3_open(file.c_str(), &database_) == SQLITE_OK, file);
    Run("PRAGMA journal_mode = WAL");
    Run("PRAGMA synchronous = FULL");
    Run("CREATE TABLE film (name TEXT PRIMARY KEY, digest TEXT, size BIGINT)");
    Check(sqlite3_prepare_v2(database_, "INSERT INTO film VALUES (?, ?, ?)", -1, &insert_,
                             nullptr) == SQLITE_OK,
          "prepare");
  }
  ~Rows() {
    sqlite3_finalize(insert_);
    sqlite3_close(database_);
  }

  void Add(const std::string& name, size_t size) {
    const std::string digest(64, '0');
    Run("BEGIN IMMEDIATE");
    sqlite3_bind_text(insert_, 1, name.data(), static_cast<int>(name.size()), SQLITE_STATIC);
    sqlite3_bind_text(insert_, 2, digest.data(), static_cast<int>(digest.size()), SQLITE_STATIC);
    sqlite3_bind_int64(insert_, 3, static_cast<int64_t>(size));
    Check(sqlite3_step(insert_) == SQLITE_DONE, "insert");
    sqlite3_reset(insert_);
    Run("COMMIT");
  }

 private:
  void Run(const char* sql) {
    Check(sqlite3_exec(database_, sql, nullptr, nullptr, nullptr) == SQLITE_OK, sql);
  }

  sqlite3* database_ = nullptr;
  sqlite3_stmt* insert_ = nullptr;
};

int Disk(const std::string& directory, const std::vector<std::string>& contents) {
  std::filesystem::create_directories(directory);
  const int listing = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY);
  Check(listing >= 0, directory);
  Rows rows(directory + "/floor.db");
  const Stopwatch stopwatch;
  for (size_t i = 0; i < contents.size(); ++i) {
    const std::string name = absl::StrCat(directory, "/", i);
    const std::string part = name + ".part";
    const int file = ::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0600);
    Check(file >= 0, part);
    const auto size = static_cast<ssize_t>(contents[i].size());
    Check(::write(file, contents[i].data(), contents[i].size()) == size, "write");
    Check(::fsync(file) == 0, "fsync");
    ::close(file);
    Check(::rename(part.c_str(), name.c_str()) == 0, "rename");
    Check(::fsync(listing) == 0, "fsync of the directory");
    rows.Add(name, contents[i].size());
  }
  const absl::Duration took = stopwatch.Elapsed();
  ::close(listing);
  std::printf("%.6f\n", absl::ToDoubleSeconds(took));
  return 0;
}

class DroppingSink final : public InstanceSink {
 public:
  absl::Status Append(absl::string_view) override { return absl::OkStatus(); }
  absl::Status Finish() override { return absl::OkStatus(); }
};

class DroppingHandler final : public StoreHandler {
 public:
  absl::StatusOr<std::unique_ptr<InstanceSink>> Admit(const StoreRequest&) override {
    return std::make_unique<DroppingSink>();
  }
};

int Receive(const std::string& ae_title) {
  const absl::StatusOr<AeTitle> ours = AeTitle::Parse(ae_title);
  Check(ours.ok(), "AE title");
  const PeerPolicy policy({*ours}, {}, /*accept_unknown_peers=*/true);
  DroppingHandler handler;
  AcceptorOptions options;
  options.settings.port = 0;
  MetricRegistry registry;
  AcceptorMetrics metrics(registry);
  AssociationAcceptor acceptor(options, policy, handler, metrics);
  const absl::Status started = acceptor.Start();
  if (!started.ok()) {
    std::cerr << started << "\n";
    return 1;
  }
  std::printf("%d\n", acceptor.port());
  std::fflush(stdout);
  while (std::cin.get() != EOF) {
  }
  return 0;
}

int Run(int count, char** arguments) {
  const std::string mode = count > 2 ? arguments[1] : "";
  if (mode == "receive") return Receive(arguments[2]);
  if (mode != "disk") {
    std::cerr << "usage: intake_floor disk DIRECTORY FILE... | receive AE_TITLE\n";
    return 2;
  }
  std::vector<std::string> contents;
  for (int i = 3; i < count; ++i) contents.push_back(ReadFile(arguments[i]));
  return Disk(arguments[2], contents);
}

}  // namespace
}  // namespace camnode

int main(int count, char** arguments) { return camnode::Run(count, arguments); }
