#include "scp/receive/acceptor_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "scp/send/delivery_metrics.h"
#include "scp/wire/dimse_status.h"

namespace camnode {
namespace {

using ::testing::HasSubstr;

TEST(AcceptorMetricsTest, ShowsEveryOutcomeFromTheStart) {
  MetricRegistry registry;
  const AcceptorMetrics acceptor(registry);
  const DeliveryMetrics delivery(registry);

  const std::string text = registry.Text();

  for (const char* series :
       {"camnode_associations_total{outcome=\"accepted\"}",
        "camnode_associations_total{outcome=\"rejected\"}",
        "camnode_associations_total{outcome=\"refused_busy\"}",
        "camnode_associations_total{outcome=\"failed\"}", "camnode_associations_open",
        "camnode_cstore_total{status=\"success\"}",
        "camnode_cstore_total{status=\"out_of_resources\"}",
        "camnode_cstore_total{status=\"mismatch\"}",
        "camnode_cstore_total{status=\"cannot_understand\"}",
        "camnode_cstore_total{status=\"other\"}", "camnode_cecho_total",
        "camnode_received_bytes_total", "camnode_deliveries_total{outcome=\"delivered\"}",
        "camnode_deliveries_total{outcome=\"retried\"}",
        "camnode_deliveries_total{outcome=\"buried\"}", "camnode_sent_bytes_total"}) {
    EXPECT_THAT(text, HasSubstr(std::string("\n") + series + " 0\n"));
  }
}

TEST(AcceptorMetricsTest, CountsAnswersByTheClassOfTheirStatus) {
  MetricRegistry registry;
  AcceptorMetrics metrics(registry);

  for (const uint16_t status :
       {kDimseSuccess, kDimseOutOfResources, kDimseDataSetMismatch, kDimseDuplicateInstance,
        kDimseSopClassNotSupported, kDimseCannotUnderstand}) {
    metrics.CountAnswer(status);
  }

  EXPECT_EQ(metrics.answers.With({"success"}).value(), 1);
  EXPECT_EQ(metrics.answers.With({"out_of_resources"}).value(), 1);
  EXPECT_EQ(metrics.answers.With({"mismatch"}).value(), 1);
  EXPECT_EQ(metrics.answers.With({"cannot_understand"}).value(), 1);
  EXPECT_EQ(metrics.answers.With({"other"}).value(), 2);
}

}  // namespace
}  // namespace camnode
