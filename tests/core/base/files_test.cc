// Reading is bounded, rights are there from the first moment, and a replaced file is the
// old one or the new one.

#include "core/base/files.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <ios>
#include <iterator>
#include <thread>
#include <vector>

#include "tests/testing/faulty_file_calls.h"
#include "tests/testing/status_matchers.h"
#include "tests/testing/temporary_directory.h"

namespace camnode {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

// What others may do with files, as if the umask forbade nothing.
class NoUmask {
 public:
  NoUmask() : before_(::umask(0)) {}
  ~NoUmask() { ::umask(before_); }

 private:
  const mode_t before_;
};

mode_t RightsOf(const std::string& path) {
  struct stat entry {};
  return ::stat(path.c_str(), &entry) == 0 ? entry.st_mode & 0777 : 0;
}

// Remembers the rights that a file has while its bytes are written.
class RightsWhileWriting final : public FileSystemCalls {
 public:
  ssize_t Write(int descriptor, const void* bytes, size_t size) override {
    struct stat entry {};
    if (::fstat(descriptor, &entry) == 0) rights.push_back(entry.st_mode & 0777);
    return FileSystemCalls::Write(descriptor, bytes, size);
  }
  std::vector<mode_t> rights;
};

class FilesTest : public ::testing::Test {
 protected:
  std::string Path(const std::string& name) const { return directory_.path() + "/" + name; }

  std::string Make(const std::string& name, const std::string& bytes) const {
    std::ofstream(Path(name), std::ios::binary) << bytes;
    return Path(name);
  }

  static std::string Contents(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return file ? std::string(std::istreambuf_iterator<char>(file), {}) : "(absent)";
  }

  int Files() const {
    const std::filesystem::directory_iterator files(directory_.path());
    return static_cast<int>(std::distance(begin(files), end(files)));
  }

