#include "core/training/train/curves.h"

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace camnode {
namespace {

TEST(CurvesTest, AreReadAsTheyWereWritten) {
  CurvePoint first;
  first.epoch = 1;
  first.stage = 1;
  first.image_size = 128;
  first.learning_rate = 0.002;
  first.train_loss = 0.5;
  CurvePoint second = first;
  second.epoch = 2;
  second.held_out_auc = 0.9875;
  const std::string text = FormatCurves({first, second});
  const auto read = ParseCurves(text);
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_EQ(read->size(), 2u);
  EXPECT_EQ((*read)[0].held_out_auc, absl::nullopt);
  EXPECT_EQ((*read)[1].held_out_auc, 0.9875);
  EXPECT_EQ(FormatCurves(*read), text);
}

TEST(CurvesTest, ALineThatIsNoneIsNamed) {
  std::string text = FormatCurves({CurvePoint()});
  text += "2,1,128\n";
  const auto read = ParseCurves(text);
  EXPECT_EQ(read.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(read.status().message()), testing::HasSubstr("line 3"));
  EXPECT_FALSE(ParseCurves("epoch,loss\n").ok());
  EXPECT_FALSE(ParseCurves("").ok());
}

}  // namespace
}  // namespace camnode
