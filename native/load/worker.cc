#include "load/worker.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "load/clock.h"

namespace apex::load {

namespace {

constexpr size_t kInputBytes = 256 * 1024;
constexpr int kEventsMax = 64;
// How often silence and orders to stop are looked for.
constexpr uint64_t kTickNs = 20'000'000;
constexpr int kTickMs = 20;

}  // namespace

Worker::Worker(const Plan& plan, const std::vector<Share>& shares, std::atomic<bool>* is_stopping,
               std::atomic<uint64_t>* answered)
    : requests_(plan),
      input_(kInputBytes),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      timer_(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)),
      crew_{plan, requests_, tally_, input_, epoll_.get(), 0},
      is_stopping_(is_stopping),
      answered_(answered) {
  connections_.reserve(shares.size());
  for (const Share& share : shares) {
    connections_.push_back(std::make_unique<Connection>(crew_, share));
  }
}

bool Worker::connect() {
  epoll_event event = {};
  event.events = EPOLLIN;
  if (!epoll_.is_open() || !timer_.is_open() ||
      epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, timer_.get(), &event) != 0) {
    fail(std::strerror(errno));
    return false;
  }
  for (const auto& connection : connections_) {
    if (const int error = connection->connect(now_ns()); error != 0) {
      fail(std::strerror(-error));
      return false;
    }
  }
  const auto is_connected = [](const auto& connection) { return connection->is_open(); };
  while (!is_stopping_->load(std::memory_order_relaxed)) {
    if (std::all_of(connections_.begin(), connections_.end(), is_connected)) return true;
    if (!complaint().empty()) return false;
    wait();
  }
  return false;
}

void Worker::run() {
  const uint64_t cpu_before = thread_cpu_ns();
  const uint64_t now = now_ns();
  for (const auto& connection : connections_) connection->begin(now);
  while (!is_done() && !is_stopping_->load(std::memory_order_relaxed)) wait();
  cpu_ns_ = thread_cpu_ns() - cpu_before;
}

// One wake-up: what has come, and what is due by then.
void Worker::wait() {
  arm(next_due());
  std::array<epoll_event, kEventsMax> events;
  const int count = epoll_wait(epoll_.get(), events.data(), kEventsMax, kTickMs);
  bool is_due = false;
  for (int at = 0; at < count; at++) {
    const epoll_event& event = events[static_cast<size_t>(at)];
    if (event.data.ptr == nullptr) {
      is_due = true;
    } else {
      static_cast<Connection*>(event.data.ptr)->on_event(event.events);
    }
  }
  const uint64_t now = now_ns();
  if (is_due) armed_for_ = 0;
  if (is_due || now - ticked_at_ > kTickNs) tick(now);
  answered_->store(crew_.answered, std::memory_order_relaxed);
}

// Setting the timer anew also takes back that it has gone off.
void Worker::arm(uint64_t due_ns) {
  if (due_ns == armed_for_) return;
  armed_for_ = due_ns;
  itimerspec when = {};
  if (due_ns != Connection::kNoneDue) {
    when.it_value.tv_sec = static_cast<time_t>(due_ns / 1'000'000'000U);
    when.it_value.tv_nsec = static_cast<long>(due_ns % 1'000'000'000U);
  }
  (void)timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &when, nullptr);
}

void Worker::tick(uint64_t now) {
  ticked_at_ = now;
  for (const auto& connection : connections_) connection->tick(now);
}

bool Worker::is_done() const {
  return std::all_of(connections_.begin(), connections_.end(),
                     [](const auto& connection) { return connection->is_done(); });
}

uint64_t Worker::next_due() const {
  uint64_t next = Connection::kNoneDue;
  for (const auto& connection : connections_) next = std::min(next, connection->next_due());
  return next;
}

void Worker::fail(const char* reason) { failure_ = reason; }

std::string Worker::complaint() const {
  if (!failure_.empty()) return failure_;
  for (const auto& connection : connections_) {
    if (connection->is_done() && connection->complaint() != nullptr) return connection->complaint();
  }
  return {};
}

uint64_t Worker::started_at() const {
  uint64_t first = UINT64_MAX;
  for (const auto& connection : connections_) first = std::min(first, connection->started_at());
  return first;
}

uint64_t Worker::ended_at() const {
  uint64_t last = 0;
  for (const auto& connection : connections_) last = std::max(last, connection->ended_at());
  return last;
}

}  // namespace apex::load