  TemporaryDirectory directory_;
  FaultyFileCalls calls_;
};

TEST_F(FilesTest, ReadsAFileUpToTheLastByteAllowed) {
  const std::string bytes("chest\0film\n", 11);
  const std::string path = Make("film", bytes);
  EXPECT_THAT(ReadFile(path, 12), IsOkAndHolds(bytes));
  EXPECT_THAT(ReadFile(path, 11), IsOkAndHolds(bytes));
  EXPECT_THAT(ReadFile(path, 10), StatusIs(absl::StatusCode::kInvalidArgument,
                                           HasSubstr(path + " is larger than 10 bytes")));
  EXPECT_THAT(ReadFile(Make("empty", ""), 0), IsOkAndHolds(""));
  const std::string large(300'000, 'x');
  EXPECT_THAT(ReadFile(Make("large", large), 1 << 20), IsOkAndHolds(large));
}

// /proc says 0 bytes of every file; a growing log says too few.
TEST_F(FilesTest, ReadsToTheEndWhateverSizeTheSystemSays) {
  const absl::StatusOr<std::string> text = ReadFile("/proc/self/status", 1 << 20);
  ASSERT_THAT(text, IsOk());
  EXPECT_THAT(*text, HasSubstr("Name:"));
  EXPECT_THAT(ReadFile("/dev/zero", 1'000'000), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(FilesTest, ReadsWhatSomebodyWritesIntoAPipeAndWaitsForNobody) {
  const std::string path = Path("pipe");
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_THAT(ReadFile(path, 10),
              StatusIs(absl::StatusCode::kUnavailable, path + " is a pipe that nobody writes to"));

  const int both_ends = ::open(path.c_str(), O_RDWR);
  ASSERT_EQ(::write(both_ends, "film", 4), 4);
  EXPECT_THAT(ReadFileStart(path, 4), IsOkAndHolds("film"));
  ::close(both_ends);
}

TEST_F(FilesTest, SaysWhatStandsInPlaceOfAFile) {
  EXPECT_THAT(ReadFile(Path("absent"), 10),
              StatusIs(absl::StatusCode::kNotFound, "no file " + Path("absent")));
  const std::string file = Make("file", "x");
  EXPECT_THAT(ReadFile(file + "/below", 10), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(ReadFile(directory_.path(), 10),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       directory_.path() + " is a folder; expected a file"));
}

TEST_F(FilesTest, ReadsTheStartOfAFile) {
  const std::string path = Make("film", "\x89PNG and more");
  EXPECT_THAT(ReadFileStart(path, 4), IsOkAndHolds("\x89PNG"));
  EXPECT_THAT(ReadFileStart(path, 100), IsOkAndHolds("\x89PNG and more"));
  EXPECT_THAT(ReadFileStart(Path("absent"), 4), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(FilesTest, AFileOfItsOwnersIsNobodyElsesFromTheFirstByteOn) {
  const NoUmask no_umask;
  RightsWhileWriting calls;
  ASSERT_THAT(WriteFile(Path("report"), "patient", FileAccess::kOwnerOnly, calls), IsOk());
  EXPECT_THAT(calls.rights, ElementsAre(0600));
  EXPECT_EQ(RightsOf(Path("report")), 0600u);
  ASSERT_THAT(WriteFile(Path("table"), "numbers", FileAccess::kByUmask, calls), IsOk());
  EXPECT_EQ(RightsOf(Path("table")), 0666u);
  ASSERT_THAT(ReplaceFileDurably(Path("state"), "patient", FileAccess::kOwnerOnly, calls), IsOk());
  EXPECT_EQ(RightsOf(Path("state")), 0600u);
  ASSERT_THAT(ReplaceFileDurably(Path("manifest"), "text", FileAccess::kByUmask, calls), IsOk());
  EXPECT_EQ(RightsOf(Path("manifest")), 0666u);
  EXPECT_THAT(calls.rights, ElementsAre(0600, 0666, 0600, 0666));
}

// Remembers the rights with which a file is made.
class RightsAtFirst final : public FileSystemCalls {
 public:
  int Open(const char* path, int flags, mode_t mode) override {
    if ((flags & O_CREAT) != 0) rights.push_back(mode);
    return FileSystemCalls::Open(path, flags, mode);
  }
  std::vector<mode_t> rights;
};

TEST_F(FilesTest, ReplacesAFileOfItsOwnerOnlyWithNoMomentForOthers) {
  const NoUmask no_umask;
  const std::string path = Make("manifest", "older");
  ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
  RightsAtFirst calls;

  ASSERT_THAT(ReplaceFileDurably(path, "newer", FileAccess::kByUmask, calls), IsOk());

  EXPECT_THAT(calls.rights, ElementsAre(0600));
  EXPECT_EQ(RightsOf(path), 0600u);
}

TEST_F(FilesTest, RemovesWhatKilledProgramsLeftOfAFileAndNothingElse) {
  const std::string path = Make("ports.json", "{}");
  Make("ports.json.0123abcd.part", "{");
  const std::vector<std::string> others = {Make("ports.json.part", ""),
                                           Make("other.json.0123abcd.part", "")};

  RemoveLeftParts(path);

  EXPECT_FALSE(std::filesystem::exists(Path("ports.json.0123abcd.part")));
  EXPECT_EQ(Contents(path), "{}");
  for (const std::string& other : others) EXPECT_TRUE(std::filesystem::exists(other)) << other;
}

TEST_F(FilesTest, ATooLargeFileIsTheErrorThatItsReaderSays) {
  const std::string path = Make("weights", "0123456789");
  EXPECT_THAT(ReadFile(path, 9, absl::StatusCode::kDataLoss),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("is larger than 9 bytes")));
}

TEST_F(FilesTest, WhoHasAnOlderFileOpenSeesNothingOfOneForItsOwnerOnly) {
  const std::string path = Make("report", "older");
  ASSERT_EQ(::chmod(path.c_str(), 0644), 0);
  std::ifstream reader(path, std::ios::binary);

  ASSERT_THAT(WriteFile(path, "patient", FileAccess::kOwnerOnly), IsOk());

  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(reader), {}), "older");
  EXPECT_EQ(Contents(path), "patient");
  EXPECT_EQ(RightsOf(path), 0600u);
}

TEST_F(FilesTest, WritesIntoWhatIsThereByUmask) {
  const std::string path = Make("table", "an older and longer text");
  ASSERT_EQ(::chmod(path.c_str(), 0640), 0);
  ASSERT_THAT(WriteFile(path, "new", FileAccess::kByUmask), IsOk());
  EXPECT_EQ(Contents(path), "new");
  EXPECT_EQ(RightsOf(path), 0640u);
  EXPECT_THAT(WriteFile("/dev/null", "gone", FileAccess::kByUmask), IsOk());
}

TEST_F(FilesTest, AWriteThatFailsNamesTheFile) {
  EXPECT_THAT(WriteFile("/nowhere/table", "x", FileAccess::kByUmask),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("cannot write /nowhere/table: ")));
  EXPECT_THAT(WriteFile("/dev/full", "x", FileAccess::kByUmask),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("/dev/full")));
  for (const char* step : {"unlink", "open", "write"}) {
    calls_.FailOnce(step, EIO);
    EXPECT_THAT(WriteFile(Path("report"), "x", FileAccess::kOwnerOnly, calls_),
                StatusIs(absl::StatusCode::kUnavailable, HasSubstr(Path("report"))))
        << step;
  }
}

TEST_F(FilesTest, GoesOnAfterAShortWriteAndAnInterruption) {
  calls_.set_max_write_bytes(3);
  calls_.FailOnce("write", EINTR);
  ASSERT_THAT(WriteFile(Path("table"), "ten bytes!", FileAccess::kByUmask, calls_), IsOk());
  EXPECT_EQ(Contents(Path("table")), "ten bytes!");
}

TEST_F(FilesTest, AReplacementIsSyncedBeforeItHasTheNameAndTheNameLast) {
  Make("manifest", "old");
  ASSERT_THAT(ReplaceFileDurably(Path("manifest"), "new", FileAccess::kByUmask, calls_), IsOk());
  const std::string part = "manifest[.][0-9a-f]+[.]part";
  EXPECT_THAT(calls_.log(), ElementsAre(MatchesRegex("open " + part), "write", "fsync",
                                        MatchesRegex("rename " + part + " manifest"),
                                        "open " + directory_.name(), "fsync"));
  EXPECT_EQ(Contents(Path("manifest")), "new");
  EXPECT_EQ(Files(), 1);
}

TEST_F(FilesTest, AReplacementThatFailsLeavesTheOldFileAndNothingElse) {
  const std::string path = Make("manifest", "old");
  for (const char* step : {"open", "write", "fsync", "rename"}) {
    calls_.FailOnce(step, ENOSPC);
    EXPECT_THAT(ReplaceFileDurably(path, "new", FileAccess::kByUmask, calls_),
                StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("manifest")))
        << step;
    EXPECT_EQ(Contents(path), "old") << step;
    EXPECT_EQ(Files(), 1) << step;
  }
}

