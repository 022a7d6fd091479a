#include "core/training/films/folds.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/training/films/dataset.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/test_data.h"

namespace camnode {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::SizeIs;

void Add(Dataset& dataset, const std::string& patient, int class_index, const std::string& bytes) {
  LabelledFilm film;
  film.name = absl::StrCat("film", dataset.films.size());
  film.patient = patient;
  film.class_index = class_index;
  film.sha256 = bytes;
  dataset.films.push_back(film);
}

// 300 patients with 1 to 7 films each, a third of them of the second class; every
// twentieth has films of both.
Dataset ManyPatients() {
  Dataset dataset;
  dataset.classes = {"NORMAL", "PNEUMONIA"};
  for (int patient = 0; patient < 300; ++patient) {
    for (int film = 0; film <= patient * 5 % 7; ++film) {
      const int class_index = patient % 20 == 0 ? film % 2 : patient % 3 == 0;
      Add(dataset, absl::StrCat("p", patient), class_index, absl::StrCat(patient, "/", film));
    }
  }
  return dataset;
}

// [class][fold]
std::vector<std::vector<int>> CountFilms(const Dataset& dataset, const std::vector<int>& fold_of,
                                         int folds) {
  std::vector<std::vector<int>> counts(dataset.classes.size(), std::vector<int>(folds));
  for (size_t i = 0; i < fold_of.size(); ++i) ++counts[dataset.films[i].class_index][fold_of[i]];
  return counts;
}

void ExpectEven(const Dataset& dataset, const std::vector<int>& fold_of, int folds,
                int most_apart) {
  for (const std::vector<int>& counts : CountFilms(dataset, fold_of, folds)) {
    const auto [least, most] = std::minmax_element(counts.begin(), counts.end());
    EXPECT_LE(*most - *least, most_apart) << ::testing::PrintToString(counts);
  }
}

void ExpectNothingTorn(const Dataset& dataset, const std::vector<int>& fold_of) {
  std::map<std::string, std::set<int>> folds_of_patient, folds_of_bytes;
  for (size_t i = 0; i < fold_of.size(); ++i) {
    folds_of_patient[dataset.films[i].patient].insert(fold_of[i]);
    folds_of_bytes[dataset.films[i].sha256].insert(fold_of[i]);
  }
  for (const auto& [patient, folds] : folds_of_patient) EXPECT_THAT(folds, SizeIs(1)) << patient;
  for (const auto& [bytes, folds] : folds_of_bytes) EXPECT_THAT(folds, SizeIs(1)) << bytes;
}

TEST(AssignFoldsTest, SpreadsEveryClassEvenlyAndTearsNoPatient) {
  const Dataset dataset = ManyPatients();
  for (const uint64_t seed : {0, 1, 2, 3}) {
    const absl::StatusOr<std::vector<int>> folds = AssignFolds(dataset, 5, seed);
    ASSERT_THAT(folds, IsOk());
    ExpectNothingTorn(dataset, *folds);
    ExpectEven(dataset, *folds, 5, 1);
  }
}

TEST(AssignFoldsTest, KeepsPatientsTogetherThatShareAFilmAlsoThroughAThird) {
  Dataset dataset = ManyPatients();
  Add(dataset, "p1", 0, "shared by p1 and p2");
  Add(dataset, "p2", 0, "shared by p1 and p2");
  Add(dataset, "p2", 0, "shared by p2 and p4");
  Add(dataset, "p4", 0, "shared by p2 and p4");
  for (uint64_t seed = 0; seed < 8; ++seed) {
    const absl::StatusOr<std::vector<int>> folds = AssignFolds(dataset, 5, seed);
    ASSERT_THAT(folds, IsOk());
    ExpectNothingTorn(dataset, *folds);
    EXPECT_EQ((*folds)[folds->size() - 4], (*folds)[folds->size() - 1]);
  }
}

TEST(AssignFoldsTest, TheSeedDecidesAndNothingElse) {
  Dataset dataset = ManyPatients();
  for (int i = 0; i < 50; ++i) {
    Add(dataset, absl::StrCat("p", i), 0, absl::StrCat("shared by two ", i));
    Add(dataset, absl::StrCat("p", 299 - i), 0, absl::StrCat("shared by two ", i));
  }
  const std::vector<int> folds = AssignFolds(dataset, 5, 7).value();
  EXPECT_EQ(AssignFolds(dataset, 5, 7).value(), folds);
  EXPECT_NE(AssignFolds(dataset, 5, 8).value(), folds);

  Dataset reversed = dataset;
  std::reverse(reversed.films.begin(), reversed.films.end());
  std::vector<int> reversed_folds = AssignFolds(reversed, 5, 7).value();
  std::reverse(reversed_folds.begin(), reversed_folds.end());
  EXPECT_EQ(reversed_folds, folds) << "films listed in another order";
}

TEST(AssignFoldsTest, TheFoldsOfASeedStayWhatTheyAre) {
  // A recipe that names fold 2 of seed 1 means these films for ever.  Computed from the
  // description in Python.
  Dataset dataset;
  dataset.classes = {"NORMAL", "PNEUMONIA"};
  for (int i = 0; i < 12; ++i) Add(dataset, absl::StrCat("p", i / 2), i / 6, absl::StrCat(i));
  EXPECT_THAT(AssignFolds(dataset, 3, 1),
              IsOkAndHolds(::testing::ElementsAre(0, 0, 1, 1, 2, 2, 0, 0, 2, 2, 1, 1)));
}

TEST(AssignFoldsTest, EveryFoldHasFilms) {
  Dataset dataset;
  dataset.classes = {"NORMAL", "PNEUMONIA"};
  for (int i = 0; i < 4; ++i) Add(dataset, absl::StrCat("p", i), i / 3, absl::StrCat(i));
  const std::vector<int> folds = AssignFolds(dataset, 4, 1).value();
  EXPECT_THAT(std::set<int>(folds.begin(), folds.end()), SizeIs(4));
  EXPECT_THAT(AssignFolds(dataset, 1, 1), IsOkAndHolds(Each(0)));
}

TEST(AssignFoldsTest, RefusesFewerPatientsThanFolds) {
  Dataset dataset;
  dataset.classes = {"NORMAL"};
  for (int i = 0; i < 9; ++i) Add(dataset, absl::StrCat("p", i % 3), 0, absl::StrCat(i));
  EXPECT_THAT(AssignFolds(dataset, 3, 1), IsOk());
  EXPECT_THAT(AssignFolds(dataset, 4, 1),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("4 folds of 3 patients")));
}

