// The supervisor with real processes: small shell scripts take the worker's place.
// Also: child_process.

#include "services/node/worker_supervisor.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <future>
#include <sstream>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/base/mutex.h"
#include "core/base/stopwatch.h"
#include "services/node/child_process.h"
#include "services/settings/worker_exit.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/wall_clock.h"

namespace camnode {
namespace {

using ::testing::HasSubstr;

class WorkerSupervisorTest : public ::testing::Test {
 protected:
  WorkerSupervisorTest() {
    std::string path = testing::TempDir() + "/supervisor_XXXXXX";
    folder_ = mkdtemp(path.data());
  }
  ~WorkerSupervisorTest() override { std::filesystem::remove_all(folder_); }

  // A worker that runs `body`; $out names the test's folder.
  WorkerSupervisorOptions Script(const std::string& body) {
    const std::string path = folder_ + "/worker";
    std::ofstream(path) << "#!/bin/sh\nout='" << folder_ << "'\n" << body << "\n";
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    WorkerSupervisorOptions options;
    options.node_id = "n1";
    options.program = path;
    options.arguments = {"--config", "the file"};
    options.restart_delay = absl::Milliseconds(1);
    options.max_restart_delay = absl::Milliseconds(4);
    return options;
  }

  WorkerSupervisor::OnEnd RecordEnds() {
    return [this](const std::string& name, WorkerEnd end) {
      MutexLock lock(&mutex_);
      ends_.push_back(absl::StrCat(name, end == WorkerEnd::kCrashed   ? " crashed"
                                         : end == WorkerEnd::kStalled ? " stalled"
                                                                      : " stopped"));
      return absl::OkStatus();
    };
  }
  std::vector<std::string> Ends() {
    MutexLock lock(&mutex_);
    return ends_;
  }

  std::string Written(const std::string& name) {
    std::ifstream file(folder_ + "/" + name);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }

  // Until `condition` holds; fails after a time that nothing here takes.
  template <typename Condition>
  static void WaitUntil(Condition condition) {
    const Deadline end(absl::Seconds(20));
    while (!condition()) {
      ASSERT_FALSE(end.Expired()) << "waited in vain";
      absl::SleepFor(absl::Milliseconds(1));
    }
  }

