// A file is there whole or not at all: checked by what reaches the disk, and in
// which order.
// Also: write_all.

#include "core/base/durable_file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <ios>
#include <sstream>

#include "tests/testing/faulty_file_calls.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temporary_directory.h"

namespace camnode {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return file ? bytes.str() : "(absent)";
}

bool Exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

class DurableFileTest : public ::testing::Test {
 protected:
  absl::Status WriteWhole(const std::string& bytes) {
    return WriteFileDurably(final_, bytes, calls_);
  }

  TemporaryDirectory directory_;
  const std::string part_ = directory_.path() + "/a.part";
  const std::string final_ = directory_.path() + "/a";
  FaultyFileCalls calls_;
};

TEST_F(DurableFileTest, SyncsTheBytesBeforeTheNameAndTheNameLast) {
  ASSERT_THAT(WriteWhole("film"), IsOk());
  EXPECT_THAT(calls_.log(), ElementsAre("open a.part", "write", "fsync", "rename a.part a",
                                        "open " + directory_.name(), "fsync"));
  EXPECT_EQ(Contents(final_), "film");
  EXPECT_FALSE(Exists(part_));
}

TEST_F(DurableFileTest, LetsTheDiskBeginWithALargeFileBeforeItIsWhole) {
  absl::StatusOr<DurableFile> file = DurableFile::Create(part_, calls_);
  ASSERT_THAT(file, IsOk());
  for (int i = 0; i < 5; ++i) ASSERT_THAT(file->Append(std::string(600'000, 'f')), IsOk());
  ASSERT_THAT(file->Sync(), IsOk());
  EXPECT_THAT(calls_.log(),
              ElementsAre("open a.part", "write", "write", "start-writing 0 1200000", "write",
                          "write", "start-writing 1200000 1200000", "write", "fsync"));
}

TEST_F(DurableFileTest, GoesOnAfterAShortWriteAndAnInterruption) {
  calls_.set_max_write_bytes(3);
  calls_.FailOnce("write", EINTR);
  ASSERT_THAT(WriteWhole("ten bytes!"), IsOk());
  EXPECT_EQ(Contents(final_), "ten bytes!");
}

TEST_F(DurableFileTest, EveryStepThatFailsIsReportedAndLeavesNoPartFile) {
  for (const char* step : {"open", "write", "fsync", "rename"}) {
    for (const int error : {ENOSPC, EDQUOT, EIO, EROFS}) {
      calls_.FailOnce(step, error);
      const absl::StatusCode code = error == ENOSPC || error == EDQUOT
                                        ? absl::StatusCode::kResourceExhausted
                                        : absl::StatusCode::kUnavailable;
      EXPECT_THAT(WriteWhole("film"), StatusIs(code)) << step << " " << error;
      EXPECT_FALSE(Exists(part_)) << step;
      EXPECT_FALSE(Exists(final_)) << step;
    }
  }
}

TEST_F(DurableFileTest, NeverReplacesAnotherFile) {
  std::ofstream(final_) << "first";
  EXPECT_THAT(WriteWhole("second"), StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_EQ(Contents(final_), "first");
  EXPECT_FALSE(Exists(part_));
}

TEST_F(DurableFileTest, RefusesAPartNameInUse) {
  std::ofstream(part_) << "somebody's";
  EXPECT_THAT(WriteWhole("film"), StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_EQ(Contents(part_), "somebody's");
}

TEST_F(DurableFileTest, AnAbandonedFileIsRemovedAndAMovedOneIsNot) {
  {
    absl::StatusOr<DurableFile> file = DurableFile::Create(part_, calls_);
    ASSERT_THAT(file, IsOk());
    const DurableFile moved = *std::move(file);
    EXPECT_TRUE(Exists(part_));
  }
  EXPECT_FALSE(Exists(part_));
}

TEST_F(DurableFileTest, MakesDirectoriesAndSyncsEachParent) {
  const std::string path = directory_.path() + "/x/y";
  ASSERT_THAT(CreateDirectoryDurably(path + "/", calls_), IsOk());
  EXPECT_THAT(calls_.log(), ElementsAre("open " + directory_.name(), "fsync", "open x", "fsync"));
  EXPECT_THAT(CreateDirectoryDurably(path, calls_), IsOk()) << "again";
  std::ofstream(directory_.path() + "/file") << "";
  EXPECT_THAT(CreateDirectoryDurably(directory_.path() + "/file", calls_),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("Not a directory")));
}

// The real thing, where the kernel lets us: a write past the limit.
TEST_F(DurableFileTest, AFullDiskIsResourceExhausted) {
  const int full = ::open("/dev/full", O_WRONLY);
  ASSERT_GE(full, 0);
  EXPECT_LT(SystemFileCalls().Write(full, "x", 1), 0);
  EXPECT_EQ(StatusOfErrno(errno, "write").code(), absl::StatusCode::kResourceExhausted);
  ::close(full);
}

}  // namespace
}  // namespace camnode
