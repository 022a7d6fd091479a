#include "core/pipeline/output_identity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

namespace camnode {
namespace {

Uid MakeUid(const std::string& text) { return Uid::Parse(text).value(); }

OutputRecipe SomeRecipe() {
  return {"overlay", "resnet18", "side=1024 alpha=0.4", "float32", "cpu", "d1", 1};
}

const std::vector<OutputSource> kSource = {{MakeUid("1.2.3"), "aa"}};

TEST(OutputIdentityTest, TheSameWorkIsTheSameObject) {
  EXPECT_EQ(RecipeDigest(SomeRecipe()), RecipeDigest(SomeRecipe()));
  EXPECT_EQ(DeriveSopInstanceUid(kSource, "models", "thresholds", "recipe"),
            DeriveSopInstanceUid(kSource, "models", "thresholds", "recipe"));
}

TEST(OutputIdentityTest, AnyFieldOfTheRecipeMakesAnotherDigest) {
  std::set<std::string> digests = {RecipeDigest(SomeRecipe())};
  const auto add = [&](auto change) {
    OutputRecipe recipe = SomeRecipe();
    change(recipe);
    EXPECT_TRUE(digests.insert(RecipeDigest(recipe)).second) << "change " << digests.size();
  };
  add([](OutputRecipe& r) { r.kind = "panel"; });
  add([](OutputRecipe& r) { r.model = "densenet121"; });
  add([](OutputRecipe& r) { r.options = "side=1024 alpha=0.5"; });
  add([](OutputRecipe& r) { r.precision = "bfloat16"; });
  add([](OutputRecipe& r) { r.device_class = "cuda"; });
  add([](OutputRecipe& r) { r.preprocessing = "d2"; });
  add([](OutputRecipe& r) { r.writer_version = 2; });
}

TEST(OutputIdentityTest, TextMovedFromOneFieldToTheNextMakesAnotherDigest) {
  OutputRecipe one = SomeRecipe();
  one.kind = "overlayres";
  one.model = "net18";
  OutputRecipe other = SomeRecipe();
  other.kind = "overlay";
  other.model = "resnet18";
  EXPECT_NE(RecipeDigest(one), RecipeDigest(other));
}

TEST(OutputIdentityTest, AnyPartOfTheWorkMakesAnotherObject) {
  std::set<Uid> uids;
  const auto add = [&](const std::vector<OutputSource>& sources, const std::string& models,
                       const std::string& thresholds, const std::string& recipe) {
    const Uid uid = DeriveSopInstanceUid(sources, models, thresholds, recipe);
    EXPECT_TRUE(uids.insert(uid).second) << "change " << uids.size();
    EXPECT_LE(uid.text().size(), 64u);
  };
  add(kSource, "m", "t", "r");
  add({{MakeUid("1.2.4"), "aa"}}, "m", "t", "r");
  add({{MakeUid("1.2.3"), "bb"}}, "m", "t", "r");
  add({kSource[0], {MakeUid("1.2.4"), "aa"}}, "m", "t", "r");
  add(kSource, "m2", "t", "r");
  add(kSource, "m", "t2", "r");
  add(kSource, "m", "t", "r2");
  EXPECT_EQ(uids.count(DeriveSeriesUid(kSource, "m", "t", "r")), 0) << "not an object's";
}

TEST(OutputIdentityTest, TheOrderOfSourcesMakesNoDifference) {
  const OutputSource a = {MakeUid("1.2.3"), "aa"};
  const OutputSource b = {MakeUid("1.2.4"), "bb"};
  EXPECT_EQ(DeriveSopInstanceUid({a, b}, "m", "t", "r"),
            DeriveSopInstanceUid({b, a}, "m", "t", "r"));
  EXPECT_EQ(DeriveSeriesUid({a, b}, "m", "t", "r"), DeriveSeriesUid({b, a}, "m", "t", "r"));
}

TEST(OutputIdentityTest, ASeriesHoldsOneRecipeOfOneSourceByOneModelSet) {
  const Uid series = DeriveSeriesUid(kSource, "m", "t", "r");
  EXPECT_EQ(series, DeriveSeriesUid(kSource, "m", "t", "r"));
  EXPECT_NE(series, DeriveSeriesUid(kSource, "m", "t", "r2"));
  EXPECT_NE(series, DeriveSeriesUid(kSource, "m", "t2", "r"));
  EXPECT_NE(series, DeriveSeriesUid(kSource, "m2", "t", "r"));
  EXPECT_NE(series, DeriveSeriesUid({{MakeUid("1.2.4"), "aa"}}, "m", "t", "r"));
}

TEST(OutputIdentityTest, ARetrainedModelIsAnotherDevice) {
  EXPECT_EQ(DeriveModelDeviceUid("w1"), DeriveModelDeviceUid("w1"));
  EXPECT_NE(DeriveModelDeviceUid("w1"), DeriveModelDeviceUid("w2"));
}

// What archives hold must never change its name by accident.  The values were
// worked out apart from this code, from SHA-256 of the length-prefixed fields.
TEST(OutputIdentityTest, UidsOfReleasedObjectsStayAsTheyWere) {
  EXPECT_EQ(
      DeriveSopInstanceUid(kSource, "models", "thresholds", RecipeDigest(SomeRecipe())).text(),
      "2.25.131506225611809818048665782696053044655");
  EXPECT_EQ(DeriveSeriesUid(kSource, "models", "thresholds", RecipeDigest(SomeRecipe())).text(),
            "2.25.140846039356872371061909382890520222460");
}

}  // namespace
}  // namespace camnode
