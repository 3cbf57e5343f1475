// What is due at some time, behind one descriptor that becomes readable then.
//
// All entries of a queue wait for the same span, so the order in which they came is the order in
// which they are due. An entry whose cause has gone is not searched for: it is found to mean
// nothing when it is due.
#pragma once

#include <cstdint>
#include <deque>

#include "base/unique_fd.h"

namespace apex::net {

uint64_t monotonic_ms();

class Deadlines final {
 public:
  struct Queue {
    uint32_t span_ms;
    std::deque<std::pair<uint64_t, uint64_t>> entries;  // due at, id
  };

  Deadlines(uint32_t silent_ms, uint32_t linger_ms, uint32_t pause_ms)
      : silent{silent_ms, {}}, linger{linger_ms, {}}, pause{pause_ms, {}} {}

  // 0, or a negative errno.
  int open();
  int fd() const { return fd_.get(); }

  void add(Queue& queue, uint64_t id);
  // The next entry that is due, or false.
  bool take_due(Queue& queue, uint64_t now, uint64_t* id);
  // The descriptor is quiet until the next entry is due.
  void arm();
  // Due again at once: there is work that found no room.
  void arm_now();

  Queue silent;
  Queue linger;
  Queue pause;

 private:
  void set(uint64_t delay_ns);

  base::UniqueFd fd_;
  uint64_t armed_at_ = 0;
};

}  // namespace apex::net
