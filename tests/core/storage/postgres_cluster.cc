#include "tests/core/storage/postgres_cluster.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/stopwatch.h"

namespace camnode {
namespace {

constexpr const char* kProgramFolders[] = {
    "/usr/lib/postgresql/15/bin", "/usr/lib/postgresql/16/bin", "/usr/lib/postgresql/17/bin"};

// Runs a program as user postgres when we are root, whom PostgreSQL refuses.  It
// dies with us.  Returns its process id.
pid_t Spawn(const std::vector<std::string>& words, const std::string& log_file) {
  const passwd* postgres = ::getuid() == 0 ? ::getpwnam("postgres") : nullptr;
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const pid_t child = ::fork();
  if (child != 0) return child;
  if (postgres != nullptr && (::setgid(postgres->pw_gid) != 0 || ::setuid(postgres->pw_uid) != 0)) {
    ::_exit(126);
  }
  ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
  const int log = ::open(log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
  ::dup2(log, 1);
  ::dup2(log, 2);
  ::execv(arguments[0], arguments.data());
  ::_exit(127);
}

class Cluster : public ::testing::Environment {
 public:
  Cluster() { problem_ = Start(); }

  // By GoogleTest, once all tests have run.
  void TearDown() override {
    if (server_ > 0) {
      ::kill(server_, SIGQUIT);
      ::waitpid(server_, nullptr, 0);
    }
    if (!directory_.empty()) std::filesystem::remove_all(directory_);
  }

  const std::string& problem() const { return problem_; }

  // The server and the sessions that it has forked.
  std::vector<int> Processes() const {
    std::vector<int> processes = {server_};
    std::ifstream children(absl::StrCat("/proc/", server_, "/task/", server_, "/children"));
    for (int child = 0; children >> child;) processes.push_back(child);
    return processes;
  }

  std::string NewUri() {
    const std::string schema = absl::StrCat("test_", ++schemas_);
    PGconn* connection = PQconnectdb(BaseUri().c_str());
    PGresult* result = PQexec(connection, absl::StrCat("CREATE SCHEMA ", schema).c_str());
    EXPECT_EQ(PQresultStatus(result), PGRES_COMMAND_OK) << PQerrorMessage(connection);
    PQclear(result);
    PQfinish(connection);
    return absl::StrCat(BaseUri(), "&options=-csearch_path%3D", schema);
  }

 private:
  std::string BaseUri() const {
    return absl::StrCat("postgresql:///postgres?user=camnode_test&host=", directory_);
  }

  std::string Start() {
    std::string programs;
    for (const char* folder : kProgramFolders) {
      if (programs.empty() && std::filesystem::exists(absl::StrCat(folder, "/initdb"))) {
        programs = folder;
      }
    }
    if (programs.empty()) return "PostgreSQL's server is not installed (package postgresql)";
    directory_ = std::filesystem::exists("/dev/shm") ? "/dev/shm" : "/tmp";
    directory_ += "/camnode-postgres-XXXXXX";
    if (::mkdtemp(directory_.data()) == nullptr) {
      directory_.clear();
      return "cannot create a temporary directory";
    }
    if (::getuid() == 0) {
      const passwd* postgres = ::getpwnam("postgres");
      if (postgres == nullptr) return "there is no user postgres to run the server as";
      if (::chown(directory_.c_str(), postgres->pw_uid, postgres->pw_gid) != 0)
        return "chown failed";
    }
    const std::string data = absl::StrCat(directory_, "/data");
    const std::string log = absl::StrCat(directory_, "/log");
    int status = 0;
    const pid_t initdb = Spawn({absl::StrCat(programs, "/initdb"), "-D", data, "-U", "camnode_test",
                                "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C.UTF-8"},
                               log);
    if (::waitpid(initdb, &status, 0) != initdb || status != 0) return "initdb failed";
    // No sync: what these tests check does not depend on a power cut.
    server_ = Spawn({absl::StrCat(programs, "/postgres"), "-D", data, "-k", directory_, "-c",
                     "listen_addresses=", "-c", "fsync=off", "-c", "shared_buffers=16MB", "-c",
                     "dynamic_shared_memory_type=mmap", "-c", "deadlock_timeout=100ms",
                     // No statistics come in between: plans are those of a young database.
                     "-c", "autovacuum=off"},
                    log);
    const Deadline deadline(absl::Seconds(30));
    while (PQping(BaseUri().c_str()) != PQPING_OK) {
      if (deadline.Expired()) return "the PostgreSQL server did not answer within 30 s";
      absl::SleepFor(absl::Milliseconds(20));
    }
    return "";
  }

  std::string directory_;
  std::string problem_;
  pid_t server_ = 0;
  int schemas_ = 0;
};

Cluster& TheCluster() {
  // GoogleTest owns it and calls TearDown at the end.
  static auto* const cluster =
      static_cast<Cluster*>(::testing::AddGlobalTestEnvironment(new Cluster));
  return *cluster;
}

}  // namespace

std::string PostgresClusterProblem() { return TheCluster().problem(); }
std::string NewPostgresUri() { return TheCluster().NewUri(); }

StoppedPostgres::StoppedPostgres() : processes_(TheCluster().Processes()) {
  for (const int process : processes_) ::kill(process, SIGSTOP);
}

StoppedPostgres::~StoppedPostgres() {
  for (const int process : processes_) ::kill(process, SIGCONT);
}

}  // namespace camnode
