#include "core/training/films/csv.h"

#include <gmock/gmock.h>

#include <cstddef>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Every record's fields; "LINE:" before them.
absl::StatusOr<std::vector<std::vector<std::string>>> ReadAll(const std::string& text) {
  std::istringstream input(text);
  CsvReader reader(input);
  std::vector<std::vector<std::string>> records;
  while (true) {
    absl::StatusOr<CsvRecord> record = reader.Next();
    if (!record.ok()) return record.status();
    if (record->line == 0) return records;
    record->fields.insert(record->fields.begin(), absl::StrCat(record->line, ":"));
    records.push_back(record->fields);
  }
}

TEST(CsvReaderTest, ReadsRecordsWithEitherLineEndAndWithoutTheLast) {
  EXPECT_THAT(ReadAll("a,b\nc,d\r\ne,f"),
              IsOkAndHolds(ElementsAre(ElementsAre("1:", "a", "b"), ElementsAre("2:", "c", "d"),
                                       ElementsAre("3:", "e", "f"))));
}

TEST(CsvReaderTest, SkipsAByteOrderMarkAndEmptyLines) {
  EXPECT_THAT(ReadAll("\xEF\xBB\xBF\n\na\r\n\r\nb\n\n"),
              IsOkAndHolds(ElementsAre(ElementsAre("3:", "a"), ElementsAre("5:", "b"))));
  EXPECT_THAT(ReadAll(""), IsOkAndHolds(ElementsAre()));
}

TEST(CsvReaderTest, KeepsEmptyFields) {
  EXPECT_THAT(ReadAll(",a,\n\"\",\n"),
              IsOkAndHolds(ElementsAre(ElementsAre("1:", "", "a", ""), ElementsAre("2:", "", ""))));
}

TEST(CsvReaderTest, QuotedFieldsHoldCommasQuotesAndLineEnds) {
  EXPECT_THAT(ReadAll("\"a,b\",\"say \"\"x\"\"\",\"two\r\nlines\"\nnext"),
              IsOkAndHolds(ElementsAre(ElementsAre("1:", "a,b", "say \"x\"", "two\r\nlines"),
                                       ElementsAre("3:", "next"))));
}

TEST(CsvReaderTest, NamesTheLineThatCannotBeUnderstood) {
  const auto refused = [](const std::string& text, const char* message) {
    EXPECT_THAT(ReadAll(text), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(message)))
        << text;
  };
  refused("a\nb\"c\n", "line 2: a quote inside");
  refused("a\n\"b\"c\n", "line 2: text after a closing quote");
  refused("a\n\"b\n\n", "line 2: a quote that is not closed");
  refused("a\rb\n", "line 1: a carriage return");
  refused("a\n\rb\n", "line 2: a carriage return");
  refused(std::string("a\n\0b", 4), "line 2: a NUL byte");
  refused(std::string("a\n\"\0b\"", 6), "line 2: a NUL byte");
}

TEST(CsvReaderTest, RefusesARecordLongerThanItsLimit) {
  const auto limit = static_cast<size_t>(CsvReader::kMaxRecordBytes);
  EXPECT_THAT(ReadAll(absl::StrCat("a\n", std::string(limit, 'b'))), IsOk());
  for (const std::string& record : {std::string(limit + 1, 'b'), std::string(limit + 1, ','),
                                    "\"" + std::string(limit + 1, 'b')}) {
    EXPECT_THAT(ReadAll(absl::StrCat("a\n", record)),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("line 2: longer")));
  }
}

}  // namespace
}  // namespace camnode
