// Threads that share out work on frozen bytes: checksums of many ranges at once. They decide
// nothing and touch nothing that anybody writes; whoever shares waits, and works too, until all is
// done.
//
// Rows 0 … count-1 are dealt out in equal ranges. Everybody takes pieces off the front of its own
// range; whoever has none left steals the back half of another's. A range is one atomic word, so
// nothing is ever in two hands: Blumofe and Leiserson, "Scheduling Multithreaded Computations by
// Work Stealing" (1999), with ranges in place of a deque of tasks.
//
// A thread that is not there is not missed: its range is stolen whole.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/spsc_ring.h"
#include "base/thread.h"

namespace apex::base {

class Pool final {
 public:
  static constexpr std::size_t kThreadsMax = 7;

  // Starts `threads`, or as many as the machine lets it.
  explicit Pool(std::size_t threads);
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool();

  // Calls `work(from, to)` for pieces of at most `piece` rows that together are [0, count), here
  // and on the pool's threads, and returns when all have been done. Who comes while somebody else
  // shares does everything by itself.
  template <typename Work>
  void share(std::uint32_t count, std::uint32_t piece, const Work& work) {
    const auto call = [](const void* context, std::uint32_t from, std::uint32_t to) {
      (*static_cast<const Work*>(context))(from, to);
    };
    share_rows(count, piece, {.call = call, .context = &work});
  }

  std::size_t threads() const { return started_; }

 private:
  struct Task {
    void (*call)(const void* context, std::uint32_t from, std::uint32_t to);
    const void* context;
  };

  // First row in the upper half, the row behind the last one in the lower: equal when there is
  // none.
  struct alignas(kCacheLineBytes) Range {
    std::atomic<std::uint64_t> rows{0};
  };

  void share_rows(std::uint32_t count, std::uint32_t piece, Task task);
  void serve(std::size_t self);
  void take_part(std::size_t self);
  bool take(std::size_t self, std::uint32_t* from, std::uint32_t* to);
  bool steal(std::size_t self);

  std::array<Range, kThreadsMax + 1> ranges_;
  std::array<Thread, kThreadsMax> threads_;
  std::size_t started_ = 0;
  Task task_{};
  std::uint32_t piece_ = 1;
  // Odd: something is shared; grows by one when that begins and when it ends.
  alignas(kCacheLineBytes) std::atomic<std::uint32_t> turn_{0};
  alignas(kCacheLineBytes) std::atomic<std::uint32_t> rows_left_{0};
  alignas(kCacheLineBytes) std::atomic<std::uint32_t> inside_{0};
  std::atomic<bool> is_shared_{false};
  std::atomic<bool> is_over_{false};
};

// The process's own: a thread for every processor but one, started when it is first asked for.
Pool& shared_pool();

}  // namespace apex::base
