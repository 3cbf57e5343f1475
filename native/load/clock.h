// Nanoseconds: of the clock that latencies are taken from, and of a thread's own CPU time.
#pragma once

#include <cstdint>
#include <ctime>

namespace apex::load {

inline uint64_t nanos_of(clockid_t clock) {
  timespec time = {};
  clock_gettime(clock, &time);
  return static_cast<uint64_t>(time.tv_sec) * 1'000'000'000U + static_cast<uint64_t>(time.tv_nsec);
}

inline uint64_t now_ns() { return nanos_of(CLOCK_MONOTONIC); }
inline uint64_t thread_cpu_ns() { return nanos_of(CLOCK_THREAD_CPUTIME_ID); }

}  // namespace apex::load
