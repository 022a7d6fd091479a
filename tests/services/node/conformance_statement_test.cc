// The conformance statement in scp/README.md says what the program says.
// Also: part_options, scp/conformance.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>

#include "absl/status/status.h"
#include "scp/conformance.h"
#include "scp/wire/dcmtk_setup.h"
#include "scp/wire/dimse_status.h"
#include "services/config/config.h"
#include "services/node/part_options.h"
#include "tests/testing/status_matchers.h"

namespace camnode {
namespace {

using ::testing::HasSubstr;

std::string Readme() {
  std::ifstream file("scp/README.md");
  return std::string(std::istreambuf_iterator<char>(file), {});
}

TEST(ConformanceStatementTest, TheReadmeHoldsWhatTheProgramPrints) {
  ASSERT_THAT(SetUpDcmtkNetwork(), IsOk());
  const std::string tables = ConformanceTables(MakeConformanceSubject(Config{}));
  EXPECT_THAT(Readme(), HasSubstr("<!-- camnode --conformance -->\n\n" + tables +
                                  "\n<!-- end of camnode --conformance -->\n"))
      << "put the output of camnode --conformance between these two lines of scp/README.md";
}

TEST(ConformanceStatementTest, TheTablesFollowTheConfiguration) {
  ASSERT_THAT(SetUpDcmtkNetwork(), IsOk());
  Config config;
  config.dicom.acceptor.max_associations = 77;
  config.dicom.tls.require_peer_certificate = false;
  config.delivery.max_failures = 9;
  const std::string tables = ConformanceTables(MakeConformanceSubject(config));
  EXPECT_THAT(tables, HasSubstr("| associations at a time | 77 |"));
  EXPECT_THAT(tables, HasSubstr("if shown"));
  EXPECT_THAT(tables, HasSubstr("9 times in all"));
}

// Nothing in the node refuses with kPermissionDenied or kUnauthenticated.
TEST(ConformanceStatementTest, EveryStatusThatCanBeAnsweredHasARow) {
  for (int code = 0; code < static_cast<int>(absl::StatusCode::kUnauthenticated); ++code) {
    const auto status_code = static_cast<absl::StatusCode>(code);
    if (status_code == absl::StatusCode::kPermissionDenied) continue;
    const auto is_of_code = [&](const StoreAnswer& answer) {
      return answer.status == DimseStatusFor(status_code);
    };
    EXPECT_EQ(std::count_if(StoreAnswers().begin(), StoreAnswers().end(), is_of_code), 1) << code;
  }
}

}  // namespace
}  // namespace camnode
