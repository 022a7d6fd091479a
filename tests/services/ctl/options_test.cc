#include "services/ctl/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(CtlOptionsTest, OptionsMayStandAnywhereAndTakeEitherForm) {
  const auto options = ParseCtlOptions(
      {"--json", "render", "--model=resnet18", "1.2.3", "--alpha", "0.5", "--output", "a b.png"});

  ASSERT_THAT(options, IsOk());
  EXPECT_EQ(options->command, "render");
  EXPECT_THAT(options->arguments, ElementsAre("1.2.3"));
  EXPECT_TRUE(options->json);
  EXPECT_EQ(options->model, "resnet18");
  EXPECT_EQ(options->alpha, 0.5);
  EXPECT_EQ(options->output, "a b.png");
}

TEST(CtlOptionsTest, TwoDashesEndTheOptions) {
  const auto options = ParseCtlOptions({"analyze", "--deliver", "--", "--film.dcm", "-"});

  ASSERT_THAT(options, IsOk());
  EXPECT_TRUE(options->deliver);
  EXPECT_THAT(options->arguments, ElementsAre("--film.dcm", "-"));
}

TEST(CtlOptionsTest, DefaultsAreThoseOfTheUsage) {
  const auto options = ParseCtlOptions({"analyze", "film.dcm"});

  ASSERT_THAT(options, IsOk());
  EXPECT_TRUE(options->wait);
  EXPECT_FALSE(options->deliver);
  EXPECT_FALSE(options->json);
  EXPECT_FALSE(options->timeout.has_value());
  EXPECT_EQ(options->address, "");
}

TEST(CtlOptionsTest, ReadsNumbersAndTimes) {
  const auto watch = ParseCtlOptions({"watch", "--after", "0", "--count=3", "--timeout", "2.5"});
  ASSERT_THAT(watch, IsOk());
  EXPECT_EQ(watch->after, 0);
  EXPECT_EQ(watch->count, 3);
  EXPECT_EQ(watch->timeout, absl::Seconds(2.5));

  const auto requeue = ParseCtlOptions({"requeue", "7", "--delivery", "8", "--delivery", "9"});
  ASSERT_THAT(requeue, IsOk());
  EXPECT_THAT(requeue->arguments, ElementsAre("7"));
  EXPECT_THAT(requeue->deliveries, ElementsAre(8, 9));
}

TEST(CtlOptionsTest, HelpAndVersionNeedNothingElse) {
  for (const auto& line : std::vector<std::vector<std::string>>{
           {"--help"}, {"-h"}, {"help"}, {"get", "--help"}, {"render", "-h", "1.2"}}) {
    const auto options = ParseCtlOptions(line);
    ASSERT_THAT(options, IsOk());
    EXPECT_EQ(options->command, "help");
  }
  EXPECT_EQ(ParseCtlOptions({"--version"})->command, "version");
}

TEST(CtlOptionsTest, RefusesWhatItDoesNotUnderstandAndSaysWhat) {
  const struct {
    std::vector<std::string> line;
    std::string said;
  } mistakes[] = {
      {{}, "no command"},
      {{"frobnicate"}, "frobnicate"},
      {{"list", "extra"}, "list wants no argument"},
      {{"get"}, "get wants the UID"},
      {{"get", "1", "2"}, "got 2"},
      {{"analyze"}, "at least one file"},
      {{"render", "1.2.3"}, "--output"},
      {{"list", "--colour", "red"}, "--colour"},
      {{"list", "--model", "resnet18"}, "list knows no option --model"},
      {{"list", "--limit"}, "--limit wants a value"},
      {{"list", "--limit", "0"}, "--limit wants a whole number from 1"},
      {{"list", "--limit", "1e3"}, "--limit"},
      {{"list", "--limit", "99999999999999999999"}, "--limit"},
      {{"list", "--timeout", "-1"}, "--timeout"},
      {{"list", "--timeout", "inf"}, "--timeout"},
      {{"list", "--json=yes"}, "--json wants no value"},
      {{"render", "1", "--output", "x", "--alpha", "1.1"}, "--alpha"},
      {{"render", "1", "--output", "x", "--alpha", "nan"}, "--alpha"},
      {{"requeue", "--delivery", "x"}, "--delivery"},
      {{"list", "--address", "a:1", "--config", "b"}, "only one"},
  };
  for (const auto& mistake : mistakes) {
    EXPECT_THAT(ParseCtlOptions(mistake.line),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(mistake.said)));
  }
}

TEST(CtlOptionsTest, TheUsageNamesEveryCommandAndOption) {
  for (const char* word : {"list",      "get",       "watch",
                           "analyze",   "render",    "requeue",
                           "status",    "doctor",    "--study",
                           "--limit",   "--after",   "--count",
                           "--no-wait", "--deliver", "--model",
                           "--alpha",   "--output",  "--delivery",
                           "--address", "--config",  "--data-directory",
                           "--json",    "--timeout"}) {
    EXPECT_THAT(CtlUsage(), HasSubstr(word));
  }
}

}  // namespace
}  // namespace camnode
