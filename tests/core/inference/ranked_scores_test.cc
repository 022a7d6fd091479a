#include "core/inference/ranked_scores.h"

#include <gtest/gtest.h>

namespace camnode {
namespace {

// Ascending: n 0, {p 1, n 1}, p 2.
const RankedScores kFour({1.0, 2.0, 1.0, 0.0}, {true, true, false, false});

TEST(RankedScoresTest, ATieIsHalfAWin) {
  EXPECT_DOUBLE_EQ(kFour.AreaUnderRoc().value(), (0.5 + 1.0 + 1.0 + 1.0) / 4);
  EXPECT_DOUBLE_EQ(AreaUnderRoc({1.0, 2.0}, {1.0, 0.0}), (0.5 + 1.0 + 1.0 + 1.0) / 4);
}

TEST(RankedScoresTest, APairWeighsTheProductOfItsFilms) {
  // Pairs: p 1 and n 1 (3 * 2, half), p 1 and n 0 (3 * 1), p 2 with both (1 * 3).
  EXPECT_DOUBLE_EQ(kFour.AreaUnderRoc({3.0, 1.0, 2.0, 1.0}).value(),
                   (0.5 * 6.0 + 3.0 + 3.0) / (4.0 * 3.0));
}

TEST(RankedScoresTest, AWeightOfTwoIsTheFilmTwice) {
  const RankedScores twice({1.0, 1.0, 2.0, 1.0, 0.0}, {true, true, true, false, false});
  EXPECT_DOUBLE_EQ(kFour.AreaUnderRoc({2.0, 1.0, 1.0, 1.0}).value(), twice.AreaUnderRoc().value());
}

TEST(RankedScoresTest, IsNotDefinedWithoutBothKinds) {
  EXPECT_FALSE(kFour.AreaUnderRoc({0.0, 0.0, 1.0, 1.0}).has_value());
  EXPECT_FALSE(kFour.AreaUnderRoc({1.0, 1.0, 0.0, 0.0}).has_value());
  EXPECT_FALSE(RankedScores({}, {}).AreaUnderRoc().has_value());
  EXPECT_DOUBLE_EQ(AreaUnderRoc({}, {1.0}), 0.5);
}

}  // namespace
}  // namespace camnode
