// How a call that ended is counted.

#include "services/api/rpc_observer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/testing/wall_clock.h"

namespace camnode {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(RpcObserverTest, CountsACallAndItsTimeThoughTheClockIsSetBackMeanwhile) {
  MetricRegistry metrics;
  RpcObserver observer(metrics);
  grpc::ServerContext context;

  EXPECT_TRUE(observer
                  .Run(&context, "GetStudy",
                       [] {
                         SetBackTheWallClock();
                         return absl::OkStatus();
                       })
                  .ok());

  const std::string text = metrics.Text();
  EXPECT_THAT(text, HasSubstr("camnode_rpc_total{method=\"GetStudy\",code=\"OK\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("camnode_rpc_seconds_count{method=\"GetStudy\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("camnode_rpc_seconds_sum{method=\"GetStudy\"} -")));
}

}  // namespace
}  // namespace camnode
