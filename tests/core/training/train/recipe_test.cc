#include "core/training/train/recipe.h"

#include <fstream>
#include <functional>
#include <iterator>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace camnode {
namespace {

namespace v1 = camnode::training::v1;
using ::testing::HasSubstr;

std::string RecipeText(const std::string& model) {
  std::ifstream file(std::string(CAMNODE_MODELS) + "/" + model + "/recipe.textproto");
  return std::string((std::istreambuf_iterator<char>(file)), {});
}

TEST(RecipeTest, TheShippedRecipesAreRight) {
  for (const char* model : {"resnet18", "efficientnet_b0", "densenet121", "resnet34"}) {
    const auto recipe = ParseRecipe(RecipeText(model));
    ASSERT_TRUE(recipe.ok()) << model << ": " << recipe.status();
    const auto again = ParseRecipe(FormatRecipe(*recipe));
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_EQ(again->SerializeAsString(), recipe->SerializeAsString());
  }
}

TEST(RecipeTest, AWrongFieldIsNamed) {
  struct Case {
    const char* name;
    std::function<void(v1::Recipe&)> spoil;
  };
  const Case cases[] = {
      {"classes", [](v1::Recipe& r) { r.mutable_classes(0)->set_name("PNEUMONIA"); }},
      {"reported_label", [](v1::Recipe& r) { r.mutable_manifest()->set_reported_label("x"); }},
      {"loss", [](v1::Recipe& r) { r.set_loss(v1::LOSS_CROSS_ENTROPY); }},
      {"sampling", [](v1::Recipe& r) { r.clear_sampling(); }},
      {"optimizer", [](v1::Recipe& r) { r.clear_optimizer(); }},
      {"precision", [](v1::Recipe& r) { r.set_precision(camnode::model::v1::FLOAT16); }},
      {"stages", [](v1::Recipe& r) { r.clear_stages(); }},
      {"epochs", [](v1::Recipe& r) { r.mutable_stages(0)->set_epochs(0); }},
      {"learning_rate", [](v1::Recipe& r) { r.mutable_stages(0)->set_learning_rate(-1); }},
      {"half_cycle_epochs",
       [](v1::Recipe& r) { r.mutable_stages(0)->set_schedule(v1::SCHEDULE_CYCLIC); }},
      {"min_scale", [](v1::Recipe& r) { r.mutable_augmentation()->set_min_scale(2.0); }},
      {"sharpen_probability",
       [](v1::Recipe& r) { r.mutable_augmentation()->set_sharpen_probability(0.8); }},
      {"held_out_fold", [](v1::Recipe& r) { r.set_held_out_fold(5); }},
      {"class_weights", [](v1::Recipe& r) { r.add_class_weights(2.0); }},
      {"population", [](v1::Recipe& r) { r.mutable_manifest()->clear_population(); }},
  };
  const auto recipe = ParseRecipe(RecipeText("resnet18"));
  ASSERT_TRUE(recipe.ok()) << recipe.status();
  for (const Case& c : cases) {
    v1::Recipe spoilt = *recipe;
    c.spoil(spoilt);
    const absl::Status status = CheckRecipe(spoilt);
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << c.name;
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.name));
  }
}

TEST(RecipeTest, AWrongNumberIsToldWithItsPlaceAndWhatItMayBe) {
  auto recipe = ParseRecipe(RecipeText("resnet18"));
  ASSERT_TRUE(recipe.ok()) << recipe.status();
  recipe->mutable_stages(1)->set_learning_rate(-0.5);
  recipe->mutable_augmentation()->set_flip(2.0);
  recipe->set_held_out_fold(7);
  const std::string message(CheckRecipe(*recipe).message());
  EXPECT_THAT(message, HasSubstr("stages[1].learning_rate is -0.5, not 1e-09 to 10; "));
  EXPECT_THAT(message, HasSubstr("augmentation.flip is 2, not 0 to 1; "));
  EXPECT_THAT(message, HasSubstr("held_out_fold is 7, not 0 to folds - 1 = 4"));
}

TEST(RecipeTest, AMisspeltValueIsToldWithThoseThereAre) {
  const std::string message(ParseRecipe("folds: 2\nloss: LOSS_FOKAL").status().message());
  EXPECT_THAT(message, HasSubstr("2:1"));
  EXPECT_THAT(message,
              HasSubstr("one of LOSS_BINARY_CROSS_ENTROPY, LOSS_CROSS_ENTROPY, LOSS_FOCAL"));
}

TEST(RecipeTest, AnUnknownFieldIsRefusedWithItsPlace) {
  const auto recipe = ParseRecipe("manifest {\n  speed: 3\n}\n");
  EXPECT_EQ(recipe.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(recipe.status().message()), HasSubstr("2:8"));
  EXPECT_THAT(std::string(recipe.status().message()), HasSubstr("architecture"))
      << "what the message may hold";
}

}  // namespace
}  // namespace camnode
