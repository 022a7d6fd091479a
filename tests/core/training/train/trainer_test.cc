// Trains small networks for real, on drawn films.
// Also: averaged_network, batch_loader, batch_scores, held_out_films, training_state.

#include "core/training/train/trainer.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <ios>
#include <iterator>
#include <opencv2/imgproc.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/sha256.h"
#include "core/domain/radiograph.h"
#include "core/training/train/out_of_fold.h"
#include "core/training/train/recipe.h"
#include "core/training/train/run_curves.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace camnode {
namespace {

namespace fs = std::filesystem;
namespace v1 = camnode::training::v1;
using ::testing::HasSubstr;

constexpr char kRecipe[] = R"pb(
  manifest {
    name: "drawn"
    version: "1"
    architecture: "resnet18"
    reported_label: "disc"
    output_activation: OUTPUT_ACTIVATION_SIGMOID
    preprocessing {
      input_size: 32
      geometry: GEOMETRY_SQUASH
      intensity: INTENSITY_POLICY_FILE
      mean: [ 0.5, 0.5, 0.5 ]
      standard_deviation: [ 0.25, 0.25, 0.25 ]
    }
    population: "drawn"
    intended_use: "Tests."
    training_data: "Drawn."
  }
  classes { name: "EMPTY" label: "empty" }
  classes { name: "DISC" label: "disc" }
  loss: LOSS_BINARY_CROSS_ENTROPY
  sampling: SAMPLING_BALANCED
  optimizer: OPTIMIZER_ADAMW
  weight_decay: 0.01
  average_decay: 0.9
  precision: FLOAT32
  stages { epochs: 2 image_size: 32 batch_size: 8 learning_rate: 2e-3 schedule: SCHEDULE_ONE_CYCLE }
  stages { epochs: 1 image_size: 48 batch_size: 8 learning_rate: 5e-4 schedule: SCHEDULE_COSINE }
  augmentation { rotation_degrees: 10 shift: 0.1 log_gamma: 0.2 max_noise_levels: 4 }
  seed: 7
  folds: 4
  held_out_fold: 1
)pb";

// A gray square, and in films named "...1" a bright disc in it.
absl::StatusOr<Radiograph> Draw(const std::string& path) {
  const int number = std::stoi(fs::path(path).stem().string());
  Radiograph film;
  film.presentation = cv::Mat1b(64, 64, static_cast<uint8_t>(60 + number % 7 * 10));
  if (number % 2 == 1) {
    cv::circle(film.presentation, {20 + number % 24, 20 + number * 5 % 24}, 9, cv::Scalar(230), -1);
  }
  return film;
}

Dataset DrawnFilms(int count) {
  Dataset dataset;
  dataset.classes = {"EMPTY", "DISC"};
  for (int i = 0; i < count; ++i) {
    LabelledFilm& film = dataset.films.emplace_back();
    film.name = film.path = absl::StrFormat("%03d.png", i);
    film.split = "train";
    film.class_index = i % 2;
    film.patient = absl::StrCat("p", i / 2);
    film.sha256 = Sha256Hex(film.name);
  }
  dataset.digest = absl::StrCat("drawn", count);
  return dataset;
}

v1::Recipe RecipeOf(const std::string& text) {
  absl::StatusOr<v1::Recipe> recipe = ParseRecipe(text);
  EXPECT_TRUE(recipe.ok()) << recipe.status();
  return *recipe;
}

std::string Bytes(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string((std::istreambuf_iterator<char>(file)), {});
}

