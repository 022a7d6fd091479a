// What is left to a worker: the same two steps as in its main, and then what a film that had taken
// over the decoder would try.

#include "services/worker/confinement.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/log.h"
#include "core/storage/blobs/blob_layout.h"
#include "core/storage/blobs/blob_store.h"
#include "core/storage/sql/database_access.h"
#include "core/storage/sql/doorbell.h"
#include "core/storage/sql/open_database.h"
#include "core/storage/sql/sql_database.h"
#include "tests/services/privileges/in_child.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temporary_directory.h"

namespace camnode {
namespace {

class ConfinementTest : public ::testing::Test {
 protected:
  ConfinementTest() {
    config_.data_directory = folder_.path() + "/data";
    config_.database_uri = absl::StrCat("sqlite:", config_.data_directory, "/camnode.db");
    config_.worker.max_memory_bytes = 0;  // A sanitizer's memory would count.
    SetLogSinkForTesting([](absl::string_view) {});
  }
  ~ConfinementTest() override { SetLogSinkForTesting(nullptr); }

  // As the node: a database, and a film among the blobs.
  void SetUp() override {
    std::filesystem::create_directories(config_.data_directory);
    auto opened = OpenDatabase(config_.database_uri, config_.data_directory);
    ASSERT_THAT(opened, IsOk());
    ASSERT_THAT(Migrate(*opened->database), IsOk());
    auto blobs = BlobStore::Open(BlobDirectory(config_.data_directory));
    ASSERT_THAT(blobs, IsOk());
    const auto film = (*blobs)->Put("a film");
    ASSERT_THAT(film, IsOk());
    film_ = (*blobs)->PathOf(film->id).value();
    std::ofstream(BlobDirectory(config_.data_directory) + "/part/coming.part") << "half a film";
  }

  // `steps` in a process that has done what a worker does before its first film.
  ChildEnd Confined(const std::function<std::string(OpenedDatabase&, BlobStore&)>& steps) {
    return InChild([&]() -> std::string {
      const auto access = PrepareDatabaseAccess(config_.database_uri, config_.data_directory);
      if (!access.ok()) return access.status().ToString();
      const auto blobs =
          BlobStore::Open(BlobDirectory(config_.data_directory), BlobParts::kOfWorker);
      if (!blobs.ok()) return blobs.status().ToString();
      const absl::Status files = ConfineFiles(config_, *access);
      if (!files.ok()) return files.ToString();
      auto opened = OpenDatabase(config_.database_uri, config_.data_directory);
      if (!opened.ok()) return opened.status().ToString();
      const absl::Status calls = ConfineCalls(config_, *access);
      return calls.ok() ? steps(*opened, **blobs) : calls.ToString();
    });
  }
  std::string Try(const std::function<long()>& call) {
    return Confined([&](OpenedDatabase&, BlobStore&) { return Outcome(call()); }).said;
  }

  const TemporaryDirectory folder_;
  Config config_;
  std::string film_;
};

TEST_F(ConfinementTest, AWorkerCanDoWhatAnAnalysisNeeds) {
  const ChildEnd end = Confined([&](OpenedDatabase& opened, BlobStore& blobs) {
    // More than SQLite keeps in memory for a savepoint.
    const absl::Status written = opened.database->Write([](SqlTransaction& transaction) {
      for (int i = 0; i < 300; ++i) {
        const auto inserted = transaction.Execute(
            "INSERT INTO study (study_instance_uid, first_received_ms, last_received_ms) "
            "VALUES (:uid, 1, 1)",
            {{"uid", absl::StrCat(i, std::string(4000, 'x'))}});
        if (!inserted.ok()) return inserted.status();
      }
      return transaction.Execute("UPDATE study SET last_received_ms = 2", {}).status();
    });
    if (!written.ok()) return written.ToString();
    const auto read = blobs.ReadAll(std::filesystem::path(film_).filename().string(), 100);
    const auto made = blobs.Put("an overlay");
    opened.doorbell->Ring(kEventsTopic);
    return absl::StrCat(read.value_or(read.status().ToString()), "; ",
                        made.ok() ? "stored" : made.status().ToString());
  });
  EXPECT_EQ(end.said, "a film; stored");
  EXPECT_EQ(end.signal, 0);
}

TEST_F(ConfinementTest, AFilmOfAnotherIsNeitherChangedNorRemoved) {
  const std::string blobs = BlobDirectory(config_.data_directory);
  for (const std::string& victim : {film_, blobs + "/part/coming.part"}) {
    EXPECT_EQ(Try([&] { return long{open(victim.c_str(), O_WRONLY)}; }), "EACCES") << victim;
    EXPECT_NE(Try([&] { return long{open(victim.c_str(), O_RDWR | O_TRUNC)}; }), "done") << victim;
    EXPECT_EQ(Try([&] { return long{truncate(victim.c_str(), 0)}; }), "EPERM") << victim;
    EXPECT_EQ(Try([&] { return long{unlink(victim.c_str())}; }), "EACCES") << victim;
    EXPECT_EQ(Try([&] { return long{chmod(victim.c_str(), 0)}; }), "EPERM") << victim;
    const std::string mine = PartFolder(blobs, BlobParts::kOfWorker) + "/mine";
    EXPECT_NE(Try([&] { return long{rename(victim.c_str(), mine.c_str())}; }), "done") << victim;
    EXPECT_NE(Try([&] { return long{link(victim.c_str(), mine.c_str())}; }), "done") << victim;
  }
  EXPECT_EQ(
      Try([&] { return long{open((folder_.path() + "/x").c_str(), O_CREAT | O_WRONLY, 0600)}; }),
      "EACCES");
  EXPECT_EQ(Try([&] { return long{open("/tmp/camnode-x", O_CREAT | O_WRONLY, 0600)}; }), "EACCES");
}

TEST_F(ConfinementTest, ThereIsNoNetworkAndNoOtherProgram) {
  EXPECT_EQ(Try([] { return long{socket(AF_INET, SOCK_STREAM, 0)}; }), "EPERM");
  EXPECT_EQ(Try([] { return long{socket(AF_UNIX, SOCK_STREAM, 0)}; }), "EPERM");
  EXPECT_EQ(Try([] { return long{kill(getppid(), SIGKILL)}; }), "EPERM");
  const ChildEnd ran = Confined([](OpenedDatabase&, BlobStore&) {
    return Outcome(execl("/bin/sh", "sh", "-c", "true", nullptr));
  });
  EXPECT_EQ(ran.signal, SIGSYS);
}

TEST_F(ConfinementTest, ADebuggersWorkerIsNotConfinedButWritesNoCoreFile) {
  config_.worker.confined = false;
  EXPECT_EQ(Try([] { return long{socket(AF_INET, SOCK_STREAM, 0)}; }), "done");
  EXPECT_EQ(Try([&] { return long{open(film_.c_str(), O_RDWR)}; }), "done");
  rlimit limit{};
  EXPECT_EQ(
      Try([&] { return getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max == 0 ? 0L : -1L; }),
      "done");
}

}  // namespace
}  // namespace camnode
