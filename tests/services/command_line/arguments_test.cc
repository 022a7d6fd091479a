// Also: words.

#include "services/command_line/arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using absl::StatusCode;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr Option kOptions[] = {
    Option::Text("model", "DIR", "a model folder").Repeated(),
    Option::Text("output", "FILE", "where").Default("out.json"),
    Option::Flag("signed", "with signs"),
    Option::WholeNumber("draws", "NUMBER", "of weights", 2, 100).Default(7),
    Option::WholeNumber("job", "NUMBER", "of a job", 1).Repeated(),
    Option::Number("threshold", "P", "on the probability").Between(0.0, 1.0).Default(0.5),
    Option::Number("timeout", "SECONDS", "to wait").AboveZero(),
    Option::Choice("fill", "texture|blur|nothing", "of what is deleted").Default("texture"),
};
constexpr Command kDraw = {"draw", "Draws.", {"FILE...", 0, Operands::kMany, "files"}, kOptions};

absl::StatusOr<Arguments> Parse(const std::vector<std::string>& words) {
  return Arguments::Parse(kDraw, words);
}

TEST(ArgumentsTest, TakesOptionsInBothSpellingsAndLeavesOperandsInOrder) {
  const auto arguments =
      Parse({"a.dcm", "--model", "x", "--model=y", "b.png", "--signed", "-", "--", "--c.dcm"});
  ASSERT_THAT(arguments, IsOk());
  EXPECT_THAT(arguments->Texts("model"), ElementsAre("x", "y"));
  EXPECT_TRUE(arguments->Has("signed"));
  EXPECT_FALSE(arguments->Has("output"));
  EXPECT_THAT(arguments->operands(), ElementsAre("a.dcm", "b.png", "-", "--c.dcm"));
}

TEST(ArgumentsTest, AValueMayBeginWithADashOrHoldAnEqualsSign) {
  const auto arguments = Parse({"--output", "-1", "--model=NAME=FILE"});
  ASSERT_THAT(arguments, IsOk());
  EXPECT_EQ(arguments->Text("output"), "-1");
  EXPECT_THAT(arguments->Texts("model"), ElementsAre("NAME=FILE"));
}

TEST(ArgumentsTest, WhatIsNotGivenHasItsDefault) {
  const auto arguments = Parse({});
  ASSERT_THAT(arguments, IsOk());
  EXPECT_EQ(arguments->Text("output"), "out.json");
  EXPECT_EQ(arguments->TextOr("output", "other"), "other");
  EXPECT_EQ(arguments->WholeNumber("draws"), 7);
  EXPECT_EQ(arguments->Number("threshold"), 0.5);
  EXPECT_EQ(arguments->Text("fill"), "texture");
  EXPECT_THAT(arguments->Texts("model"), IsEmpty());
  EXPECT_THAT(arguments->WholeNumbers("job"), IsEmpty());
}

TEST(ArgumentsTest, TakesOnlyWholeNumbersInTheirRange) {
  EXPECT_EQ(Parse({"--draws", "2"})->WholeNumber("draws"), 2);
  EXPECT_EQ(Parse({"--draws", "100"})->WholeNumber("draws"), 100);
  for (const char* const wrong : {"1", "101", "2.5", "1e300", "many"}) {
    EXPECT_THAT(
        Parse({"--draws", wrong}),
        StatusIs(StatusCode::kInvalidArgument,
                 AllOf(HasSubstr("--draws wants a whole number from 2 to 100"), HasSubstr(wrong))))
        << wrong;
  }
  EXPECT_THAT(Parse({"--job", "9000000000", "--job", "2"})->WholeNumbers("job"),
              ElementsAre(9'000'000'000, 2));
  EXPECT_THAT(Parse({"--job", "99999999999999999999"}),
              StatusIs(StatusCode::kInvalidArgument, HasSubstr("a whole number from 1, not")));
}

TEST(ArgumentsTest, TakesOnlyFiniteNumbersInTheirRange) {
  EXPECT_EQ(Parse({"--threshold", "1"})->Number("threshold"), 1.0);
  for (const char* const wrong : {"1.1", "-0.1", "nan", "inf", "half"}) {
    EXPECT_THAT(Parse({"--threshold", wrong}),
                StatusIs(StatusCode::kInvalidArgument, HasSubstr("a number from 0 to 1, not")))
        << wrong;
  }
  EXPECT_EQ(Parse({"--timeout", "1e-3"})->Number("timeout"), 0.001);
  for (const char* const wrong : {"0", "-1", "inf"}) {
    EXPECT_THAT(Parse({"--timeout", wrong}),
                StatusIs(StatusCode::kInvalidArgument, HasSubstr("a number above 0, not")))
        << wrong;
  }
}

TEST(ArgumentsTest, TakesOnlyTheWordsOfAChoice) {
  EXPECT_EQ(Parse({"--fill", "blur"})->Text("fill"), "blur");
  for (const char* const wrong : {"Blur", "texture|blur", "blurred"}) {
    EXPECT_THAT(
        Parse({"--fill", wrong}),
        StatusIs(StatusCode::kInvalidArgument, HasSubstr("--fill wants texture, blur or nothing")))
        << wrong;
  }
}

TEST(ArgumentsTest, NamesTheOptionThatIsWrong) {
  const struct {
    std::vector<std::string> words;
    const char* said;
  } mistakes[] = {
      {{"--modle", "x"}, "draw knows no option --modle"},
      {{"--modle=x"}, "no option --modle"},
      {{"-model", "x"}, "no option -model"},
      {{"--=x"}, "no option --"},
      {{"--model"}, "--model wants a value"},
      {{"--model="}, "--model wants a value"},
      {{"--model", ""}, "--model wants a value"},
      {{"--signed=yes"}, "--signed wants no value, not 'yes'"},
      {{"--output", "x", "--output", "y"}, "--output is given twice"},
  };
  for (const auto& mistake : mistakes) {
    EXPECT_THAT(Parse(mistake.words),
                StatusIs(StatusCode::kInvalidArgument, HasSubstr(mistake.said)));
  }
}

TEST(ArgumentsTest, NamesWhatIsMissingAndWhatIsTooMuch) {
  constexpr Option kNeeded[] = {Option::Text("output", "FILE", "where").Required()};
  const Command one = {"get", "Gets.", {"UID", 1, 1, "the UID of a film"}, kNeeded};
  EXPECT_THAT(Arguments::Parse(one, {"1.2"}),
              StatusIs(StatusCode::kInvalidArgument, "--output FILE is missing"));
  EXPECT_THAT(Arguments::Parse(one, {"--output", "x"}),
              StatusIs(StatusCode::kInvalidArgument, "get wants the UID of a film, got 0"));
  EXPECT_THAT(Arguments::Parse(one, {"--output", "x", "1.2", "1.3"}),
              StatusIs(StatusCode::kInvalidArgument, "get wants the UID of a film, got 2 ('1.3')"));
}

TEST(ArgumentsDeathTest, AnOptionThatIsNotInTheTableIsAMistakeOfTheSource) {
  const auto arguments = Parse({});
  ASSERT_THAT(arguments, IsOk());
  EXPECT_DEATH(arguments->Text("colour"), "lacks --colour");
  EXPECT_DEATH(arguments->Number("draws"), "lacks --draws");
  EXPECT_DEATH(arguments->Number("timeout"), "no value for it");
}

}  // namespace
}  // namespace camnode
