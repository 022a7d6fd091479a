#include "services/node/data_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/services/service_fixture.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::HasSubstr;

TEST(DataDirectoryTest, IsMadeForItsOwnerAlone) {
  TestFolder folder;
  const std::string path = folder.path() + "/a/b";

  ASSERT_THAT(DataDirectory::Open(path), IsOk());

  const auto others = std::filesystem::perms::group_all | std::filesystem::perms::others_all;
  EXPECT_EQ(std::filesystem::status(path).permissions() & others, std::filesystem::perms::none);
}

TEST(DataDirectoryTest, TwoNodesCannotShareIt) {
  TestFolder folder;
  {
    const absl::StatusOr<DataDirectory> first = DataDirectory::Open(folder.path());
    ASSERT_THAT(first, IsOk());

    EXPECT_THAT(DataDirectory::Open(folder.path()),
                StatusIs(absl::StatusCode::kFailedPrecondition,
                         HasSubstr("another camnode runs on the data directory")));
  }
  EXPECT_THAT(DataDirectory::Open(folder.path()), IsOk());
}

TEST(DataDirectoryTest, ItsNodeHasOneIdForEverAndAnotherDirectoryAnother) {
  TestFolder folder;
  std::string id;
  {
    const DataDirectory directory = DataDirectory::Open(folder.path()).value();
    id = directory.NodeId().value();
    EXPECT_EQ(id.size(), 12u);
    EXPECT_EQ(directory.NodeId().value(), id);
  }
  EXPECT_THAT(DataDirectory::Open(folder.path())->NodeId(), IsOkAndHolds(id));
  EXPECT_NE(DataDirectory::Open(folder.path() + "/other")->NodeId().value(), id);

  std::ofstream(folder.path() + "/node.id") << "worker-0";
  EXPECT_THAT(DataDirectory::Open(folder.path())->NodeId().status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("node.id")));
}

TEST(DataDirectoryTest, APlaceThatCannotBeADirectoryIsNamed) {
  TestFolder folder;
  std::ofstream(folder.path() + "/file") << "x";

  EXPECT_THAT(
      DataDirectory::Open(folder.path() + "/file/data"),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("data_directory cannot be made")));
}

TEST(DataDirectoryTest, PortsOfADeadNodeAreForgottenAndNewOnesReplaced) {
  TestFolder folder;
  const std::string path = folder.path() + "/ports.json";
  std::ofstream(path) << "{\"dicom\": 1}";
  absl::StatusOr<DataDirectory> directory = DataDirectory::Open(folder.path());
  ASSERT_THAT(directory, IsOk());
  EXPECT_FALSE(std::filesystem::exists(path));

  ASSERT_THAT(directory->WritePorts({1, 2, 3, 4}), IsOk());
  ASSERT_THAT(directory->WritePorts({11112, 2762, 50051, -1}), IsOk());

  const nlohmann::json ports = nlohmann::json::parse(std::ifstream(path));
  EXPECT_EQ(ports["dicom"], 11112);
  EXPECT_EQ(ports["dicom_tls"], 2762);
  EXPECT_EQ(ports["grpc"], 50051);
  EXPECT_EQ(ports["http"], -1);
  EXPECT_EQ(ports["pid"], getpid());
  directory->RemovePorts();
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace camnode
