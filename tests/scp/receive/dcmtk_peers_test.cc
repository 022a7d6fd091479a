// The acceptor and the sender against DCMTK's own tools, which are what most
// people try first.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <ios>
#include <iterator>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/metrics.h"
#include "core/base/stopwatch.h"
#include "core/domain/ae_title.h"
#include "scp/receive/acceptor_metrics.h"
#include "scp/receive/acceptor_options.h"
#include "scp/receive/application_entity.h"
#include "scp/receive/association_acceptor.h"
#include "scp/send/storage_scu.h"
#include "scp/settings/address_range.h"
#include "scp/settings/peer.h"
#include "tests/scp/receive/fake_store_handler.h"
#include "tests/testing/dicom_builder.h"
#include "tests/testing/small_data_set.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temporary_directory.h"

extern char** environ;

namespace camnode {
namespace {

using ::testing::SizeIs;

constexpr char kJpegLossless[] = "1.2.840.10008.1.2.4.70";

pid_t Spawn(std::vector<std::string> arguments) {
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  pid_t pid = -1;
  const int error = posix_spawnp(&pid, pointers[0], &actions, nullptr, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  EXPECT_EQ(error, 0) << arguments[0];
  return pid;
}

// Exit code of a tool.
int RunTool(const std::vector<std::string>& arguments) {
  const pid_t pid = Spawn(arguments);
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool HaveTool(const std::string& name) {
  return std::filesystem::exists("/usr/bin/" + name) ||
         std::filesystem::exists("/usr/local/bin/" + name);
}

#define CAMNODE_NEEDS_TOOL(name) \
  if (!HaveTool(name)) GTEST_SKIP() << "SKIPPED: " << (name) << " of package dcmtk is not installed"

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// The data set of a Part 10 file that DCMTK wrote: what follows group 0002.
std::string DataSetOf(const std::string& file) {
  const auto byte = [&](size_t at) { return static_cast<uint8_t>(file.at(at)); };
  const size_t length = byte(140) | byte(141) << 8 | byte(142) << 16;
  return file.substr(144 + length);
}

class DcmtkPeersTest : public ::testing::Test {
 protected:
  void SetUp() override {
    AcceptorOptions options;
    options.settings.port = 0;
    options.drain_timeout = absl::Milliseconds(200);
    acceptor_ = std::make_unique<AssociationAcceptor>(options, policy_, handler_, metrics_);
    ASSERT_THAT(acceptor_->Start(), IsOk());
  }

  std::vector<std::string> Call(const std::string& tool, const std::string& called = "NODE") {
    return {tool, "-aet", "SENDER", "-aec", called, "127.0.0.1", absl::StrCat(acceptor_->port())};
  }

  std::string Film(const std::string& name, const std::string& sop_instance,
                   const std::string& sop_class, const std::string& syntax) {
    return DicomBuilder()
        .Text(0x00080016, sop_class)
        .Text(0x00080018, sop_instance)
        .WriteTo(directory_.path() + "/" + name, syntax);
  }

  TemporaryDirectory directory_;
  FakeStoreHandler handler_;
  PeerPolicy policy_{{*AeTitle::Parse("NODE")},
                     {Peer{*AeTitle::Parse("SENDER"), {*AddressRange::Parse("127.0.0.1")}, 0, ""}},
                     false};
  MetricRegistry registry_;
  AcceptorMetrics metrics_{registry_};
  std::unique_ptr<AssociationAcceptor> acceptor_;
};

TEST_F(DcmtkPeersTest, AnswersEchoscuAndRejectsAWrongCalledTitle) {
  CAMNODE_NEEDS_TOOL("echoscu");
  EXPECT_EQ(RunTool(Call("echoscu")), 0);
  EXPECT_NE(RunTool(Call("echoscu", "OTHER")), 0);
}

TEST_F(DcmtkPeersTest, TakesFromStorescuEachDataSetAsItIsInTheFile) {
  CAMNODE_NEEDS_TOOL("storescu");
  struct Case {
    const char* sop_class;
    const char* syntax;
    std::vector<std::string> propose;
  };
  int number = 0;
  for (const Case& sent :
       {Case{kCrSopClass, kExplicitVr, {}}, Case{kScSopClass, kImplicitVr, {"-xi"}},
        Case{kDxSopClass, kJpegLossless, {"-xs"}},
        Case{kCrSopClass, "1.2.840.10008.1.2.5", {"-xr"}},
        Case{kCrSopClass, "1.2.840.10008.1.2.4.80", {"-xt"}}}) {
    const std::string uid = absl::StrCat("1.2.3.", ++number);
    const std::string path = Film(uid, uid, sent.sop_class, sent.syntax);
    std::vector<std::string> call = Call("storescu");
    call.insert(call.begin() + 1, sent.propose.begin(), sent.propose.end());
    call.push_back(path);
    ASSERT_EQ(RunTool(call), 0) << sent.syntax;

    const auto stored = handler_.stored();
    ASSERT_THAT(stored, SizeIs(number));
    EXPECT_EQ(stored.back().request.sop_instance_uid.text(), uid);
    EXPECT_EQ(stored.back().request.transfer_syntax_uid.text(), sent.syntax);
    EXPECT_EQ(stored.back().bytes, DataSetOf(ReadFile(path))) << sent.syntax;
  }
}

TEST_F(DcmtkPeersTest, TakesManyFilesFromDcmsendWithoutWaitingForItsAcknowledgements) {
  CAMNODE_NEEDS_TOOL("dcmsend");
  constexpr int kFiles = 50;
  std::vector<std::string> call = Call("dcmsend");
  for (int i = 0; i < kFiles; ++i) {
    const std::string uid = absl::StrCat("1.2.4.", i);
    call.push_back(Film(uid, uid, kCrSopClass, kExplicitVr));
  }
  const Stopwatch stopwatch;
  ASSERT_EQ(RunTool(call), 0);
  EXPECT_THAT(handler_.stored(), SizeIs(kFiles));
  EXPECT_LT(stopwatch.Elapsed(), absl::Milliseconds(40) * kFiles)
      << "40 ms an image is Nagle's algorithm against delayed acknowledgements";
}

TEST_F(DcmtkPeersTest, TellsStorescuThatAnInstanceWasRefusedAndTakesTheOthers) {
  CAMNODE_NEEDS_TOOL("storescu");
  handler_.RefuseNextAdmit(absl::ResourceExhaustedError("disk full"));
  std::vector<std::string> call = Call("storescu");
  call.insert(call.begin() + 1, "-nh");
  for (const char* uid : {"1.2.5.1", "1.2.5.2"}) {
    call.push_back(Film(uid, uid, kCrSopClass, kExplicitVr));
  }
  RunTool(call);
  const auto stored = handler_.stored();
  ASSERT_THAT(stored, SizeIs(1));
  EXPECT_EQ(stored[0].request.sop_instance_uid.text(), "1.2.5.2");
}

// A port that was free a moment ago: storescp cannot be asked which one it chose.
int FreePort() {
  const int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(bind(probe, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size), 0);
  close(probe);
  return ntohs(address.sin_port);
}

class StorescpTest : public DcmtkPeersTest {
 protected:
  void TearDown() override {
    if (pid_ > 0) {
      kill(pid_, SIGTERM);
      waitpid(pid_, nullptr, 0);
    }
  }

  // Starts storescp with these options and connects to it.
  std::unique_ptr<StorageScu> Connect(const std::vector<std::string>& scp_options,
                                      const std::set<StoredEncoding>& encodings) {
    const int port = FreePort();
    std::vector<std::string> command = {"storescp", "-od", directory_.path(), "-aet", "PACS"};
    command.insert(command.end(), scp_options.begin(), scp_options.end());
    command.push_back(absl::StrCat(port));
    pid_ = Spawn(command);
    StorageScuOptions options;
    options.ae_title = *AeTitle::Parse("NODE");
    for (int i = 0; i < 1000; ++i) {  // Until it listens.
      auto scu =
          StorageScu::Connect(options, {*AeTitle::Parse("PACS"), "localhost", port}, encodings);
      if (scu.ok()) return *std::move(scu);
      absl::SleepFor(absl::Milliseconds(10));
    }
    return nullptr;
  }

  StoredEncoding Encoding(const char* sop_class, const char* syntax) {
    return {*Uid::Parse(sop_class), *Uid::Parse(syntax)};
  }

  pid_t pid_ = -1;
};

TEST_F(StorescpTest, TakesTheFileAsItIsStored) {
  CAMNODE_NEEDS_TOOL("storescp");
  const std::string path = Film("film", "1.2.6.1", kScSopClass, kExplicitVr);
  auto scu = Connect({"+B", "+xe", "-uf"}, {Encoding(kScSopClass, kExplicitVr)});
  ASSERT_NE(scu, nullptr);

  EXPECT_THAT(scu->Store({*Uid::Parse(kScSopClass), *Uid::Parse("1.2.6.1"),
                          *Uid::Parse(kExplicitVr), path}),
              IsOkAndHolds(0x0000));
  scu->Release();
  EXPECT_EQ(DataSetOf(ReadFile(directory_.path() + "/SC.1.2.6.1")), DataSetOf(ReadFile(path)));
}

TEST_F(StorescpTest, GetsTheImplicitFormIfItTakesNothingElse) {
  CAMNODE_NEEDS_TOOL("storescp");
  const std::string path = Film("film", "1.2.6.2", kScSopClass, kExplicitVr);
  auto scu = Connect({"+B", "+xi", "-uf"}, {Encoding(kScSopClass, kExplicitVr)});
  ASSERT_NE(scu, nullptr);

  EXPECT_THAT(scu->Store({*Uid::Parse(kScSopClass), *Uid::Parse("1.2.6.2"),
                          *Uid::Parse(kExplicitVr), path}),
              IsOkAndHolds(0x0000));
  EXPECT_THAT(scu->Store({*Uid::Parse(kCtSopClass), *Uid::Parse("1.2.6.3"),
                          *Uid::Parse(kExplicitVr), path}),
              StatusIs(absl::StatusCode::kUnimplemented));
  EXPECT_TRUE(scu->connected()) << "an encoding that was not accepted costs no association";
}

}  // namespace
}  // namespace camnode
