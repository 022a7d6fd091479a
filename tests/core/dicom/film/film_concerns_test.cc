#include "core/dicom/film/film_concerns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

namespace camnode {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr AgeLimits kChildren = {1, 5};

InstanceHeader Film() {
  InstanceHeader header;
  header.view_position = "PA";
  header.age_years = 3;
  return header;
}

std::vector<std::string> Codes(const std::vector<AnalysisFlag>& flags) {
  std::vector<std::string> codes;
  for (const AnalysisFlag& flag : flags) codes.push_back(flag.code);
  return codes;
}

template <typename Change>
std::vector<std::string> CodesFor(Change change) {
  InstanceHeader header = Film();
  change(header);
  return Codes(FindHeaderConcerns(header, kChildren));
}

TEST(FilmConcernsTest, AFrontalFilmOfTheRightAgeRaisesNone) {
  EXPECT_THAT(CodesFor([](InstanceHeader&) {}), IsEmpty());
}

TEST(FilmConcernsTest, AViewMayBeSaidInManyPlaces) {
  const auto without_view = [](auto change) {
    return CodesFor([&](InstanceHeader& h) {
      h.view_position = "";
      change(h);
    });
  };
  EXPECT_THAT(without_view([](InstanceHeader&) {}), ElementsAre("VIEW_UNKNOWN"));
  EXPECT_THAT(without_view([](InstanceHeader& h) { h.patient_orientation = "L\\F"; }), IsEmpty());
  EXPECT_THAT(without_view([](InstanceHeader& h) { h.patient_position = "AP"; }), IsEmpty());
  EXPECT_THAT(without_view([](InstanceHeader& h) { h.descriptions = {"Chest p.a."}; }), IsEmpty());
  EXPECT_THAT(without_view([](InstanceHeader& h) { h.descriptions = {"W034 Chest PA"}; }),
              IsEmpty());
  EXPECT_THAT(without_view([](InstanceHeader& h) {
                h.view_code = {"R-10206", "SRT", ""};
              }),
              IsEmpty());
  EXPECT_THAT(without_view([](InstanceHeader& h) { h.patient_position = "HFS"; }),
              ElementsAre("VIEW_UNKNOWN"));
}

TEST(FilmConcernsTest, AgesArePartOfTheRangeAtBothEnds) {
  const auto aged = [](absl::optional<int> years) {
    return CodesFor([&](InstanceHeader& h) { h.age_years = years; });
  };
  EXPECT_THAT(aged(0), ElementsAre("AGE_OUT_OF_RANGE"));
  EXPECT_THAT(aged(1), IsEmpty());
  EXPECT_THAT(aged(5), IsEmpty());
  EXPECT_THAT(aged(6), ElementsAre("AGE_OUT_OF_RANGE"));
  EXPECT_THAT(aged(absl::nullopt), ElementsAre("AGE_UNKNOWN"));
}

TEST(FilmConcernsTest, NobodyAsksForAnAgeWhereNoModelHasARange) {
  InstanceHeader header = Film();
  header.age_years.reset();
  EXPECT_THAT(FindHeaderConcerns(header, absl::nullopt), IsEmpty());
  EXPECT_THAT(Codes(FindPictureConcerns(absl::nullopt)), ElementsAre("VIEW_UNKNOWN"));
  EXPECT_THAT(Codes(FindPictureConcerns(kChildren)), ElementsAre("VIEW_UNKNOWN", "AGE_UNKNOWN"));
}

TEST(FilmConcernsTest, NoTextSaysThePatientsAge) {
  InstanceHeader header = Film();
  header.age_years = 81;
  const auto concerns = FindHeaderConcerns(header, kChildren);
  ASSERT_EQ(concerns.size(), 1u);
  EXPECT_EQ(concerns[0].text.find("81"), std::string::npos);
}

TEST(FilmConcernsTest, EachCodeHasAResponseOfItsOwn) {
  EligibilityPolicy policy;
  policy.view_unknown = policy.age_unknown = policy.age_out_of_range = policy.inverted =
      policy.rotated = policy.outlier = EligibilityResponse::kIgnore;
  const std::pair<const char*, EligibilityResponse EligibilityPolicy::*> codes[] = {
      {"VIEW_UNKNOWN", &EligibilityPolicy::view_unknown},
      {"AGE_UNKNOWN", &EligibilityPolicy::age_unknown},
      {"AGE_OUT_OF_RANGE", &EligibilityPolicy::age_out_of_range},
      {"INVERTED", &EligibilityPolicy::inverted},
      {"ROTATED", &EligibilityPolicy::rotated},
      {"OUTLIER", &EligibilityPolicy::outlier}};
  for (const auto& [code, member] : codes) {
    EligibilityPolicy one = policy;
    one.*member = EligibilityResponse::kRefuse;
    for (const auto& [other, ignored] : codes) {
      EXPECT_EQ(ResponseTo(other, one) == EligibilityResponse::kRefuse, std::string(other) == code)
          << code << " " << other;
    }
  }
}

}  // namespace
}  // namespace camnode
