#include "services/ctl/table.h"

#include <gtest/gtest.h>

#include "absl/time/time.h"

namespace camnode {
namespace {

TEST(CtlTableTest, AlignsColumnsAndLeavesNoTrailingBlanks) {
  Table table({"A", "LONG HEADING", "C"});
  table.AddRow({"wide cell", "x", ""});
  table.AddRow({"y", "z", "end"});

  EXPECT_EQ(table.ToString("  "),
            "  A          LONG HEADING  C\n"
            "  wide cell  x\n"
            "  y          z             end\n");
}

TEST(CtlTableTest, TextsOfPeersCannotSteerTheTerminal) {
  EXPECT_EQ(Printable("a\x1b[2Jb\nc\x7f\xc3\xa9"), "a?[2Jb?c???");
  EXPECT_EQ(Printable(std::string(600, 'x')), std::string(500, 'x') + "...");
}

TEST(CtlTableTest, WritesSizesInPowersOfAThousand) {
  EXPECT_EQ(SizeText(0), "0 B");
  EXPECT_EQ(SizeText(999), "999 B");
  EXPECT_EQ(SizeText(1'000), "1.0 KB");
  EXPECT_EQ(SizeText(12'345'678), "12.3 MB");
  EXPECT_EQ(SizeText(int64_t{5'000'000'000'000'000}), "5000.0 TB");
}

TEST(CtlTableTest, WritesSpansInOneUnit) {
  EXPECT_EQ(SpanText(absl::Seconds(-5)), "0 s");
  EXPECT_EQ(SpanText(absl::Seconds(119)), "119 s");
  EXPECT_EQ(SpanText(absl::Seconds(120)), "2 min");
  EXPECT_EQ(SpanText(absl::Hours(2)), "2 h");
  EXPECT_EQ(SpanText(absl::Hours(50)), "2 days");
}

TEST(CtlTableTest, WritesTimesInTheZoneAndADashForNone) {
  google::protobuf::Timestamp time;
  EXPECT_EQ(TimeText(time, absl::UTCTimeZone()), "-");
  time.set_seconds(1'700'000'000);
  EXPECT_EQ(TimeText(time, absl::UTCTimeZone()), "2023-11-14 22:13:20");
  EXPECT_EQ(TimeText(time, absl::FixedTimeZone(3600)), "2023-11-14 23:13:20");
}

}  // namespace
}  // namespace camnode
