#include "core/storage/sql/database_uri.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libpq-fe.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// What libpq takes for `keyword`.
std::string Parsed(const std::string& uri, absl::string_view keyword) {
  const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> options(
      PQconninfoParse(uri.c_str(), nullptr), PQconninfoFree);
  for (const PQconninfoOption* option = options.get();
       option != nullptr && option->keyword != nullptr; ++option) {
    if (option->keyword == keyword) return option->val == nullptr ? "" : option->val;
  }
  return "";
}

TEST(DatabaseUriTest, APasswordIsFoundWhereverLibpqFindsIt) {
  for (const char* uri :
       {"postgresql://me:secret@db/camnode", "postgresql://me:%73@db", "postgresql://db?password=x",
        "postgresql://db/camnode?user=me&password=x", "postgresql://db/?sslpassword=x",
        "postgresql://me:@a:1,b:2/x?sslmode=require&password=y"}) {
    EXPECT_THAT(HoldsPassword(uri), IsOkAndHolds(true)) << uri;
  }
  for (const char* uri : {"postgresql://me@db/camnode", "postgresql://db",
                          "postgresql:///camnode?host=/run/postgresql", "postgresql://me:@db",
                          "postgresql://db/password", "postgresql://db?passfile=/etc/pw",
                          "sqlite:/data/me:secret@db"}) {
    EXPECT_THAT(HoldsPassword(uri), IsOkAndHolds(false)) << uri;
  }
}

TEST(DatabaseUriTest, WhatLibpqCannotReadIsNotQuoted) {
  for (const char* uri : {"postgresql://me:hidden@[::1", "postgresql://db?hidden=1",
                          "postgresql://me:hidden%zz@db"}) {
    EXPECT_THAT(HoldsPassword(uri),
                StatusIs(absl::StatusCode::kInvalidArgument, Not(HasSubstr("hidden"))))
        << uri;
  }
}

TEST(DatabaseUriTest, ThePasswordThatIsPutInIsTheOneThatLibpqReads) {
  const std::string password = "p&w=?#/:@%20 +\xC3\xBC'\"\\";
  for (const char* uri :
       {"postgresql://me@db/camnode", "postgresql://db?sslmode=require", "postgresql:///camnode"}) {
    const std::string whole = WithPassword(uri, password);
    EXPECT_EQ(Parsed(whole, "password"), password) << uri;
    for (const char* other : {"user", "host", "dbname", "sslmode"}) {
      EXPECT_EQ(Parsed(whole, other), Parsed(uri, other)) << uri << " " << other;
    }
  }
}

}  // namespace
}  // namespace camnode
