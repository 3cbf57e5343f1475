// An unbounded queue of intrusive nodes: any thread pushes, one thread takes all, without locks.
//
// A stack that is taken whole and turned over. `push` publishes with release that the node and what
// it points to are complete; `take_all` acquires all of that with one exchange. Nothing is ever
// popped alone, so a node that comes back at the same address (ABA) harms nobody.
//
// `push` answers whether the queue was empty: whoever filled it wakes the consumer, nobody else
// does. So a batch costs one wake-up however many producers there are.
#pragma once

#include <atomic>

#include "base/spsc_ring.h"

namespace apex::base {

// What an item in the queue derives its link from.
struct MpscNode {
  MpscNode* next = nullptr;
};

class MpscQueue final {
 public:
  MpscQueue() = default;
  MpscQueue(const MpscQueue&) = delete;
  MpscQueue& operator=(const MpscQueue&) = delete;

  // True if the queue was empty.
  bool push(MpscNode* node) {
    MpscNode* first = first_.load(std::memory_order_relaxed);
    do {
      node->next = first;
    } while (!first_.compare_exchange_weak(first, node, std::memory_order_release,
                                           std::memory_order_relaxed));
    return first == nullptr;
  }

  // Everything pushed so far, linked by `next`, oldest first; null when there is nothing.
  MpscNode* take_all() {
    MpscNode* last = first_.exchange(nullptr, std::memory_order_acquire);
    MpscNode* oldest = nullptr;
    while (last != nullptr) {
      MpscNode* const before = last->next;
      last->next = oldest;
      oldest = last;
      last = before;
    }
    return oldest;
  }

 private:
  alignas(kCacheLineBytes) std::atomic<MpscNode*> first_{nullptr};
};

}  // namespace apex::base
