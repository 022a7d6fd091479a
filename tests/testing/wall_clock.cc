#include "tests/testing/wall_clock.h"

#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace {

constexpr time_t kAheadSeconds = 3600;
std::atomic<time_t> g_ahead_seconds{kAheadSeconds};

bool IsDate(clockid_t clock) { return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE; }

}  // namespace

// The dynamic linker gives these to every library of the process in place of the C
// library's.
extern "C" {

int clock_gettime(clockid_t clock, timespec* time) noexcept {
  const auto result = static_cast<int>(syscall(SYS_clock_gettime, clock, time));
  if (result == 0 && IsDate(clock)) time->tv_sec += g_ahead_seconds;
  return result;
}

int gettimeofday(timeval* time, void*) noexcept {
  timespec now;
  const int result = clock_gettime(CLOCK_REALTIME, &now);
  *time = {now.tv_sec, now.tv_nsec / 1000};
  return result;
}

time_t time(time_t* out) noexcept {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (out != nullptr) *out = now.tv_sec;
  return now.tv_sec;
}

}  // extern "C"

namespace camnode {

void SetBackTheWallClock() {
  g_ahead_seconds = 0;
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  while (absl::Now() > absl::FromUnixSeconds(now.tv_sec + kAheadSeconds / 2)) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

}  // namespace camnode