TEST(AssignFoldsTest, DividesThePublicFilmsByPatient) {
  CAMNODE_NEEDS_TEST_DATA("kermany224");
  DatasetOptions options;
  options.path = TestDataPath("kermany224");
  options.patient_patterns = {R"((person\d+_(?:bacteria|virus)))", R"((NORMAL2-IM-\d+))",
                              R"((IM-\d+))"};
  const absl::StatusOr<Dataset> dataset = ReadDataset(options);
  ASSERT_THAT(dataset, IsOk());
  ASSERT_THAT(dataset->films, SizeIs(5232));
  std::set<std::string> patients, bytes;
  for (const LabelledFilm& film : dataset->films) {
    patients.insert(film.patient);
    bytes.insert(film.sha256);
  }
  EXPECT_EQ(patients.size(), 3669);
  EXPECT_EQ(bytes.size(), 5232 - 26) << "26 films are copies of others";
  for (const int folds : {3, 5, 10}) {
    const absl::StatusOr<std::vector<int>> fold_of = AssignFolds(*dataset, folds, 1);
    ASSERT_THAT(fold_of, IsOk());
    ExpectNothingTorn(*dataset, *fold_of);
    ExpectEven(*dataset, *fold_of, folds, 1);
  }
}

}  // namespace
}  // namespace camnode
