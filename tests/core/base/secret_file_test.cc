#include "core/base/secret_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <ios>
#include <string>

#include "absl/status/status.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temporary_directory.h"

namespace camnode {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class SecretFileTest : public ::testing::Test {
 protected:
  std::string Write(const std::string& text, mode_t mode = 0600) const {
    std::ofstream(file_) << text;
    chmod(file_.c_str(), mode);
    return file_;
  }

  const TemporaryDirectory folder_;
  const std::string file_ = folder_.path() + "/secret";
};

TEST_F(SecretFileTest, OthersMayNotReadItAndTheGroupMayNotWrite) {
  for (const mode_t mode : {0600, 0400, 0640, 0440}) {
    EXPECT_THAT(CheckSecretFile(Write("x", mode)), IsOk()) << std::oct << mode;
  }
  for (const mode_t mode : {0604, 0602, 0601, 0620, 0610, 0644, 0666, 0777}) {
    EXPECT_THAT(CheckSecretFile(Write("x", mode)),
                StatusIs(absl::StatusCode::kFailedPrecondition,
                         AllOf(StartsWith(file_), HasSubstr("chmod 600 " + file_))))
        << std::oct << mode;
  }
}

TEST_F(SecretFileTest, SomebodyElsesIsRefusedWhateverItsMode) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  Write("x");
  ASSERT_EQ(chown(file_.c_str(), 65534, 65534), 0);
  EXPECT_THAT(CheckSecretFile(file_), StatusIs(absl::StatusCode::kFailedPrecondition,
                                               AllOf(StartsWith(file_), HasSubstr("user 65534"))));
}

TEST_F(SecretFileTest, WhatIsThereMustBeAFile) {
  EXPECT_THAT(CheckSecretFile(file_), StatusIs(absl::StatusCode::kNotFound, StartsWith(file_)));
  EXPECT_THAT(CheckSecretFile(folder_.path()),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("no regular file")));
}

TEST_F(SecretFileTest, ASecretIsOneLineWhicheverWayItEnds) {
  for (const char* text : {"p w%\xC3\xBC", "p w%\xC3\xBC\n", "p w%\xC3\xBC\r\n"}) {
    EXPECT_THAT(ReadSecretLine(Write(text)), IsOkAndHolds("p w%\xC3\xBC"));
  }
  for (const char* text : {"", "\n", "\nsecret", "one\ntwo"}) {
    EXPECT_THAT(ReadSecretLine(Write(text)),
                StatusIs(absl::StatusCode::kFailedPrecondition, StartsWith(file_)))
        << text;
  }
  EXPECT_THAT(ReadSecretLine(Write(std::string(4097, 'x'))),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("larger than 4096")));
  EXPECT_THAT(ReadSecretLine(Write("x", 0644)), StatusIs(absl::StatusCode::kFailedPrecondition));
}

}  // namespace
}  // namespace camnode
