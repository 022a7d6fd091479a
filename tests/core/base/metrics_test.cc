#include "core/base/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "absl/strings/str_cat.h"

namespace camnode {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

void AddGauge(MetricRegistry& registry, const std::string& name, const std::string& help,
              double value) {
  registry.AddCallback(MetricKind::kGauge, name, help, {}, [value] {
    return std::vector<MetricSample>{{{}, value}};
  });
}

TEST(MetricsTest, WritesHelpTypeAndOneLinePerSeries) {
  MetricRegistry registry;
  CounterFamily& stores =
      registry.AddCounter("camnode_cstore_total", "C-STORE requests answered.", {"status"});
  stores.With({"0xA700"}).Add();
  stores.With({"0x0000"}).Add(2);
  AddGauge(registry, "camnode_free_bytes", "Free disk.", 1073741824.0);

  EXPECT_EQ(registry.Text(),
            "# HELP camnode_cstore_total C-STORE requests answered.\n"
            "# TYPE camnode_cstore_total counter\n"
            "camnode_cstore_total{status=\"0x0000\"} 2\n"
            "camnode_cstore_total{status=\"0xA700\"} 1\n"
            "# HELP camnode_free_bytes Free disk.\n"
            "# TYPE camnode_free_bytes gauge\n"
            "camnode_free_bytes 1073741824\n");
}

TEST(MetricsTest, ACounterWithoutLabelsIsShownBeforeItCounts) {
  MetricRegistry registry;
  registry.AddCounter("camnode_starts_total", "Starts.");

  EXPECT_THAT(registry.Text(), HasSubstr("\ncamnode_starts_total 0\n"));
}

TEST(MetricsTest, AHistogramCountsCumulativelyAndABoundBelongsToItsBucket) {
  MetricRegistry registry;
  Histogram& seconds =
      registry.AddHistogram("camnode_call_seconds", "Calls.", {0.5, 1.0}, {"method"}).With({"Get"});
  seconds.Observe(0.25);
  seconds.Observe(0.5);
  seconds.Observe(0.75);
  seconds.Observe(8.0);

  EXPECT_EQ(registry.Text(),
            "# HELP camnode_call_seconds Calls.\n"
            "# TYPE camnode_call_seconds histogram\n"
            "camnode_call_seconds_bucket{method=\"Get\",le=\"0.5\"} 2\n"
            "camnode_call_seconds_bucket{method=\"Get\",le=\"1\"} 3\n"
            "camnode_call_seconds_bucket{method=\"Get\",le=\"+Inf\"} 4\n"
            "camnode_call_seconds_sum{method=\"Get\"} 9.5\n"
            "camnode_call_seconds_count{method=\"Get\"} 4\n");
}

TEST(MetricsTest, LabelsCannotForgeALine) {
  MetricRegistry registry;
  registry.AddCounter("camnode_x_total", "Backslash \\ and\nbreak.", {"who"})
      .With({"a\"} 1\nevil 2\\\x01\xff"})
      .Add();

  EXPECT_THAT(registry.Text(), HasSubstr("# HELP camnode_x_total Backslash \\\\ and\\nbreak.\n"));
  EXPECT_THAT(registry.Text(), HasSubstr("{who=\"a\\\"} 1\\nevil 2\\\\??\"} 1\n"));
}

TEST(MetricsTest, AFamilyStopsGrowingAndCountsTheRestTogether) {
  MetricRegistry registry;
  CounterFamily& family = registry.AddCounter("camnode_x_total", "X.", {"peer"});
  for (int i = 0; i < 10 * kMaxSeries; ++i) family.With({absl::StrCat("peer", i)}).Add();

  EXPECT_EQ(family.All().size(), kMaxSeries);
  EXPECT_EQ(family.With({"other"}).value(), 10 * kMaxSeries - (kMaxSeries - 1));
  // Who was there before the limit still has its own series.
  EXPECT_EQ(family.With({"peer0"}).value(), 1);
}

TEST(MetricsTest, ACallbackIsAskedWhenTheTextIsMade) {
  MetricRegistry registry;
  double depth = 3;
  registry.AddCallback(MetricKind::kGauge, "camnode_jobs", "Jobs.", {"state"}, [&] {
    return std::vector<MetricSample>{{{"queued"}, depth}};
  });
  EXPECT_THAT(registry.Text(), HasSubstr("camnode_jobs{state=\"queued\"} 3\n"));
  depth = 0.125;

  EXPECT_THAT(registry.Text(), HasSubstr("camnode_jobs{state=\"queued\"} 0.125\n"));
  EXPECT_THAT(registry.Text(), Not(HasSubstr("} 3\n")));
}

TEST(MetricsTest, CountsFromManyThreadsAddUp) {
  MetricRegistry registry;
  CounterFamily& family = registry.AddCounter("camnode_x_total", "X.", {"a"});
  Histogram& histogram = registry.AddHistogram("camnode_y_seconds", "Y.", {1.0}).With({});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) {
        family.With({"one"}).Add();
        histogram.Observe(0.5);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();

  EXPECT_EQ(family.With({"one"}).value(), 4000);
  EXPECT_EQ(histogram.Read().count, 4000);
}

TEST(MetricsDeathTest, AMalformedOrTakenNameIsAMistakeInTheProgram) {
  EXPECT_DEATH(MetricRegistry().AddCounter("camnode_cstore", "No _total."), "no name");
  EXPECT_DEATH(
      {
        MetricRegistry registry;
        AddGauge(registry, "Camnode", "Capital.", 0.0);
      },
      "no name");
  EXPECT_DEATH(
      {
        MetricRegistry registry;
        AddGauge(registry, "camnode_x_bytes", "X.", 0.0);
        AddGauge(registry, "camnode_x_bytes", "X.", 0.0);
      },
      "there already");
}

}  // namespace
}  // namespace camnode
