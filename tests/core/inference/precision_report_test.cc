#include "core/inference/precision_report.h"

#include <gtest/gtest.h>

namespace camnode {
namespace {

ModelResult Result(double probability, bool verdict, int peak_cell) {
  ModelResult result;
  result.finding.probability = probability;
  result.finding.logit = static_cast<float>(probability);
  result.finding.positive = verdict;
  result.heatmap.values = cv::Mat1f(2, 2, 0.0f);
  if (peak_cell >= 0) {
    result.heatmap.values.at<float>(peak_cell / 2, peak_cell % 2) = 1.0f;
    result.heatmap.peak = 1.0f;
  }
  return result;
}

TEST(PrecisionReportTest, CountsWhatChanged) {
  const std::vector<PrecisionPair> pairs = {
      {Result(0.90, true, 3), Result(0.90, true, 3), true},
      {Result(0.26, true, 1), Result(0.23, false, 2), true},
      {Result(0.10, false, -1), Result(0.11, false, -1), false},
      {Result(0.20, false, -1), Result(0.24, false, 0), false},
  };
  const auto check = ComparePrecisions(pairs);
  EXPECT_EQ(check.films(), 4);
  EXPECT_NEAR(check.max_probability_difference(), 0.04, 1e-9);
  EXPECT_DOUBLE_EQ(check.flipped_verdicts(), 0.25);
  EXPECT_DOUBLE_EQ(check.other_peak_cells(), 0.5);
  // One of the four pairs of a positive and a negative changed places.
  EXPECT_DOUBLE_EQ(check.auc_difference(), -0.25);
}

}  // namespace
}  // namespace camnode
