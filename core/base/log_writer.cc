#include "core/base/log_writer.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "core/base/stopwatch.h"

namespace camnode {
namespace {

// False if the line, or a part of it, could not be written.
bool WriteWhole(int descriptor, const std::string& line) {
  const char* next = line.data();
  std::size_t left = line.size();
  while (left > 0) {
    const ssize_t put = ::write(descriptor, next, left);
    if (put > 0) {
      next += put;
      left -= static_cast<std::size_t>(put);
    } else if (put < 0 && errno == EAGAIN) {
      // Somebody made it non-blocking for all who share it, as some terminals do.
      pollfd room = {descriptor, POLLOUT, 0};
      ::poll(&room, 1, -1);
    } else if (put == 0 || errno != EINTR) {
      return false;
    }
  }
  return true;
}

}  // namespace

LogWriter::LogWriter(int descriptor, LogWriterOptions options)
    : descriptor_(descriptor), options_(std::move(options)), thread_([this] { Run(); }) {}

LogWriter::~LogWriter() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    changed_.SignalAll();
  }
  thread_.join();
}

void LogWriter::Write(std::string line, bool important) {
  const std::size_t room = options_.max_bytes - (important ? 0 : options_.bytes_for_important);
  MutexLock lock(&mutex_);
  if (bytes_ + line.size() > room) return CountDropped();
  bytes_ += line.size();
  waiting_.fetch_add(1);
  lines_.push_back(std::move(line));
  changed_.SignalAll();
}

bool LogWriter::Flush(absl::Duration patience) {
  const Deadline deadline(patience);
  MutexLock lock(&mutex_);
  while (waiting_.load() > 0 && !deadline.Expired()) {
    changed_.WaitWithTimeout(&mutex_, deadline.Remaining());
  }
  return waiting_.load() == 0;
}

void LogWriter::Run() {
  while (true) {
    std::string line;
    {
      MutexLock lock(&mutex_);
      while (lines_.empty() && !stopping_) changed_.Wait(&mutex_);
      if (lines_.empty()) return;
      line = std::move(lines_.front());
      lines_.pop_front();
    }
    WriteOne(line);
    MutexLock lock(&mutex_);
    bytes_ -= line.size();
    waiting_.fetch_sub(1);
    changed_.SignalAll();
  }
}

void LogWriter::WriteOne(const std::string& line) {
  if (!WriteWhole(descriptor_, line)) return CountDropped();
  const int64_t gap = gap_.exchange(0);
  if (gap == 0 || options_.describe_gap == nullptr) return;
  // Not counted again if it is lost as well: the total says it.
  if (!WriteWhole(descriptor_, options_.describe_gap(gap))) gap_.fetch_add(gap);
}

void LogWriter::CountDropped() {
  dropped_.fetch_add(1, std::memory_order_relaxed);
  gap_.fetch_add(1);
}

}  // namespace camnode
