#include "services/config/section_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/camnode/config/v1/config.pb.h"

namespace camnode {
namespace {

// A field of the proto that the program forgot would otherwise be set in vain.
TEST(ConfigReaderTest, AnOptionThatNothingReadsIsAMistake) {
  config::v1::Config message;
  message.mutable_http()->set_address("127.0.0.1");
  message.mutable_http()->set_port(80);
  ConfigFindings findings;
  const ConfigReader file(message, nullptr, "", findings);
  int port = 0;
  file.Section("http").Read("port", 0, 100, &port);

  file.ReportUnread();

  ASSERT_EQ(findings.mistakes.size(), 1);
  EXPECT_EQ(findings.mistakes[0].text,
            "http.address is read by nobody; expected an option that has an effect");
  EXPECT_EQ(port, 80);
}

}  // namespace
}  // namespace camnode
