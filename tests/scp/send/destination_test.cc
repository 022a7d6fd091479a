// Also: scp/settings/remote_ae.

#include "scp/send/destination.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "core/domain/ae_title.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

RemoteAe Remote(const char* title, const char* host, int port) {
  return {*AeTitle::Parse(title), host, port};
}

TEST(DestinationDirectoryTest, FindsWhatWasAdded) {
  DestinationDirectory directory;
  ASSERT_THAT(directory.Add("pacs", Remote("PACS", "pacs.example.org", 104)), IsOk());

  const auto found = directory.Find("pacs");
  ASSERT_THAT(found, IsOk());
  EXPECT_EQ(found->host, "pacs.example.org");
  EXPECT_THAT(directory.Find("other"), StatusIs(absl::StatusCode::kNotFound));
}

TEST(DestinationDirectoryTest, SaysWhatIsWrongWithADestination) {
  DestinationDirectory directory;
  ASSERT_THAT(directory.Add("pacs", Remote("PACS", "h", 104)), IsOk());
  for (const auto& [name, remote] :
       {std::pair<std::string, RemoteAe>{"pacs", Remote("PACS", "h", 104)},
        {"", Remote("PACS", "h", 104)},
        {"return:x", Remote("PACS", "h", 104)},
        {"return+tls:x", Remote("PACS", "h", 104)},
        {"a", Remote("PACS", "", 104)},
        {"b", Remote("PACS", "h", 0)},
        {"c", Remote("PACS", "h", 65536)},
        {"d", RemoteAe{AeTitle(), "h", 104}}}) {
    EXPECT_THAT(directory.Add(name, remote), StatusIs(absl::StatusCode::kInvalidArgument)) << name;
  }
}

TEST(DestinationDirectoryTest, ReadsReturnDestinationsFromTheirNames) {
  const DestinationDirectory directory;
  RemoteAe by_tls = Remote("CT 1", "192.0.2.1", 2762);
  by_tls.tls = true;
  for (const RemoteAe& remote :
       {Remote("CT 1", "192.0.2.1", 104), Remote("A@B:9", "2001:db8::1", 65535), by_tls}) {
    const auto found = directory.Find(ReturnDestinationName(remote));
    ASSERT_THAT(found, IsOk());
    EXPECT_EQ(found->ae_title, remote.ae_title);
    EXPECT_EQ(found->host, remote.host);
    EXPECT_EQ(found->port, remote.port);
    EXPECT_EQ(found->tls, remote.tls);
  }
  for (const char* name :
       {"return:", "return:CT1", "return:CT1@host", "return:CT1@host:", "return:@host:104",
        "return:CT1@:104", "return:CT1@host:99999", "return:104:host@CT1"}) {
    EXPECT_THAT(directory.Find(name), StatusIs(absl::StatusCode::kNotFound)) << name;
  }
}

}  // namespace
}  // namespace camnode