class TrainerTest : public testing::Test {
 protected:
  TrainerTest() {
    std::string pattern = (fs::path(testing::TempDir()) / "trainer_test.XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~TrainerTest() override { fs::remove_all(folder_); }

  TrainingOptions OptionsFor(const std::string& run) const {
    TrainingOptions options;
    options.run_directory = (folder_ / run).string();
    options.threads = 1;
    options.program_version = "test";
    return options;
  }

  fs::path folder_;
};

TEST_F(TrainerTest, LearnsWhatTheFilmsShow) {
  v1::Recipe recipe = RecipeOf(kRecipe);
  recipe.mutable_stages(0)->set_epochs(5);
  const absl::StatusOr<ModelFolder> model = Train(recipe, DrawnFilms(96), Draw, OptionsFor("run"));
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(model->manifest.training_data_digest(), "drawn96");
  const absl::StatusOr<TrainingRun> run = ReadTrainingRun((folder_ / "run").string());
  ASSERT_TRUE(run.ok()) << run.status();
  ASSERT_EQ(run->curves.size(), 6u);
  EXPECT_GT(*run->curves.back().held_out_auc, 0.95);
  EXPECT_EQ(run->curves.back().image_size, 48);
  // As serving scores them: every fourth patient's two films.
  const auto held_out = ReadOutOfFold({(folder_ / "run" / "held_out.csv").string()}, "DISC");
  ASSERT_TRUE(held_out.ok()) << held_out.status();
  EXPECT_EQ(held_out->films.size(), 24u);
}

TEST_F(TrainerTest, EndsWithTheSameBitsWhenItWasKilledAtAnyStep) {
  const v1::Recipe recipe = RecipeOf(kRecipe);
  const Dataset films = DrawnFilms(48);
  ASSERT_TRUE(Train(recipe, films, Draw, OptionsFor("whole")).ok());
  // In the midst of the first epoch of four steps, and in the last step of all.
  for (const auto& [epoch, step] : std::vector<std::pair<int, int>>{{1, 3}, {3, 4}}) {
    const std::string run = absl::StrCat("killed", epoch, step);
    const pid_t child = fork();
    if (child == 0) {
      TrainingOptions options = OptionsFor(run);
      options.progress = [killed_epoch = epoch,
                          killed_step = step](const TrainingProgress& progress) {
        if (progress.phase == TrainingProgress::Phase::kTraining &&
            progress.epoch.epoch == killed_epoch && progress.done == killed_step) {
          raise(SIGKILL);
        }
      };
      Train(recipe, films, Draw, options).IgnoreError();
      _exit(0);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the run was not killed";
    ASSERT_FALSE(fs::exists(folder_ / run / "model"));
    const auto model = Train(recipe, films, Draw, OptionsFor(run));
    ASSERT_TRUE(model.ok()) << model.status();
    for (const char* file : {"model/weights.safetensors", "model/manifest.textproto",
                             "held_out.csv", "checkpoint-000003.safetensors"}) {
      EXPECT_EQ(Sha256Hex(Bytes(folder_ / run / file)), Sha256Hex(Bytes(folder_ / "whole" / file)))
          << run << " " << file;
    }
  }
}

TEST_F(TrainerTest, AnotherSeedGivesOtherWeights) {
  v1::Recipe recipe = RecipeOf(kRecipe);
  recipe.mutable_stages()->DeleteSubrange(1, 1);
  recipe.mutable_stages(0)->set_epochs(1);
  ASSERT_TRUE(Train(recipe, DrawnFilms(32), Draw, OptionsFor("a")).ok());
  recipe.set_seed(8);
  ASSERT_TRUE(Train(recipe, DrawnFilms(32), Draw, OptionsFor("b")).ok());
  EXPECT_NE(Bytes(folder_ / "a/model/weights.safetensors"),
            Bytes(folder_ / "b/model/weights.safetensors"));
}

TEST_F(TrainerTest, TrainsTwoOutputsThatExcludeEachOther) {
  v1::Recipe recipe = RecipeOf(kRecipe);
  recipe.mutable_manifest()->set_output_activation(camnode::model::v1::OUTPUT_ACTIVATION_SOFTMAX);
  recipe.set_loss(v1::LOSS_CROSS_ENTROPY);
  recipe.set_optimizer(v1::OPTIMIZER_ADAM);
  recipe.mutable_stages(0)->set_schedule(v1::SCHEDULE_CYCLIC);
  recipe.mutable_stages(0)->set_half_cycle_epochs(1);
  const auto model = Train(recipe, DrawnFilms(48), Draw, OptionsFor("run"));
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_THAT(model->manifest.labels(), testing::ElementsAre("empty", "disc"));
  EXPECT_EQ(model->manifest.reported_label(), "disc");
}

TEST_F(TrainerTest, RefusesToGoOnWithAnotherRecipeOrOtherFilms) {
  v1::Recipe recipe = RecipeOf(kRecipe);
  recipe.mutable_stages()->DeleteSubrange(1, 1);
  recipe.mutable_stages(0)->set_epochs(1);
  ASSERT_TRUE(Train(recipe, DrawnFilms(32), Draw, OptionsFor("run")).ok());
  const auto others = Train(recipe, DrawnFilms(34), Draw, OptionsFor("run"));
  EXPECT_EQ(others.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(others.status().message()), HasSubstr("data_digest"));
  recipe.set_weight_decay(0.02);
  const auto changed = Train(recipe, DrawnFilms(32), Draw, OptionsFor("run"));
  EXPECT_THAT(std::string(changed.status().message()), HasSubstr("recipe_sha256"));
}

TEST_F(TrainerTest, SaysWhereTheLossLeftTheNumbers) {
  v1::Recipe recipe = RecipeOf(kRecipe);
  recipe.set_optimizer(v1::OPTIMIZER_SGD);
  recipe.mutable_stages(0)->set_learning_rate(10.0);
  recipe.mutable_stages(0)->set_schedule(v1::SCHEDULE_CONSTANT);
  recipe.mutable_stages(0)->set_epochs(40);
  recipe.set_momentum(0.99);
  recipe.set_weight_decay(10.0);
  const auto model = Train(recipe, DrawnFilms(32), Draw, OptionsFor("run"));
  EXPECT_EQ(model.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(model.status().message()), HasSubstr("learning_rate"));
}

TEST_F(TrainerTest, RefusesAClassOfWhichNoFilmIsLeftToTrainWith) {
  // All discs are of one patient, and some fold has to be the one with that patient.
  Dataset films = DrawnFilms(32);
  for (LabelledFilm& film : films.films) {
    film.patient = film.class_index == 1 ? "one" : film.name;
  }
  v1::Recipe recipe = RecipeOf(kRecipe);
  recipe.mutable_stages(0)->set_batch_size(64);  // Ends the others, which could be trained.
  int refused = 0;
  for (int fold = 0; fold < recipe.folds(); ++fold) {
    recipe.set_held_out_fold(fold);
    const auto model = Train(recipe, films, Draw, OptionsFor("run"));
    const std::string message(model.status().message());
    if (absl::StrContains(message, "batch_size")) continue;
    ++refused;
    EXPECT_THAT(message, HasSubstr(absl::StrCat("no film of class 'DISC' is left to train with: "
                                                "all are of patients in the held-out fold ",
                                                fold)));
  }
  EXPECT_EQ(refused, 1);
}

TEST_F(TrainerTest, RefusesABatchLargerThanTheFilms) {
  v1::Recipe recipe = RecipeOf(kRecipe);
  recipe.mutable_stages(1)->set_batch_size(64);
  const auto model = Train(recipe, DrawnFilms(32), Draw, OptionsFor("run"));
  EXPECT_EQ(model.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(model.status().message()),
              HasSubstr("stages[1].batch_size is 64, but there are only 24 films"));
  EXPECT_FALSE(fs::exists(folder_ / "run")) << "told before the first stage";
}

}  // namespace
}  // namespace camnode
