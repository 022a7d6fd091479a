#include "core/storage/sql/named_parameters.h"

#include <gmock/gmock.h>

namespace camnode {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(NamedParametersTest, NumbersByFirstAppearance) {
  const NumberedStatement statement =
      NumberParameters("UPDATE t SET a = :new, b = :now WHERE id=:id AND c < :now");
  EXPECT_EQ(statement.sql, "UPDATE t SET a = $1, b = $2 WHERE id=$3 AND c < $2");
  EXPECT_THAT(statement.names, ElementsAre("new", "now", "id"));
}

TEST(NamedParametersTest, ANameEndsWhereItsCharactersEnd) {
  const NumberedStatement statement = NumberParameters("(:a_1,:a)");
  EXPECT_EQ(statement.sql, "($1,$2)");
  EXPECT_THAT(statement.names, ElementsAre("a_1", "a"));
}

TEST(NamedParametersTest, LeavesQuotesAndCastsAlone) {
  for (const char* sql : {"SELECT ':a'", "SELECT 'it''s :a'", "SELECT \":a\"", "SELECT x::text",
                          "SELECT ': '", "SELECT a :", "SELECT 'open :a"}) {
    EXPECT_EQ(NumberParameters(sql).sql, sql);
    EXPECT_THAT(NumberParameters(sql).names, IsEmpty()) << sql;
  }
}

}  // namespace
}  // namespace camnode
