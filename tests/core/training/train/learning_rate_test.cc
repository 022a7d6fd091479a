#include "core/training/train/learning_rate.h"

#include <cmath>

#include "gtest/gtest.h"

namespace camnode {
namespace {

namespace v1 = camnode::training::v1;

v1::Stage StageOf(v1::Schedule schedule, int epochs) {
  v1::Stage stage;
  stage.set_schedule(schedule);
  stage.set_epochs(epochs);
  stage.set_learning_rate(1.0);
  return stage;
}

// torch.optim.lr_scheduler.OneCycleLR(max_lr=1.0, total_steps=10), PyTorch 2.11.
TEST(LearningRateTest, OneCycleIsPyTorchs) {
  const double expected[] = {0.04,
                             0.52,
                             1.0,
                             0.9504846320134737,
                             0.8117456539497631,
                             0.6112621219362892,
                             0.388741878063711,
                             0.18825834605023696,
                             0.049519367986526284,
                             4e-06};
  const v1::Stage stage = StageOf(v1::SCHEDULE_ONE_CYCLE, 2);
  for (int step = 0; step < 10; ++step) {
    EXPECT_NEAR(LearningRate(stage, 5, step), expected[step], 2e-6) << step;
  }
}

TEST(LearningRateTest, CosineFallsFromTheRateToZero) {
  const v1::Stage stage = StageOf(v1::SCHEDULE_COSINE, 1);
  EXPECT_DOUBLE_EQ(LearningRate(stage, 4, 0), 1.0);
  EXPECT_NEAR(LearningRate(stage, 4, 2), 0.5, 1e-12);
  EXPECT_NEAR(LearningRate(stage, 4, 3), (1 - std::sqrt(0.5)) / 2, 1e-12);
}

TEST(LearningRateTest, CyclesRunUpAndDownInHalfCycles) {
  v1::Stage stage = StageOf(v1::SCHEDULE_CYCLIC, 8);
  stage.set_minimum_learning_rate(0.2);
  stage.set_half_cycle_epochs(2);  // Eight steps.
  EXPECT_DOUBLE_EQ(LearningRate(stage, 4, 0), 0.2);
  EXPECT_DOUBLE_EQ(LearningRate(stage, 4, 4), 0.6);
  EXPECT_DOUBLE_EQ(LearningRate(stage, 4, 8), 1.0);
  EXPECT_DOUBLE_EQ(LearningRate(stage, 4, 12), 0.6);
  EXPECT_DOUBLE_EQ(LearningRate(stage, 4, 16), 0.2);
}

TEST(LearningRateTest, OneStepAloneIsTakenAtTheFullRate) {
  EXPECT_DOUBLE_EQ(LearningRate(StageOf(v1::SCHEDULE_ONE_CYCLE, 1), 1, 0), 1.0);
}

}  // namespace
}  // namespace camnode
