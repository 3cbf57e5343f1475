#include "base/pool.h"

#include <algorithm>
#include <thread>

namespace apex::base {
namespace {

constexpr std::uint64_t range_of(std::uint32_t from, std::uint32_t to) {
  return static_cast<std::uint64_t>(from) << 32 | to;
}
constexpr std::uint32_t from_of(std::uint64_t rows) {
  return static_cast<std::uint32_t>(rows >> 32);
}
constexpr std::uint32_t to_of(std::uint64_t rows) { return static_cast<std::uint32_t>(rows); }

// Whoever shares is the last of the participants.
constexpr std::size_t kSharer = Pool::kThreadsMax;

}  // namespace

Pool::Pool(std::size_t threads) {
  const std::size_t wanted = std::min(threads, kThreadsMax);
  while (started_ < wanted) {
    const std::size_t self = started_;
    if (threads_[self].start("apex-pool", [this, self] { serve(self); }) != 0) break;
    started_++;
  }
}

Pool::~Pool() {
  is_over_.store(true);
  turn_.fetch_add(2);
  turn_.notify_all();
  for (std::size_t at = 0; at < started_; at++) threads_[at].join();
}

void Pool::share_rows(std::uint32_t count, std::uint32_t piece, Task task) {
  if (count == 0) return;
  if (is_shared_.exchange(true)) {
    for (std::uint32_t from = 0, to = 0; from < count; from = to) {
      to = from + std::min(std::max<std::uint32_t>(1, piece), count - from);
      task.call(task.context, from, to);
    }
    return;
  }
  task_ = task;
  piece_ = std::max<std::uint32_t>(1, piece);
  const std::uint64_t parts = started_ + 1;
  for (std::uint64_t part = 0; part < parts; part++) {
    const auto from = static_cast<std::uint32_t>(count * part / parts);
    const auto to = static_cast<std::uint32_t>(count * (part + 1) / parts);
    const std::size_t at = part == started_ ? kSharer : static_cast<std::size_t>(part);
    ranges_[at].rows.store(range_of(from, to), std::memory_order_relaxed);
  }
  rows_left_.store(count, std::memory_order_relaxed);
  turn_.fetch_add(1);
  turn_.notify_all();
  take_part(kSharer);
  for (std::uint32_t left = rows_left_.load(); left > 0; left = rows_left_.load()) {
    rows_left_.wait(left);
  }
  // Who has come in by now must be out again before the task is another one; nobody else comes in.
  turn_.fetch_add(1);
  for (std::uint32_t inside = inside_.load(); inside > 0; inside = inside_.load()) {
    inside_.wait(inside);
  }
  is_shared_.store(false);
}

void Pool::serve(std::size_t self) {
  std::uint32_t seen = 0;
  while (!is_over_.load()) {
    turn_.wait(seen);
    inside_.fetch_add(1);
    // Only now: what is shared cannot end from here on.
    seen = turn_.load();
    if (seen % 2 == 1) take_part(self);
    inside_.fetch_sub(1);
    inside_.notify_all();
  }
}

void Pool::take_part(std::size_t self) {
  std::uint32_t from = 0;
  std::uint32_t to = 0;
  do {
    while (take(self, &from, &to)) {
      task_.call(task_.context, from, to);
      // What was done to these rows is seen by whoever sees that none are left.
      if (rows_left_.fetch_sub(to - from) == to - from) rows_left_.notify_all();
    }
  } while (steal(self));
}

// A piece off the front of the own range.
bool Pool::take(std::size_t self, std::uint32_t* from, std::uint32_t* to) {
  std::atomic<std::uint64_t>& own = ranges_[self].rows;
  std::uint64_t rows = own.load(std::memory_order_relaxed);
  while (from_of(rows) < to_of(rows)) {
    *from = from_of(rows);
    *to = *from + std::min(piece_, to_of(rows) - *from);
    if (own.compare_exchange_weak(rows, range_of(*to, to_of(rows)))) return true;
  }
  return false;
}

// The back half of somebody's range becomes the own one, which is empty and so nobody else's aim.
bool Pool::steal(std::size_t self) {
  for (std::size_t step = 1; step < ranges_.size(); step++) {
    std::atomic<std::uint64_t>& other = ranges_[(self + step) % ranges_.size()].rows;
    std::uint64_t rows = other.load(std::memory_order_relaxed);
    while (from_of(rows) < to_of(rows)) {
      const std::uint32_t size = to_of(rows) - from_of(rows);
      const std::uint32_t middle = size <= piece_ ? from_of(rows) : to_of(rows) - size / 2;
      if (!other.compare_exchange_weak(rows, range_of(from_of(rows), middle))) continue;
      ranges_[self].rows.store(range_of(middle, to_of(rows)));
      return true;
    }
  }
  return false;
}

// Never ended: its threads sleep, and a process that ends does not wait for them.
Pool& shared_pool() {
  static Pool* const pool = new Pool(std::max(1U, std::thread::hardware_concurrency()) - 1);
  return *pool;
}

}  // namespace apex::base