  std::string folder_;
  Mutex mutex_;
  std::vector<std::string> ends_ ABSL_GUARDED_BY(mutex_);
};

// Runs until its life pipe ends.
constexpr char kUntilLifeEnds[] = "echo $$ > $out/started; cat <&3 > /dev/null; echo > $out/ended";

TEST(WorkerEndTest, TellsACrashFromAStop) {
  // Wait statuses as Linux makes them: signal number, or exit code times 256.
  for (const int stopped : {SIGKILL, SIGTERM, SIGINT, SIGHUP, 0}) {
    EXPECT_EQ(EndOf(stopped), WorkerEnd::kStopped) << stopped;
  }
  EXPECT_EQ(EndOf(kWorkerStalled << 8), WorkerEnd::kStopped) << "a disk is no film's fault";
  EXPECT_EQ(EndOf(kWorkerFilmStalled << 8), WorkerEnd::kStalled);
  for (const int crashed : {SIGSEGV, SIGABRT, SIGBUS, SIGILL, SIGFPE, 1 << 8, 134 << 8}) {
    EXPECT_EQ(EndOf(crashed), WorkerEnd::kCrashed) << crashed;
  }
}

TEST_F(WorkerSupervisorTest, AWorkerGetsItsArgumentsAndNothingElse) {
  // A descriptor without CLOEXEC, as DCMTK leaves them.
  const int leaked = fcntl(STDERR_FILENO, F_DUPFD, 20);
  ASSERT_GE(leaked, 20);
  WorkerSupervisor supervisor(Script("echo \"$@\" > $out/arguments; ls /proc/$$/fd > $out/part; "
                                     "mv $out/part $out/descriptors; cat <&3 > /dev/null"),
                              RecordEnds());
  supervisor.Start();
  WaitUntil([&] { return !Written("descriptors").empty(); });
  supervisor.Stop();
  close(leaked);

  EXPECT_EQ(Written("arguments"), "--config the file --name n1/worker-0 --life-pipe 3\n");
  // The shell itself keeps a few of its own at 10 and above (or 255).
  EXPECT_THAT(Written("descriptors"), ::testing::MatchesRegex("0\n1\n(1[01]\n)*2\n(255\n)?3\n"));
}

TEST_F(WorkerSupervisorTest, AWorkersEnvironmentIsOursAndWhatIsAdded) {
  ASSERT_EQ(setenv("CAMNODE_TEST_OURS", "kept", 1), 0);
  WorkerSupervisorOptions options = Script(
      "echo $CAMNODE_TEST_OURS $CAMNODE_TEST_ADDED > $out/part; "
      "mv $out/part $out/environment; cat <&3 > /dev/null");
  options.environment = {"CAMNODE_TEST_OURS=overruled", "CAMNODE_TEST_ADDED=new"};
  WorkerSupervisor supervisor(options, RecordEnds());
  supervisor.Start();
  WaitUntil([&] { return !Written("environment").empty(); });
  supervisor.Stop();

  EXPECT_EQ(Written("environment"), "kept new\n");
}

TEST_F(WorkerSupervisorTest, AKilledWorkerIsNoCrashAndIsStartedAgain) {
  WorkerSupervisor supervisor(Script(kUntilLifeEnds), RecordEnds());
  supervisor.Start();
  WaitUntil([&] { return supervisor.Pids().size() == 1; });
  const int first = supervisor.Pids().front();

  kill(first, SIGKILL);
  WaitUntil([&] {
    const std::vector<int> pids = supervisor.Pids();
    return pids.size() == 1 && pids.front() != first;
  });

  EXPECT_EQ(Ends().front(), "n1/worker-0 stopped");
  EXPECT_EQ(supervisor.restarts(), 1);
}

TEST_F(WorkerSupervisorTest, ACrashIsToldBeforeTheNextOneStarts) {
  WorkerSupervisor supervisor(Script("echo x >> $out/starts; kill -SEGV $$"), RecordEnds());
  supervisor.Start();
  WaitUntil([&] { return Ends().size() >= 3; });
  const std::size_t starts = Written("starts").size() / 2;
  const std::size_t ends = Ends().size();
  supervisor.Stop();

  EXPECT_EQ(Ends().front(), "n1/worker-0 crashed");
  EXPECT_GE(starts, 3);
  EXPECT_GE(ends + 1, starts) << "a worker was started before the one before it was settled";
}

TEST_F(WorkerSupervisorTest, ABadExitCodeIsACrashAndAGoodOneAStop) {
  WorkerSupervisor supervisor(
      Script("if [ -e $out/once ]; then exit 0; fi; touch $out/once; exit 3"), RecordEnds());
  supervisor.Start();
  WaitUntil([&] { return Ends().size() >= 2; });
  supervisor.Stop();

  EXPECT_EQ(Ends()[0], "n1/worker-0 crashed");
  EXPECT_EQ(Ends()[1], "n1/worker-0 stopped");
}

TEST_F(WorkerSupervisorTest, AWorkerThatSaysNothingIsKilledAndStartedAgain) {
  WorkerSupervisorOptions options = Script("echo x >> $out/starts; exec sleep 1000");
  options.max_silence = absl::Milliseconds(10);
  WorkerSupervisor supervisor(options, RecordEnds());
  supervisor.Start();
  WaitUntil([&] { return Ends().size() >= 2; });
  supervisor.Stop();

  EXPECT_EQ(Ends().front(), "n1/worker-0 stalled");
}

TEST_F(WorkerSupervisorTest, AWorkerThatIsStoppedWhileItWorksIsKilled) {
  WorkerSupervisorOptions options = Script("touch $out/up; while :; do echo >&3; sleep 0.1; done");
  options.max_silence = absl::Seconds(3);
  WorkerSupervisor supervisor(options, RecordEnds());
  supervisor.Start();
  WaitUntil([&] { return std::filesystem::exists(folder_ + "/up"); });
  const int first = supervisor.Pids().front();
  // It lives longer than max_silence as long as it speaks.
  EXPECT_TRUE(Ends().empty());
  kill(first, SIGSTOP);
  WaitUntil([&] { return !Ends().empty(); });
  supervisor.Stop();

  EXPECT_EQ(Ends().front(), "n1/worker-0 stalled");
}

TEST_F(WorkerSupervisorTest, StopEndsEveryWorkerWithSigterm) {
  WorkerSupervisorOptions options = Script(
      "trap 'touch $out/term.${4##*/}; exit 0' TERM; touch $out/up.${4##*/}; while :; do read x "
      "<&3; done");
  options.count = 2;
  WorkerSupervisor supervisor(options, RecordEnds());
  supervisor.Start();
  const auto is_there = [&](const std::string& name) {
    return std::filesystem::exists(folder_ + "/" + name);
  };
  WaitUntil([&] { return is_there("up.worker-0") && is_there("up.worker-1"); });

  supervisor.Stop();

  EXPECT_TRUE(is_there("term.worker-0"));
  EXPECT_TRUE(is_there("term.worker-1"));
  EXPECT_THAT(Ends(),
              ::testing::UnorderedElementsAre("n1/worker-0 stopped", "n1/worker-1 stopped"));
  EXPECT_TRUE(supervisor.Pids().empty());
}

TEST_F(WorkerSupervisorTest, AWorkerThatIgnoresSigtermIsKilled) {
  WorkerSupervisorOptions options =
      Script("trap '' TERM; touch $out/up; while :; do read x <&3; done");
  options.stop_timeout = absl::Milliseconds(10);
  WorkerSupervisor supervisor(options, RecordEnds());
  supervisor.Start();
  WaitUntil([&] { return std::filesystem::exists(folder_ + "/up"); });

  supervisor.Stop();

  EXPECT_THAT(Ends(), ::testing::ElementsAre("n1/worker-0 stopped"));
}

TEST_F(WorkerSupervisorTest, KillsOnTimeThoughTheClockIsSetBackMeanwhile) {
  WorkerSupervisorOptions options =
      Script("trap '' TERM; touch $out/up; while :; do read x <&3; done");
  options.stop_timeout = absl::Seconds(1);
  WorkerSupervisor supervisor(options, RecordEnds());
  supervisor.Start();
  WaitUntil([&] { return std::filesystem::exists(folder_ + "/up"); });
  auto stopped = std::async(std::launch::async, [&] { supervisor.Stop(); });
  ASSERT_EQ(stopped.wait_for(std::chrono::milliseconds(100)), std::future_status::timeout);

  SetBackTheWallClock();

  EXPECT_EQ(stopped.wait_for(std::chrono::seconds(20)), std::future_status::ready);
  for (const int pid : supervisor.Pids()) kill(pid, SIGKILL);
}

TEST_F(WorkerSupervisorTest, AProgramThatIsNotThereIsTriedAgainAndCanBeStopped) {
  WorkerSupervisorOptions options = Script("");
  options.program = folder_ + "/nothing";
  WorkerSupervisor supervisor(options, RecordEnds());
  supervisor.Start();
  WaitUntil([&] { return supervisor.restarts() >= 2; });

  supervisor.Stop();

  EXPECT_TRUE(Ends().empty());
}

TEST_F(WorkerSupervisorTest, LeasesAreOfferedAgainWhileTheDatabaseDoesNotAnswer) {
  int asked = 0;
  WorkerSupervisor supervisor(Script("exit 0"), [&](const std::string&, WorkerEnd) {
    return ++asked < 3 ? absl::UnavailableError("locked") : absl::OkStatus();
  });
  supervisor.Start();
  WaitUntil([&] { return supervisor.restarts() >= 1; });
  supervisor.Stop();

  EXPECT_GE(asked, 3);
}

TEST_F(WorkerSupervisorTest, TheLifePipeEndsWithItsOwner) {
  Script(kUntilLifeEnds);
  {
    const absl::StatusOr<ChildProcess> child = ChildProcess::Spawn({folder_ + "/worker"});
    ASSERT_THAT(child, IsOk());
    WaitUntil([&] { return !Written("started").empty(); });
    EXPECT_FALSE(std::filesystem::exists(folder_ + "/ended"));
  }  // The owner is gone; the child is not killed.
  WaitUntil([&] { return std::filesystem::exists(folder_ + "/ended"); });
  waitpid(-1, nullptr, 0);
}

TEST(FindSiblingProgramTest, LooksBesideThisProgram) {
  EXPECT_THAT(FindSiblingProgram("worker_supervisor_test"), IsOk());
  EXPECT_THAT(FindSiblingProgram("no-such-program"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("no-such-program")));
}

}  // namespace
}  // namespace camnode
