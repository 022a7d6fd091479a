// The whole measurement on networks whose answer is known.
// Also: explanation_sample, faithfulness.

#include "core/training/explanation/explanation_quality.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <opencv2/imgproc.hpp>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "core/domain/radiograph.h"
#include "core/training/explanation/baseline_maps.h"
#include "core/training/explanation/explanation_sample.h"
#include "core/training/report/explanations_json.h"
#include "tests/core/training/explanation/texture_model.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::HasSubstr;

// Film number n has texture in cell n of the border's twelve; "plain" has none.
constexpr int kCells[12][2] = {{0, 0}, {1, 0}, {2, 0}, {3, 0}, {3, 1}, {3, 2},
                               {3, 3}, {2, 3}, {1, 3}, {0, 3}, {0, 2}, {0, 1}};

absl::StatusOr<Radiograph> ReadSpot(const std::string& path) {
  if (path == "broken") return absl::DataLossError("no film");
  if (path == "everywhere") return TexturedFilm(cv::Rect(0, 0, kTextureCells, kTextureCells));
  int number = 0;
  if (!absl::SimpleAtoi(path, &number)) return TexturedFilm({});
  return TexturedFilm(cv::Rect(kCells[number][0], kCells[number][1], 1, 1));
}

LabelledFilm Film(const std::string& path, const std::string& patient) {
  LabelledFilm film;
  film.path = path;
  film.name = absl::StrCat(patient, "/", path);
  film.patient = patient;
  return film;
}

std::vector<LabelledFilm> SpotFilms() {
  std::vector<LabelledFilm> films;
  for (int i = 0; i < 12; ++i) films.push_back(Film(absl::StrCat(i), absl::StrCat("p", i)));
  return films;
}

ExplanationOptions Quick() {
  ExplanationOptions options;
  options.films = 12;
  options.randomisation_draws = 10;
  options.variant_films = 4;
  options.variants = {CamMethod::kHiResCam};
  options.curves.fill = FillKind::kBlur;  // Texture is what these networks look at.
  return options;
}

absl::StatusOr<ExplanationQuality> Measure(TextureModel& model,
                                           const std::vector<LabelledFilm>& films,
                                           const ExplanationOptions& options) {
  return MeasureExplanations(std::vector<ExplainedModel*>{&model}, films, ReadSpot, nullptr,
                             options);
}

TEST(ExplanationQualityTest, TheMapOfANetworkThatLooksAtTheSpotBeatsEveryBaseline) {
  TextureModel model(EqualWeights());
  const auto quality = Measure(model, SpotFilms(), Quick());
  ASSERT_THAT(quality, IsOk());
  const std::vector<MapFaithfulness>& maps = quality->models[0].faithfulness;
  ASSERT_EQ(maps.size(), 5u);
  EXPECT_EQ(maps[0].map, "gradcam");
  ASSERT_TRUE(maps[0].over.has_value());
  EXPECT_TRUE(maps[0].over->BeatsAll());
  EXPECT_GT(maps[0].over->mean_of_others.low, 0.2);
  EXPECT_EQ(maps[3].map, "mean_of_others");
  EXPECT_FALSE(maps[3].over.has_value());
  EXPECT_EQ(maps[4].map, "hirescam");
  EXPECT_EQ(maps[4].score.count, 4);
  EXPECT_TRUE(quality->models[0].randomisation.passed);
  EXPECT_EQ(quality->models[0].films_deleted_higher, 0);
  EXPECT_FALSE(quality->agreement.has_value()) << "one model has nobody to agree with";
}

// Painted elsewhere than where the network looks, a map beats nothing.
TEST(ExplanationQualityTest, APaintedMapBeatsNothingAndFailsRandomisation) {
  TextureModel model(EqualWeights());
  model.painted_map = CentreMap({kTextureCells, kTextureCells});
  model.ignores_weights = true;
  const auto quality = Measure(model, SpotFilms(), Quick());
  ASSERT_THAT(quality, IsOk());
  const MapFaithfulness& served = quality->models[0].faithfulness[0];
  EXPECT_FALSE(served.over->random.AboveZero());
  EXPECT_DOUBLE_EQ(served.over->centre.mean, 0.0);
  EXPECT_DOUBLE_EQ(served.over->mean_of_others.mean, 0.0) << "all maps are the same";
  EXPECT_FALSE(quality->models[0].randomisation.passed);
}

TEST(ExplanationQualityTest, TheMapOfANetworkThatLooksAtOneQuadrantLiesThere) {
  TextureModel model(QuadrantWeights());
  std::vector<LabelledFilm> films;
  for (int i = 0; i < 6; ++i) films.push_back(Film("everywhere", absl::StrCat("p", i)));
  const auto quality = Measure(model, films, Quick());
  ASSERT_THAT(quality, IsOk());
  const MapFaithfulness& served = quality->models[0].faithfulness[0];
  EXPECT_TRUE(served.over->random.AboveZero());
  EXPECT_TRUE(served.over->centre.AboveZero());
  const cv::Moments moments = cv::moments(quality->films[0].models[0].result.heatmap.values);
  EXPECT_LT(moments.m10 / moments.m00, 1.0);
  EXPECT_LT(moments.m01 / moments.m00, 1.0);
}

