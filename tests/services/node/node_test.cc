// The whole node without a worker, on free ports.
// Also: metrics, open_store, start_wait, storage_figures.

#include "services/node/node.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/base/files.h"
#include "core/base/stopwatch.h"
#include "core/base/unique_descriptor.h"
#include "core/domain/instance.h"
#include "core/domain/job.h"
#include "core/storage/instance_store.h"
#include "core/storage/sql/open_database.h"
#include "tests/services/service_fixture.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class NodeTest : public ::testing::Test {
 protected:
  NodeTest() {
    config_.data_directory = folder_.path() + "/data";
    config_.database_uri = absl::StrCat("sqlite:", config_.data_directory, "/camnode.db");
    config_.model_directory = "deploy/models";
    config_.file = "camnode.textproto";
    config_.dicom.acceptor.port = 0;
    config_.grpc.port = 0;
    config_.http.port = 0;
    config_.storage.ingest.min_free_bytes = 0;
    config_.worker.supervise = false;
  }

  std::string NodeId() const {
    const std::string file = ReadFile(config_.data_directory + "/node.id", 100).value();
    return std::string(absl::StripSuffix(file, "\n"));
  }
  std::string PortsFile() const { return config_.data_directory + "/ports.json"; }

  // What /healthz says once the parts have been checked for the first time.
  static int FirstHealth(int port) {
    httplib::Client client("127.0.0.1", port);
    const Deadline end(absl::Seconds(20));
    int status = 0;
    while (status != 200 && !end.Expired()) {
      const auto answer = client.Get("/healthz");
      status = answer ? answer->status : -1;
    }
    return status;
  }

  TestFolder folder_;
  Config config_;
};

TEST_F(NodeTest, TellsItsServiceManagerThatItIsReadyAliveAndStopping) {
  const std::string name = folder_.path() + "/notify";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, name.data(), name.size());
  const UniqueDescriptor systemd(socket(AF_UNIX, SOCK_DGRAM, 0));
  ASSERT_EQ(bind(systemd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  const auto next = [&systemd] {
    std::array<char, 64> bytes{};
    const ssize_t size = recv(systemd.get(), bytes.data(), bytes.size(), 0);
    return std::string(bytes.data(), static_cast<size_t>(size));
  };
  std::string all;

  absl::StatusOr<std::unique_ptr<Node>> node = Node::Start(config_, ServiceManager(name));
  ASSERT_THAT(node, IsOk());
  while (!absl::StrContains(all, "READY=1") || !absl::StrContains(all, "WATCHDOG=1")) all += next();
  StopSequence stop(config_.node.stop_timeout);
  (*node)->Stop(stop);
  while (!absl::StrContains(all, "STOPPING=1")) all += next();
}

TEST_F(NodeTest, StartsAnswersAndStops) {
  absl::StatusOr<std::unique_ptr<Node>> node = Node::Start(config_);
  ASSERT_THAT(node, IsOk());

  EXPECT_TRUE(std::filesystem::exists(PortsFile()));
  EXPECT_EQ(FirstHealth((*node)->ports().http), 200) << "a node without a worker receives";
  const auto results = v1::ResultsService::NewStub(grpc::CreateChannel(
      absl::StrCat("127.0.0.1:", (*node)->ports().grpc), grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  v1::ListAnalysesResponse analyses;
  EXPECT_TRUE(results->ListAnalyses(&context, {}, &analyses).ok());
  httplib::Client http("127.0.0.1", (*node)->ports().http);
  EXPECT_THAT(http.Get("/metrics")->body,
              AllOf(HasSubstr("camnode_jobs{state=\"queued\"} 0\n"),
                    HasSubstr("camnode_part_serving{part=\"camnode.worker\"} 0\n")));

  StopSequence stop(absl::Seconds(60));
  (*node)->Stop(stop);
  EXPECT_TRUE(stop.complete());

  EXPECT_FALSE(std::filesystem::exists(PortsFile()));
  node->reset();
  EXPECT_THAT(Node::Start(config_), IsOk()) << "the directory is free again";
}

TEST_F(NodeTest, ASecondNodeOnTheSameDirectoryIsRefused) {
  const absl::StatusOr<std::unique_ptr<Node>> first = Node::Start(config_);
  ASSERT_THAT(first, IsOk());

  EXPECT_THAT(Node::Start(config_),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("another camnode runs")));
  EXPECT_TRUE(std::filesystem::exists(PortsFile())) << "the first one's";
}

// It would give back the first one's leases, and bury its films for want of their blobs.
TEST_F(NodeTest, ASecondNodeOnTheSameDatabaseIsRefusedAndTheFirstIsNamed) {
  const absl::StatusOr<std::unique_ptr<Node>> first = Node::Start(config_);
  ASSERT_THAT(first, IsOk());
  const std::string node_id = NodeId();
  Config second = config_;
  second.data_directory = folder_.path() + "/other";

  EXPECT_THAT(
      Node::Start(second).status(),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               AllOf(HasSubstr("node " + node_id + " on host "),
                     HasSubstr(absl::StrCat("process ", getpid())), HasSubstr("database_uri"))));
}

TEST_F(NodeTest, ADatabaseWithoutItsBlobsIsRefusedUntilTheyAreBack) {
  ASSERT_THAT(Node::Start(config_), IsOk());
  const std::string blobs = config_.data_directory + "/blobs";
  std::filesystem::rename(blobs, blobs + ".away");
  std::filesystem::create_directory(blobs);

  EXPECT_THAT(Node::Start(config_).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("database_uri"), HasSubstr("mounted"))));
  EXPECT_TRUE(std::filesystem::is_empty(blobs));

  std::filesystem::remove(blobs);
  std::filesystem::rename(blobs + ".away", blobs);
  EXPECT_THAT(Node::Start(config_), IsOk());
}

