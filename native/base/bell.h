// Wakes one thread that sleeps on a descriptor: however often it is rung before the sleeper
// answers, that is one write to the eventfd.
//
// Whoever rings has published its work before; the sleeper answers before it looks for work. Both
// exchange the same flag, and exchanges of one flag have an order: either the ring comes first, and
// the sleeper sees the work, or the answer does, and the ring writes. So nothing is slept over.
#pragma once

#include <atomic>

#include "base/wakeup.h"

namespace apex::base {

class Bell final {
 public:
  // 0, or errno.
  int open() { return wakeup_.open(); }
  // Readable when it was rung.
  int fd() const { return wakeup_.fd(); }

  // From any thread.
  void ring() {
    if (!is_rung_.exchange(true, std::memory_order_acq_rel)) wakeup_.call();
  }

  // By the sleeper.
  void answer() {
    wakeup_.clear();
    is_rung_.exchange(false, std::memory_order_acq_rel);
  }

 private:
  Wakeup wakeup_;
  std::atomic<bool> is_rung_{false};
};

}  // namespace apex::base