TEST(ExplanationQualityTest, TakesOneFilmAPatientOfThoseThatAreFoundPositive) {
  std::vector<LabelledFilm> films = SpotFilms();
  for (int i = 0; i < 5; ++i) films.push_back(Film(absl::StrCat(i), "p7"));
  films.push_back(Film("plain", "without finding"));
  TextureModel model(EqualWeights());
  const auto quality = Measure(model, films, Quick());
  ASSERT_THAT(quality, IsOk());
  std::vector<std::string> patients;
  for (const ExplainedFilm& film : quality->films) patients.push_back(film.patient);
  std::sort(patients.begin(), patients.end());
  EXPECT_EQ(patients.size(), 12u);
  EXPECT_EQ(std::unique(patients.begin(), patients.end()), patients.end());
  EXPECT_THAT(patients, ::testing::Not(::testing::Contains("without finding")));
  EXPECT_THAT(quality->sample, HasSubstr("12 films"));
}

TEST(ExplanationQualityTest, TheSampleDependsOnNamesAndSeedNotOnTheOrderGiven) {
  std::vector<LabelledFilm> films = SpotFilms();
  const std::vector<LabelledFilm> first = OneFilmAPatient(films, 1);
  std::reverse(films.begin(), films.end());
  const std::vector<LabelledFilm> second = OneFilmAPatient(films, 1);
  const std::vector<LabelledFilm> other = OneFilmAPatient(films, 2);
  const auto names = [](const std::vector<LabelledFilm>& list) {
    std::vector<std::string> all;
    for (const LabelledFilm& film : list) all.push_back(film.name);
    return all;
  };
  EXPECT_EQ(names(first), names(second));
  EXPECT_NE(names(first), names(other));
}

TEST(ExplanationQualityTest, GivesTheSameFiguresTwice) {
  TextureModel model(EqualWeights());
  const auto first = Measure(model, SpotFilms(), Quick());
  const auto second = Measure(model, SpotFilms(), Quick());
  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(ExplanationsJson(*first).dump(), ExplanationsJson(*second).dump());
  EXPECT_EQ(ExplainedFilmsJson(*first).dump(), ExplainedFilmsJson(*second).dump());
}

TEST(ExplanationQualityTest, TwoModelsThatLookAlikeAgree) {
  TextureModel one(EqualWeights());
  TextureModel other(EqualWeights());
  const auto quality = MeasureExplanations(std::vector<ExplainedModel*>{&one, &other}, SpotFilms(),
                                           ReadSpot, nullptr, Quick());
  ASSERT_THAT(quality, IsOk());
  ASSERT_TRUE(quality->agreement.has_value());
  EXPECT_EQ(quality->agreement->films, 12);
  EXPECT_DOUBLE_EQ(quality->agreement->median_overlap, 1.0);
  EXPECT_FALSE(quality->agreement->percentiles.has_value()) << "there is no null";
  EXPECT_EQ(quality->films[0].models.size(), 2u);
}

TEST(ExplanationQualityTest, SaysWhyThereIsNothingToMeasure) {
  using absl::StatusCode;
  TextureModel model(EqualWeights());
  std::vector<LabelledFilm> few = SpotFilms();
  few.resize(3);
  few.push_back(Film("plain", "q"));
  EXPECT_THAT(Measure(model, few, Quick()),
              StatusIs(StatusCode::kFailedPrecondition, HasSubstr("3 of 4 films")));
  EXPECT_THAT(Measure(model, {Film("broken", "p")}, Quick()),
              StatusIs(StatusCode::kDataLoss, HasSubstr("broken")));
  ExplanationOptions options = Quick();
  options.curves.steps = 1;
  EXPECT_THAT(Measure(model, SpotFilms(), options), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(
      MeasureExplanations(std::vector<ExplainedModel*>(), SpotFilms(), ReadSpot, nullptr, Quick()),
      StatusIs(StatusCode::kInvalidArgument));
}

TEST(ExplanationQualityTest, ItsJsonHasNoPathAndEveryPart) {
  TextureModel model(EqualWeights());
  const auto quality = Measure(model, SpotFilms(), Quick());
  ASSERT_THAT(quality, IsOk());
  const auto films = ExplainedFilmsJson(*quality);
  EXPECT_EQ(films.size(), 12u);
  EXPECT_FALSE(films[0].contains("path"));
  EXPECT_EQ(films[0]["models"][0]["heatmap"].size(), 4u);
  const auto json = ExplanationsJson(*quality);
  const auto& own = json["models"][0];
  EXPECT_TRUE(own["faithfulness"][0]["beats_all"]);
  EXPECT_TRUE(own["randomisation"]["passed"]);
  EXPECT_EQ(own["stability"].size(), 6u);
  EXPECT_EQ(own["lungs"]["mass"]["count"], 12);
}

}  // namespace
}  // namespace camnode
