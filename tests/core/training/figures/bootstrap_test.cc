#include "core/training/figures/bootstrap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <set>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/training/films/random_generator.h"
#include "tests/core/training/figures/scored_films.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Weighted share of the positives whose score is above 0.
absl::optional<double> SensitivityUnder(const std::vector<ScoredFilm>& films,
                                        const std::vector<double>& weights) {
  double found = 0.0;
  double all = 0.0;
  for (std::size_t i = 0; i < films.size(); ++i) {
    if (!films[i].positive) continue;
    all += weights[i];
    if (films[i].logit > 0.0) found += weights[i];
  }
  if (!(all > 0.0)) return absl::nullopt;
  return found / all;
}

// 100 positive films of which 80 are found, `per_patient` equal ones a patient.
std::vector<ScoredFilm> EightyOfAHundred(int per_patient) {
  std::vector<ScoredFilm> films;
  for (int i = 0; i < 100; ++i) films.push_back(FilmOfLogit(true, i < 80 ? 1.0 : -1.0));
  films = Named(films);
  for (int i = 0; i < 100; ++i) films[i].patient = absl::StrCat("p", i / per_patient);
  return films;
}

absl::StatusOr<Interval> SensitivityInterval(const std::vector<ScoredFilm>& films,
                                             const BootstrapOptions& options = {}) {
  return BootstrapInterval(
      films, [&](const std::vector<double>& weights) { return SensitivityUnder(films, weights); },
      options);
}

TEST(RandomGeneratorTest, IsSplitMix64) {
  RandomGenerator random(0);  // Vigna's reference implementation gives these.
  EXPECT_EQ(random.Next(), 0xe220a8397b1dcdafu);
  EXPECT_EQ(random.Next(), 0x6e789e6aa1b965f4u);
  EXPECT_EQ(random.Next(), 0x06c45d188009454fu);
}

TEST(RandomGeneratorTest, BelowIsUniformAndUniformIsBelowOne) {
  RandomGenerator random(7, 1);
  int counts[6] = {};
  double sum = 0.0;
  for (int i = 0; i < 60000; ++i) {
    ++counts[random.Below(6)];
    const double u = random.Uniform();
    ASSERT_TRUE(u >= 0.0 && u < 1.0);
    sum += u;
  }
  // Five deviations: sqrt(60000 * 5 / 36) = 91, and sqrt(1 / 12 / 60000) = 0.0012.
  for (const int count : counts) EXPECT_NEAR(count, 10000, 457);
  EXPECT_NEAR(sum / 60000, 0.5, 0.006);
  EXPECT_EQ(random.Below(1), 0u);
}

TEST(RandomGeneratorTest, StreamsShareNoNumbers) {
  std::set<uint64_t> numbers;
  for (uint64_t stream = 0; stream < 100; ++stream) {
    RandomGenerator random(1, stream);
    for (int i = 0; i < 100; ++i) numbers.insert(random.Next());
  }
  EXPECT_EQ(numbers.size(), 10000u);
}

TEST(RandomGeneratorTest, ShuffleGivesEveryOrderAsOften) {
  RandomGenerator random(3);
  std::map<std::vector<int>, int> counts;
  for (int i = 0; i < 6000; ++i) {
    std::vector<int> items = {1, 2, 3};
    Shuffle(items, random);
    ++counts[items];
  }
  ASSERT_EQ(counts.size(), 6u);
  // Five deviations: sqrt(6000 * 5 / 36) = 29.
  for (const auto& [order, count] : counts) EXPECT_NEAR(count, 1000, 145);
}

TEST(PatientResamplerTest, DrawsWholePatientsAndKeepsTheStrata) {
  std::vector<ScoredFilm> films = Named(std::vector<ScoredFilm>(6));
  // Patients a (positive, and a negative film), b (positive), c, d (negative).
  const char* patients[] = {"a", "a", "b", "c", "c", "d"};
  for (int i = 0; i < 6; ++i) {
    films[i].patient = patients[i];
    films[i].weight = i + 1.0;
  }
  films[0].positive = films[2].positive = true;
  const PatientResampler resampler(films, 3);
  EXPECT_EQ(resampler.patients(), 4);
  std::set<double> seen;
  std::vector<double> weights;
  for (int round = 0; round < 100; ++round) {
    resampler.Draw(round, &weights);
    const double a = weights[0] / 1.0;
    const double b = weights[2] / 3.0;
    const double c = weights[3] / 4.0;
    const double d = weights[5] / 6.0;
    EXPECT_EQ(weights[1] / 2.0, a);
    EXPECT_EQ(weights[4] / 5.0, c);
    EXPECT_EQ(a + b, 2.0);
    EXPECT_EQ(c + d, 2.0);
    seen.insert(a);
  }
  EXPECT_THAT(seen, ElementsAre(0.0, 1.0, 2.0));
}

TEST(PatientResamplerTest, ARoundIsTheSameWhoeverAsksAndInWhateverOrder) {
  const auto films = EightyOfAHundred(1);
  std::vector<double> first, later, again;
  PatientResampler(films, 5).Draw(9, &first);
  const PatientResampler resampler(films, 5);
  resampler.Draw(10, &later);
  resampler.Draw(9, &again);
  EXPECT_EQ(first, again);
  EXPECT_NE(first, later);
  PatientResampler(films, 6).Draw(9, &again);
  EXPECT_NE(first, again);
}

