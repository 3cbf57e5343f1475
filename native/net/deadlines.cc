#include "net/deadlines.h"

#include <sys/timerfd.h>
#include <time.h>

#include <algorithm>
#include <cerrno>

namespace apex::net {

uint64_t monotonic_ms() {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000 + static_cast<uint64_t>(now.tv_nsec) / 1'000'000;
}

int Deadlines::open() {
  fd_ = base::UniqueFd(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  return fd_.is_open() ? 0 : -errno;
}

void Deadlines::add(Queue& queue, uint64_t id) {
  const uint64_t due_at = monotonic_ms() + queue.span_ms;
  queue.entries.emplace_back(due_at, id);
  if (armed_at_ == 0 || due_at < armed_at_) {
    armed_at_ = due_at;
    set(uint64_t{queue.span_ms} * 1'000'000);
  }
}

bool Deadlines::take_due(Queue& queue, uint64_t now, uint64_t* id) {
  if (queue.entries.empty() || queue.entries.front().first > now) return false;
  *id = queue.entries.front().second;
  queue.entries.pop_front();
  return true;
}

void Deadlines::arm() {
  uint64_t rings = 0;
  // Reading is all that quiets it; whether it had rung does not matter.
  (void)!read(fd_.get(), &rings, sizeof rings);
  uint64_t next = 0;
  for (const Queue* queue : {&silent, &linger, &pause}) {
    if (queue->entries.empty()) continue;
    const uint64_t due_at = queue->entries.front().first;
    next = next == 0 ? due_at : std::min(next, due_at);
  }
  armed_at_ = next;
  if (next == 0) return;
  const uint64_t now = monotonic_ms();
  // A millisecond more than nothing: zero would disarm it.
  set((next > now ? next - now : 1) * 1'000'000);
}

void Deadlines::arm_now() {
  armed_at_ = monotonic_ms() + 1;
  set(1'000'000);
}

void Deadlines::set(uint64_t delay_ns) {
  itimerspec when = {};
  when.it_value.tv_sec = static_cast<time_t>(delay_ns / 1'000'000'000);
  when.it_value.tv_nsec = static_cast<long>(std::max<uint64_t>(1, delay_ns % 1'000'000'000));
  timerfd_settime(fd_.get(), 0, &when, nullptr);
}

}  // namespace apex::net
