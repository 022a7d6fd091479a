// Writes the lines of the log from a thread of its own, so that a reader that hangs (a
// full pipe, a disk that answers nobody) stops the log and not the work it describes.

#ifndef CAMNODE_CORE_BASE_LOG_WRITER_H_
#define CAMNODE_CORE_BASE_LOG_WRITER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <thread>

#include "absl/time/time.h"
#include "core/base/mutex.h"

namespace camnode {

struct LogWriterOptions {
  // Of the lines that wait to be written.  A line that finds no room is dropped and counted.
  std::size_t max_bytes = std::size_t{1} << 20;
  // Of max_bytes: room that only important lines may take.
  std::size_t bytes_for_important = std::size_t{1} << 18;
  // The line that stands for `count` lines that were dropped.  Written as soon as writing
  // works again.
  std::function<std::string(int64_t count)> describe_gap;
};

// Thread-safe.
class LogWriter {
 public:
  // `descriptor` stays open as long.
  LogWriter(int descriptor, LogWriterOptions options);
  // Writes what waits, for as long as that takes: a program never destroys the one it logs by.
  ~LogWriter();

  // Never waits for the descriptor.
  void Write(std::string line, bool important);

  // Returns once no line waits any more, each written or failed, or after `patience`.  True
  // unless lines still wait.
  bool Flush(absl::Duration patience);

  // Lines that found no room or could not be written.
  int64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }
  // Lines that wait, the one being written included.  Safe within a signal handler.
  int64_t waiting() const { return waiting_.load(); }

 private:
  void Run();
  void WriteOne(const std::string& line);
  void CountDropped();

  const int descriptor_;
  const LogWriterOptions options_;
  std::atomic<int64_t> dropped_{0};
  std::atomic<int64_t> gap_{0};  // Of those, how many no line has told of yet.
  std::atomic<int64_t> waiting_{0};

  Mutex mutex_;
  CondVar changed_;
  std::deque<std::string> lines_ ABSL_GUARDED_BY(mutex_);
  std::size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;  // Of the line being written, too.
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // Last: it uses everything above.
};

}  // namespace camnode

#endif  // CAMNODE_CORE_BASE_LOG_WRITER_H_
