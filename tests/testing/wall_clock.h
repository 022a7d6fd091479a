// A wall clock that a test can set, in a process of its own.
//
// A test that links camnode_testing_wall_clock finds the date an hour ahead of the
// kernel's from its first instruction on, whoever asks for it: absl::Now,
// std::chrono::system_clock, gettimeofday, time.  So whatever lets the kernel wait until
// a date waits an hour too long, as it would if somebody set the clock back just then.
// SetBackTheWallClock() does set it back, for those who look at the date again.
// The monotonic clock is left alone.

#ifndef CAMNODE_TESTS_TESTING_WALL_CLOCK_H_
#define CAMNODE_TESTS_TESTING_WALL_CLOCK_H_

namespace camnode {

// Returns once absl::Now() shows it, at once or within about two seconds: it reads the
// date that seldom.  Only the first call of a process does anything.
void SetBackTheWallClock();

}  // namespace camnode

#endif  // CAMNODE_TESTS_TESTING_WALL_CLOCK_H_
