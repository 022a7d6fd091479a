#include "services/privileges/file_writing.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "services/privileges/process_rights.h"
#include "tests/services/privileges/in_child.h"

namespace camnode {
namespace {

namespace fs = std::filesystem;

class FileWritingTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = testing::TempDir() + "/file_writing_" + std::to_string(getpid());
    fs::remove_all(root_);
    for (const char* folder : {"/archive/ab", "/archive/work", "/sockets", "/elsewhere"}) {
      fs::create_directories(root_ + folder);
    }
    for (const char* file : {"/database", "/archive/ab/film", "/archive/old", "/elsewhere/file"}) {
      std::ofstream(root_ + file) << "as it was";
    }
    writable_.files = {Path("/database")};
    writable_.archive_folders = {Path("/archive")};
    writable_.work_folders = {Path("/archive/work")};
    writable_.socket_folders = {Path("/sockets")};
    if (absl::IsUnimplemented(Forbid())) GTEST_SKIP() << "this kernel has no Landlock";
  }
  void TearDown() override { fs::remove_all(root_); }

  std::string Path(const std::string& name) const { return root_ + name; }

  // In a process of its own; here only whether it is there at all.
  absl::Status Forbid() const {
    const ChildEnd end = InChild([this]() -> std::string {
      ForbidNewPrivileges().IgnoreError();
      return std::string(absl::StatusCodeToString(ForbidOtherWriting(writable_).status().code()));
    });
    return end.said == "UNIMPLEMENTED" ? absl::UnimplementedError("") : absl::OkStatus();
  }

  std::string After(const std::function<long()>& call) const {
    return InChild([&]() -> std::string {
             const absl::Status ready = ForbidNewPrivileges();
             const auto version = ForbidOtherWriting(writable_);
             if (!ready.ok() || !version.ok()) return std::string(version.status().message());
             return Outcome(call());
           })
        .said;
  }
  std::string Open(const std::string& name, int flags) const {
    return After([&] { return long{open(Path(name).c_str(), flags, 0600)}; });
  }
  std::string Rename(const std::string& from, const std::string& to) const {
    return After([&] { return long{rename(Path(from).c_str(), Path(to).c_str())}; });
  }
  std::string Link(const std::string& from, const std::string& to) const {
    return After([&] { return long{link(Path(from).c_str(), Path(to).c_str())}; });
  }

  std::string root_;
  WritableFiles writable_;
};

TEST_F(FileWritingTest, WritesOnlyWhatIsNamed) {
  EXPECT_EQ(Open("/database", O_RDWR), "done");
  EXPECT_EQ(Open("/database", O_RDWR | O_TRUNC), "done");
  EXPECT_EQ(Open("/elsewhere/file", O_WRONLY), "EACCES");
  EXPECT_EQ(Open("/elsewhere/file", O_WRONLY | O_APPEND), "EACCES");
  EXPECT_EQ(Open("/elsewhere/new", O_WRONLY | O_CREAT), "EACCES");
  EXPECT_EQ(Open("/elsewhere/file", O_RDONLY), "done");
  EXPECT_EQ(After([&] { return long{unlink(Path("/elsewhere/file").c_str())}; }), "EACCES");
  EXPECT_EQ(After([&] { return long{mkdir(Path("/elsewhere/x").c_str(), 0700)}; }), "EACCES");
  EXPECT_EQ(After([&] { return long{symlink("/etc", Path("/archive/work/x").c_str())}; }),
            "EACCES");
  EXPECT_EQ(After([&] { return long{unlink(Path("/database").c_str())}; }), "EACCES");
}

TEST_F(FileWritingTest, TheArchiveTakesWhatWasMadeAndGivesNothingBack) {
  const std::string made = Path("/archive/work/made");
  EXPECT_EQ(After([&]() -> long {
              const int file = open(made.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0600);
              if (file < 0 || write(file, "x", 1) != 1) return -1;
              return renameat2(AT_FDCWD, made.c_str(), AT_FDCWD, Path("/archive/ab/made").c_str(),
                               RENAME_NOREPLACE);
            }),
            "done");
  EXPECT_EQ(Open("/archive/ab/made", O_WRONLY), "EACCES") << "no longer a work file";
  EXPECT_EQ(Open("/archive/ab/film", O_WRONLY), "EACCES");
  EXPECT_EQ(Open("/archive/ab/film", O_RDONLY), "done");
  EXPECT_EQ(After([&] { return long{unlink(Path("/archive/ab/film").c_str())}; }), "EACCES");
  // Not to where it could be written, by whatever name.
  EXPECT_NE(Rename("/archive/ab/film", "/archive/work/film"), "done");
  EXPECT_NE(Rename("/archive/ab/film", "/archive/ab/other"), "done");
  EXPECT_NE(Link("/archive/ab/film", "/archive/work/film"), "done");
  // Nor is it replaced.
  std::ofstream(made) << "another film";
  EXPECT_NE(Rename("/archive/work/made", "/archive/ab/film"), "done");
  EXPECT_NE(After([&]() -> long {
              return renameat2(AT_FDCWD, made.c_str(), AT_FDCWD, Path("/archive/ab/film").c_str(),
                               RENAME_EXCHANGE);
            }),
            "done");
  EXPECT_NE(Rename("/archive/work/made", "/elsewhere/made"), "done");
  // Where renaming without replacing is unknown, a link stands for it.
  EXPECT_EQ(Link("/archive/work/made", "/archive/ab/linked"), "done");
  std::string text;
  std::getline(std::ifstream(Path("/archive/ab/film")), text);
  EXPECT_EQ(text, "as it was");
}

TEST_F(FileWritingTest, SocketsAreMadeAndRemovedWhereToldTo) {
  const auto bind_in = [this](const std::string& name) {
    return After([&]() -> long {
      sockaddr_un address{};
      address.sun_family = AF_UNIX;
      std::strncpy(address.sun_path, Path(name).c_str(), sizeof(address.sun_path) - 1);
      const int made = socket(AF_UNIX, SOCK_DGRAM, 0);
      if (bind(made, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) return -1;
      return unlink(address.sun_path);
    });
  };
  EXPECT_EQ(bind_in("/sockets/bell"), "done");
  EXPECT_EQ(bind_in("/elsewhere/bell"), "EACCES");
  EXPECT_EQ(bind_in("/archive/work/bell"), "EACCES");
}

TEST_F(FileWritingTest, NamesAPlaceThatIsNotThere) {
  writable_.files.push_back(Path("/nothing"));
  EXPECT_THAT(After([] { return 0; }), testing::HasSubstr(Path("/nothing")));
}

}  // namespace
}  // namespace camnode
