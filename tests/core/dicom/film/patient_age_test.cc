#include "core/dicom/film/patient_age.h"

#include <gtest/gtest.h>

namespace camnode {
namespace {

absl::optional<int> Age(const char* age) { return PatientAgeYears(age, "", ""); }

TEST(PatientAgeTest, CountsCompletedYearsInEveryUnit) {
  EXPECT_EQ(Age("004Y"), 4);
  EXPECT_EQ(Age("4Y"), 4);
  EXPECT_EQ(Age("000D"), 0);
  EXPECT_EQ(Age("023M"), 1);
  EXPECT_EQ(Age("024M"), 2);
  EXPECT_EQ(Age("052W"), 0);  // 364 days.
  EXPECT_EQ(Age("053W"), 1);
  EXPECT_EQ(Age("365D"), 0);  // Of 365.25.
  EXPECT_EQ(Age("366D"), 1);
}

// "81", as real files have it, is 81 years, months, weeks or days.
TEST(PatientAgeTest, AnAgeWithoutUnitOrOfAnotherFormIsUnknown) {
  for (const char* age : {"", "81", "Y", "four", "-04Y", "4.5Y", "0004Y", "004y", "004X", "999Y"}) {
    EXPECT_EQ(Age(age), absl::nullopt) << age;
  }
}

TEST(PatientAgeTest, DatesSpeakWhereTheAgeIsSilent) {
  EXPECT_EQ(PatientAgeYears("", "20150610", "20210609"), 5);
  EXPECT_EQ(PatientAgeYears("", "20150610", "20210610"), 6);
  EXPECT_EQ(PatientAgeYears("81", "20200229", "20210228"), 0);
  EXPECT_EQ(PatientAgeYears("003Y", "20150610", "20210610"), 3) << "the age comes first";
}

TEST(PatientAgeTest, DatesThatCannotBeAreUnknown) {
  EXPECT_EQ(PatientAgeYears("", "20210610", "20150610"), absl::nullopt);
  EXPECT_EQ(PatientAgeYears("", "", "20150610"), absl::nullopt);
  EXPECT_EQ(PatientAgeYears("", "2015.06.10", "20210610"), absl::nullopt);
  EXPECT_EQ(PatientAgeYears("", "20151310", "20210610"), absl::nullopt);
  EXPECT_EQ(PatientAgeYears("", "00000000", "20210610"), absl::nullopt);
  EXPECT_EQ(PatientAgeYears("", "18000101", "20210610"), absl::nullopt);
}

}  // namespace
}  // namespace camnode