// A service that may read a manifest must still be able to after another program, under
// another umask, has replaced it.
TEST_F(FilesTest, AReplacementKeepsTheRightsOfWhatItReplacesUnlessItIsForItsOwnerOnly) {
  const std::string path = Make("manifest", "old");
  ASSERT_EQ(::chmod(path.c_str(), 0664), 0);
  const mode_t before = ::umask(077);
  EXPECT_THAT(ReplaceFileDurably(path, "new", FileAccess::kByUmask), IsOk());
  EXPECT_EQ(RightsOf(path), 0664u);
  EXPECT_THAT(ReplaceFileDurably(path, "newer", FileAccess::kOwnerOnly), IsOk());
  EXPECT_EQ(RightsOf(path), 0600u);
  ::umask(before);
}

TEST_F(FilesTest, APartFileLeftBehindStopsNobody) {
  Make("manifest.part", "of a killed program");
  Make("manifest.01234567.part", "of another");
  ASSERT_THAT(ReplaceFileDurably(Path("manifest"), "new", FileAccess::kByUmask), IsOk());
  EXPECT_EQ(Contents(Path("manifest")), "new");
}

TEST_F(FilesTest, OfManyWhoReplaceAFileAtOnceOneWinsWhole) {
  std::vector<std::thread> writers;
  for (const char letter : {'a', 'b', 'c', 'd'}) {
    writers.emplace_back([this, letter] {
      for (int i = 0; i < 10; ++i) {
        EXPECT_THAT(
            ReplaceFileDurably(Path("manifest"), std::string(5000, letter), FileAccess::kByUmask),
            IsOk());
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  const std::string bytes = Contents(Path("manifest"));
  ASSERT_EQ(bytes.size(), 5000u);
  EXPECT_EQ(bytes, std::string(5000, bytes[0]));
  EXPECT_EQ(Files(), 1);
}

}  // namespace
}  // namespace camnode
