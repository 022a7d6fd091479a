#include "core/training/train/film_division.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

namespace v1 = camnode::training::v1;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Two films of each patient, both of one class; weights 0, 1, 2 and so on.
Dataset Films(int count) {
  Dataset dataset;
  dataset.classes = {"NORMAL", "PNEUMONIA"};
  for (int i = 0; i < count; ++i) {
    LabelledFilm& film = dataset.films.emplace_back();
    film.name = film.sha256 = absl::StrCat("film", i);
    film.patient = absl::StrCat("patient", i / 2);
    film.class_index = i / 2 % 2;
    film.columns["weight"] = absl::StrCat(i);
  }
  return dataset;
}

v1::Recipe RecipeWith(int folds, int held_out_fold, v1::Sampling sampling) {
  v1::Recipe recipe;
  recipe.set_seed(7);
  recipe.set_folds(folds);
  recipe.set_held_out_fold(held_out_fold);
  recipe.set_sampling(sampling);
  return recipe;
}

// A column of examinations called "patient", perhaps.
TEST(FilmDivisionTest, RefusesToTearApartWhomTheHeadersKnowToBeOne) {
  Dataset dataset = Films(24);
  for (LabelledFilm& film : dataset.films) film.header_patient = absl::StrCat("of ", film.patient);
  EXPECT_THAT(DivideFilms(dataset, RecipeWith(3, 0, v1::SAMPLING_BALANCED)), IsOk());
  dataset.films[9].header_patient = dataset.films[2].header_patient;
  EXPECT_THAT(DivideFilms(dataset, RecipeWith(3, 0, v1::SAMPLING_BALANCED)),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("film 'film2' and film 'film9' have the same Patient ID")));
  EXPECT_THAT(DivideFilms(dataset, RecipeWith(0, 0, v1::SAMPLING_BALANCED)), IsOk())
      << "nobody is held out";
}

TEST(FilmDivisionTest, HoldsOutEachPatientInOneFold) {
  const Dataset dataset = Films(24);
  std::vector<int> times_held_out(dataset.films.size(), 0);
  for (int fold = 0; fold < 3; ++fold) {
    const auto division = DivideFilms(dataset, RecipeWith(3, fold, v1::SAMPLING_BALANCED));
    ASSERT_THAT(division, IsOk());
    ASSERT_THAT(division->held_out, SizeIs(8));
    ASSERT_THAT(division->training, SizeIs(16));
    for (const size_t film : division->held_out) ++times_held_out[film];
    for (size_t i = 0; i < division->training.size(); ++i) {
      EXPECT_EQ(division->training_classes[i], dataset.films[division->training[i]].class_index);
    }
    for (size_t i = 0; i < division->held_out.size(); i += 2) {
      EXPECT_EQ(dataset.films[division->held_out[i]].patient,
                dataset.films[division->held_out[i + 1]].patient);
    }
  }
  EXPECT_THAT(times_held_out, testing::Each(1));
}

// A run under way, and runs over the folds of one recipe, rely on it.
TEST(FilmDivisionTest, ASeedHoldsOutTheSameFilmsForEver) {
  const auto division = DivideFilms(Films(24), RecipeWith(3, 0, v1::SAMPLING_BALANCED));
  ASSERT_THAT(division, IsOk());
  EXPECT_THAT(division->held_out, ElementsAre(6, 7, 10, 11, 16, 17, 20, 21));
}

TEST(FilmDivisionTest, WithoutFoldsTrainsOnEveryFilm) {
  const auto division = DivideFilms(Films(4), RecipeWith(0, 0, v1::SAMPLING_EVERY_FILM));
  ASSERT_THAT(division, IsOk());
  EXPECT_THAT(division->training, ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(division->classes, ElementsAre(0, 0, 1, 1));
  EXPECT_THAT(division->held_out, IsEmpty());
  EXPECT_THAT(division->training_weights, IsEmpty());
}

TEST(FilmDivisionTest, WeighsTrainingFilmsByTheirColumn) {
  const auto division = DivideFilms(Films(24), RecipeWith(3, 1, v1::SAMPLING_WEIGHTED));
  ASSERT_THAT(division, IsOk());
  ASSERT_THAT(division->training_weights, SizeIs(16));
  for (size_t i = 0; i < division->training.size(); ++i) {
    EXPECT_EQ(division->training_weights[i], static_cast<double>(division->training[i]));
  }
}

TEST(FilmDivisionTest, RefusesWeightsThatAreNone) {
  const v1::Recipe recipe = RecipeWith(0, 0, v1::SAMPLING_WEIGHTED);
  for (const char* weight : {"", "heavy", "-0.5", "nan", "inf"}) {
    Dataset dataset = Films(4);
    dataset.films[2].columns["weight"] = weight;
    EXPECT_THAT(DivideFilms(dataset, recipe),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("film2")))
        << weight;
  }
  Dataset dataset = Films(4);
  dataset.films[3].columns.clear();
  EXPECT_THAT(DivideFilms(dataset, recipe),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("film3")));
  for (LabelledFilm& film : dataset.films) film.columns["weight"] = "0";
  EXPECT_THAT(DivideFilms(dataset, recipe),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("above 0")));
}

}  // namespace
}  // namespace camnode
