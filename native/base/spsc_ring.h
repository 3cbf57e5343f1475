// A bounded ring for one producer thread and one consumer thread, without locks.
//
//      tail_ (consumer)        head_ (producer)
//        ▼                       ▼
//   [ . | A | B | C | D | E | F | . | . ]        positions only rise; a slot is position & mask
//
// What each store publishes: `head_` with release, that the slots before it are filled; `tail_`
// with release, that the slots before it are free again. Each side keeps the last position it saw
// of the other, and reads the shared one only when that says full or empty.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

namespace apex::base {

inline constexpr std::size_t kCacheLineBytes = 64;

template <typename Item>
class SpscRing final {
 public:
  // `capacity` is a power of two.
  explicit SpscRing(std::size_t capacity)
      : mask_(capacity - 1), slots_(std::make_unique<Item[]>(capacity)) {}
  SpscRing(const SpscRing&) = delete;
  SpscRing& operator=(const SpscRing&) = delete;

  // Producer: false when the ring is full; the item is then untouched.
  bool push(Item&& item) {
    const std::size_t head = head_.load(std::memory_order_relaxed);
    if (head - seen_tail_ > mask_) {
      seen_tail_ = tail_.load(std::memory_order_acquire);
      if (head - seen_tail_ > mask_) return false;
    }
    slots_[head & mask_] = std::move(item);
    head_.store(head + 1, std::memory_order_release);
    return true;
  }

  // Consumer: false when the ring is empty.
  bool pop(Item& item) {
    const std::size_t tail = tail_.load(std::memory_order_relaxed);
    if (tail == seen_head_) {
      seen_head_ = head_.load(std::memory_order_acquire);
      if (tail == seen_head_) return false;
    }
    item = std::move(slots_[tail & mask_]);
    tail_.store(tail + 1, std::memory_order_release);
    return true;
  }

  std::size_t capacity() const { return mask_ + 1; }

 private:
  const std::size_t mask_;
  const std::unique_ptr<Item[]> slots_;
  alignas(kCacheLineBytes) std::atomic<std::size_t> head_{0};
  std::size_t seen_tail_ = 0;
  alignas(kCacheLineBytes) std::atomic<std::size_t> tail_{0};
  std::size_t seen_head_ = 0;
};

}  // namespace apex::base
