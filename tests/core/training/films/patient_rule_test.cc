#include "core/training/films/patient_rule.h"

#include <gmock/gmock.h>

#include "core/training/films/patient_patterns.h"

namespace camnode {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(PatientRuleTest, WhatIsAskedForIsAllThatCounts) {
  const PatientRule rule = ChoosePatientRule({"(p1)"}, {"(p2)"});
  EXPECT_THAT(rule.patterns, ElementsAre("(p1)"));
  EXPECT_THAT(rule.words, HasSubstr("--patient-pattern"));
  EXPECT_THAT(rule.words, Not(HasSubstr("a patient of its own")));
}

TEST(PatientRuleTest, ElseTheRecipesComeBeforeTheUsualPatternsThatLeaveNobodyWithoutAPatient) {
  const PatientRule rule = ChoosePatientRule({}, {"(p2)", "(p3)"});
  ASSERT_EQ(rule.patterns.size(), 2 + UsualPatientPatterns().size());
  EXPECT_EQ(rule.patterns[0], "(p2)");
  EXPECT_EQ(rule.patterns[1], "(p3)");
  EXPECT_EQ(rule.patterns.back(), kOwnPatientPattern);
  EXPECT_THAT(rule.words, HasSubstr("a patient of its own"));
}

}  // namespace
}  // namespace camnode