// Put aside by somebody who means to restore a backup: an empty one must not come instead.
TEST_F(NodeTest, BlobsWithoutTheirDatabaseAreRefusedAndNoneIsMade) {
  ASSERT_THAT(Node::Start(config_), IsOk());
  ASSERT_THAT(BlobStore::Open(config_.data_directory + "/blobs").value()->Put("film"), IsOk());
  const std::string database = config_.data_directory + "/camnode.db";
  std::filesystem::rename(database, database + ".aside");

  EXPECT_THAT(Node::Start(config_).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr(database + " is new"), HasSubstr("--adopt-store"))));
  EXPECT_FALSE(std::filesystem::exists(database));

  ASSERT_THAT(AdoptStoreOf(config_), IsOk());
  EXPECT_THAT(Node::Start(config_), IsOk()) << "the operator's word";
}

TEST_F(NodeTest, ATakenPortNamesTheOptionToChange) {
  const absl::StatusOr<std::unique_ptr<Node>> first = Node::Start(config_);
  ASSERT_THAT(first, IsOk());
  Config second = config_;
  second.data_directory = folder_.path() + "/other";
  second.database_uri = absl::StrCat("sqlite:", second.data_directory, "/camnode.db");

  const auto start_with = [&](int dicom, int grpc, int http) {
    second.dicom.acceptor.port = dicom;
    second.grpc.port = grpc;
    second.http.port = http;
    return Node::Start(second).status();
  };

  const NodePorts& taken = (*first)->ports();
  constexpr auto kCode = absl::StatusCode::kFailedPrecondition;
  EXPECT_THAT(start_with(taken.dicom, 0, 0), StatusIs(kCode, HasSubstr("dicom.port")));
  EXPECT_THAT(start_with(0, taken.grpc, 0), StatusIs(kCode, HasSubstr("grpc.port")));
  EXPECT_THAT(start_with(0, 0, taken.http), StatusIs(kCode, HasSubstr("http.port")));
  EXPECT_THAT(start_with(0, 0, -1), IsOk());
}

TEST_F(NodeTest, AMissingModelIsNamed) {
  config_.workflows[0].models = {"vgg16"};

  EXPECT_THAT(Node::Start(config_).status().message(), HasSubstr("vgg16"));
}

TEST_F(NodeTest, ANodeGivesBackWhatItsPredecessorsWorkersHeld) {
  ASSERT_THAT(Node::Start(config_), IsOk());  // Makes the database, and ends.
  config_.worker.count = 1;
  OpenedDatabase opened = OpenDatabase(config_.database_uri, config_.data_directory).value();
  InstanceStore instances(*opened.database, SystemClock(), nullptr);
  JobQueue jobs(*opened.database, SystemClock(), JobQueueOptions());
  Instance film;
  film.sop_instance_uid = Uid::Parse("1.2.3").value();
  film.series_instance_uid = Uid::Parse("1.2").value();
  film.study_instance_uid = Uid::Parse("1.1").value();
  film.blob_id = std::string(32, 'a');
  film.sha256 = std::string(64, 'a');
  JobRequest request;
  request.workflow = "default";
  request.model_set = "set";
  const int64_t job = instances.Add(film, request)->job_id.value();
  const std::string node_id = NodeId();
  std::vector<JobLease> leases = jobs.Lease(WorkerName(node_id, 0), 1).value();
  ASSERT_EQ(leases.size(), 1);
  ASSERT_THAT(leases.front().Start(), IsOk());

  // The worker program is not beside this test, so the start fails after that step.
  config_.worker.supervise = true;
  EXPECT_THAT(Node::Start(config_), StatusIs(absl::StatusCode::kNotFound));

  EXPECT_EQ(jobs.Get(job)->state, JobState::kQueued);
  EXPECT_EQ(jobs.Get(job)->interruptions, 1);
  EXPECT_EQ(jobs.Get(job)->failures, 0);
}

}  // namespace
}  // namespace camnode
