// A reader that hangs is a pipe that nobody reads: 64 KiB fit into it, then write(2) waits.

#include "core/base/log_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace camnode {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::size_t kPipeBytes = 65'536;

class LogWriterTest : public ::testing::Test {
 protected:
  LogWriterTest() {
    EXPECT_EQ(pipe(ends_.data()), 0);
    options_.max_bytes = 10'000;
    options_.bytes_for_important = 2'000;
    options_.describe_gap = [](int64_t count) { return absl::StrCat("gap of ", count, "\n"); };
    writer_ = std::make_unique<LogWriter>(ends_[1], options_);
  }
  ~LogWriterTest() override {
    if (writer_ != nullptr) End();
    close(ends_[0]);
  }

  // Reads all that was written, until the writer is gone.
  std::string End() {
    std::string text;
    std::thread reader([&] {
      std::array<char, 4096> bytes;
      ssize_t got = 0;
      while ((got = read(ends_[0], bytes.data(), bytes.size())) > 0) {
        text.append(bytes.data(), static_cast<std::size_t>(got));
      }
    });
    writer_.reset();
    close(ends_[1]);
    reader.join();
    return text;
  }

  // Until writing waits for the reader, and nothing more than 1,000 bytes waits behind it.
  void FillThePipe() {
    for (std::size_t written = 0; written <= kPipeBytes; written += 1'000) {
      writer_->Write(std::string(999, '.') + "\n", true);
      if (!writer_->Flush(absl::Milliseconds(200))) break;
    }
    ASSERT_EQ(writer_->waiting(), 1);
  }

  std::array<int, 2> ends_ = {-1, -1};
  LogWriterOptions options_;
  std::unique_ptr<LogWriter> writer_;
};

TEST_F(LogWriterTest, WritesTheLinesInTheirOrder) {
  writer_->Write("one\n", false);
  writer_->Write("two\n", true);
  EXPECT_TRUE(writer_->Flush(absl::Seconds(20)));

  EXPECT_EQ(End(), "one\ntwo\n");
}

TEST_F(LogWriterTest, AReaderThatHangsKeepsNobodyAndIsToldLaterWhatItMissed) {
  FillThePipe();
  // 8,000 bytes for lines like these, of which 1,000 wait already: 7 find room.
  for (int i = 0; i < 20; ++i) writer_->Write(std::string(999, 'x') + "\n", false);

  EXPECT_EQ(writer_->waiting(), 8);
  EXPECT_EQ(writer_->dropped(), 13);
  EXPECT_FALSE(writer_->Flush(absl::Milliseconds(10)));
  EXPECT_THAT(End(), HasSubstr("\ngap of 13\n"));
}

TEST_F(LogWriterTest, WhatMattersHasRoomLeft) {
  FillThePipe();
  for (int i = 0; i < 20; ++i) writer_->Write(std::string(999, 'x') + "\n", false);
  writer_->Write("an error\n", true);

  EXPECT_EQ(writer_->dropped(), 13);
  EXPECT_THAT(End(), HasSubstr("\nan error\n"));
}

TEST_F(LogWriterTest, LinesThatCannotBeWrittenAreCountedAndToldOfOnceTheyCan) {
  const int kept = dup(ends_[1]);
  close(ends_[1]);
  writer_->Write("lost\n", true);
  EXPECT_TRUE(writer_->Flush(absl::Seconds(20)));
  EXPECT_EQ(writer_->dropped(), 1);
  ASSERT_EQ(dup2(kept, ends_[1]), ends_[1]);
  close(kept);
  writer_->Write("written\n", true);

  EXPECT_THAT(absl::StrSplit(End(), '\n'), ElementsAre("written", "gap of 1", ""));
}

}  // namespace
}  // namespace camnode
