// Wakes a thread that sleeps in poll or epoll: an eventfd, one write a batch.
#pragma once

#include "base/unique_fd.h"

namespace apex::base {

class Wakeup final {
 public:
  // 0, or errno. Until it succeeded the other functions do nothing.
  int open();
  // Readable while somebody has called and nobody has cleared.
  int fd() const { return fd_.get(); }
  // From any thread, any number of times.
  void call();
  // By the sleeper, before it looks at what it was woken for: what comes later calls again.
  void clear();

 private:
  UniqueFd fd_;
};

}  // namespace apex::base
