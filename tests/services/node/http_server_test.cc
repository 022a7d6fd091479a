#include "services/node/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include <atomic>
#include <thread>
#include <vector>

#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::HasSubstr;

class HttpServerTest : public ::testing::Test {
 protected:
  HttpServerTest()
      : server_(
            Options(0), [this] { return Health(); }, [] { return "metrics\n"; }) {
    EXPECT_THAT(server_.Start(), IsOk());
  }

  static HttpSettings Options(int port) {
    HttpSettings options;
    options.port = port;
    return options;
  }

  HealthReport Health() const {
    HealthReport report;
    report.serving = serving_;
    report.parts = {{"camnode.dicom", serving_, serving_ ? "" : "not started"}};
    return report;
  }

  std::atomic<bool> serving_{true};
  HttpServer server_;
};

TEST_F(HttpServerTest, HealthIsACodeForMachinesAndJsonForPeople) {
  httplib::Client client("127.0.0.1", server_.port());

  const auto well = client.Get("/healthz");
  ASSERT_TRUE(well);
  EXPECT_EQ(well->status, 200);
  EXPECT_THAT(well->body, HasSubstr("\"camnode.dicom\":{\"status\":\"serving\"}"));

  serving_ = false;
  const auto ill = client.Get("/healthz");
  ASSERT_TRUE(ill);
  EXPECT_EQ(ill->status, 503);
  EXPECT_THAT(ill->body, HasSubstr("not started"));
}

TEST_F(HttpServerTest, MetricsArePrometheusText) {
  httplib::Client client("127.0.0.1", server_.port());

  const auto answer = client.Get("/metrics");

  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "metrics\n");
  EXPECT_THAT(answer->get_header_value("Content-Type"), HasSubstr("version=0.0.4"));
}

TEST_F(HttpServerTest, ThereIsNothingElse) {
  httplib::Client client("127.0.0.1", server_.port());

  EXPECT_EQ(client.Get("/")->status, 404);
  EXPECT_EQ(client.Get("/../etc/passwd")->status, 404);
  EXPECT_EQ(client.Post("/healthz", std::string(1'000'000, 'x'), "text/plain")->status, 413);
}

TEST_F(HttpServerTest, ATakenPortIsAnErrorAndNotShared) {
  HttpServer second(
      Options(server_.port()), [this] { return Health(); }, [] { return ""; });

  EXPECT_THAT(second.Start(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("the port is taken")));
}

TEST_F(HttpServerTest, MoreCallersThanThreadsAreAllAnswered) {
  std::atomic<int> answered{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 12; ++i) {
    callers.emplace_back([&] {
      httplib::Client client("127.0.0.1", server_.port());
      const auto answer = client.Get("/metrics");
      if (answer && answer->status == 200) ++answered;
    });
  }
  for (std::thread& caller : callers) caller.join();

  EXPECT_EQ(answered, 12);
}

}  // namespace
}  // namespace camnode