// The binomial's 2.5th and 97.5th percentiles of 100 draws at 0.8 are 72 and 87.
TEST(BootstrapTest, TheIntervalOfAShareIsTheBinomials) {
  const auto interval = SensitivityInterval(EightyOfAHundred(1));
  ASSERT_THAT(interval, IsOk());
  EXPECT_DOUBLE_EQ(interval->estimate, 0.8);
  EXPECT_NEAR(interval->low, 0.72, 0.0101);
  EXPECT_NEAR(interval->high, 0.87, 0.0101);
}

// Ten patients of ten equal films: 10 draws at 0.8 have percentiles 5 (P(<= 4) = 0.006,
// P(<= 5) = 0.033) and 10.
TEST(BootstrapTest, FilmsOfOnePatientDoNotCountAsIndependent) {
  const auto interval = SensitivityInterval(EightyOfAHundred(10));
  ASSERT_THAT(interval, IsOk());
  EXPECT_NEAR(interval->low, 0.5, 1e-9);
  EXPECT_NEAR(interval->high, 1.0, 1e-9);
}

TEST(BootstrapTest, ConfidenceAndSeedAreHeeded) {
  const auto films = EightyOfAHundred(1);
  BootstrapOptions narrow;
  narrow.confidence = 0.5;
  EXPECT_GT(SensitivityInterval(films, narrow)->low, SensitivityInterval(films)->low);
  EXPECT_LT(SensitivityInterval(films, narrow)->high, SensitivityInterval(films)->high);
  EXPECT_EQ(AucInterval(Twelve(true))->low, AucInterval(Twelve(true))->low);
  BootstrapOptions other;
  other.seed = 2;
  EXPECT_NE(AucInterval(Twelve(true))->low, AucInterval(Twelve(true), Score::kLogit, other)->low);
}

TEST(BootstrapTest, TheAucIntervalIsOfTheWeightedAuc) {
  const auto interval = AucInterval(Twelve(true));
  ASSERT_THAT(interval, IsOk());
  EXPECT_DOUBLE_EQ(interval->estimate, *Auc(Twelve(true)));
  EXPECT_LT(interval->low, interval->estimate);
  EXPECT_GT(interval->high, interval->estimate);
}

TEST(BootstrapTest, AModelDoesNotDifferFromItself) {
  const auto same = AucDifference(Twelve(true), Twelve(true));
  ASSERT_THAT(same, IsOk());
  EXPECT_EQ(same->low, 0.0);
  EXPECT_EQ(same->high, 0.0);

  auto better = Twelve(true);
  for (ScoredFilm& film : better) film.logit += film.positive ? 9.0 : 0.0;
  const auto difference = AucDifference(better, Twelve(true));
  ASSERT_THAT(difference, IsOk());
  EXPECT_DOUBLE_EQ(difference->estimate, 1.0 - *Auc(Twelve(true)));
  EXPECT_GT(difference->high, difference->estimate);

  auto others = Twelve(true);
  others[4].patient = "somebody else";
  EXPECT_THAT(AucDifference(others, Twelve(true)), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(BootstrapTest, RoundsInWhichAFigureIsNotDefinedAreLeftOut) {
  // One patient of two holds all that defines the figure: a quarter of the rounds lacks him.
  auto films = Named({FilmOfLogit(true, 1.0), FilmOfLogit(true, -1.0)});
  const auto interval = BootstrapInterval(films, [](const std::vector<double>& weights) {
    return weights[0] > 0.0 ? absl::optional<double>(weights[0]) : absl::nullopt;
  });
  ASSERT_THAT(interval, IsOk());
  EXPECT_EQ(interval->low, 1.0);
  EXPECT_EQ(interval->high, 2.0);
}

TEST(BootstrapTest, RefusesAFigureThatIsNotDefinedAndOptionsOutOfRange) {
  const auto films = EightyOfAHundred(1);
  const auto never = [](const std::vector<double>&) -> absl::optional<double> {
    return absl::nullopt;
  };
  EXPECT_THAT(BootstrapInterval(films, never), StatusIs(absl::StatusCode::kInvalidArgument));
  const auto nan = [](const std::vector<double>&) -> absl::optional<double> {
    return std::numeric_limits<double>::quiet_NaN();
  };
  EXPECT_THAT(BootstrapInterval(films, nan), StatusIs(absl::StatusCode::kInvalidArgument));
  int calls = 0;
  const auto once = [&calls](const std::vector<double>&) -> absl::optional<double> {
    return ++calls == 1 ? absl::optional<double>(1.0) : absl::nullopt;
  };
  EXPECT_THAT(BootstrapInterval(films, once),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("most bootstrap rounds")));
  BootstrapOptions options;
  options.rounds = 0;
  EXPECT_THAT(SensitivityInterval(films, options), StatusIs(absl::StatusCode::kInvalidArgument));
  options = {};
  options.confidence = 1.0;
  EXPECT_THAT(SensitivityInterval(films, options), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(QuantileTest, InterpolatesAsNumpyDoes) {
  EXPECT_DOUBLE_EQ(Quantile({4.0, 1.0, 3.0, 2.0}, 0.5), 2.5);
  EXPECT_DOUBLE_EQ(Quantile({4.0, 1.0, 3.0, 2.0}, 0.1), 1.3);
  EXPECT_DOUBLE_EQ(Quantile({4.0, 1.0, 3.0, 2.0}, 1.0), 4.0);
  EXPECT_DOUBLE_EQ(Quantile({5.0}, 0.3), 5.0);
}

}  // namespace
}  // namespace camnode
