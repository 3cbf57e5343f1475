#include "load/connection.h"

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <utility>

#include "load/clock.h"
#include "net/sockets.h"

namespace apex::load {

namespace {

constexpr uint32_t kSeedWord = 0x6265'6e63;
constexpr uint32_t kReconnectsMax = 50;
constexpr uint64_t kReconnectPauseNs = 100'000'000;
constexpr uint64_t kNanosPerMilli = 1'000'000;
constexpr int kKeepAliveSeconds = 60;
// Requests beyond this wait for room; one request always fits.
constexpr size_t kOutBytes = 256 * 1024;

}  // namespace

Connection::Connection(Crew& crew, const Share& share)
    : crew_(crew),
      share_(share),
      prng_({share.number, crew.plan.operations, kSeedWord, 1}),
      keys_(crew.plan.keys, share.number, crew.plan.is_zipfian ? &crew.plan.zipf : nullptr),
      sent_at_(crew.plan.pipeline),
      operation_of_(crew.plan.pipeline),
      out_(std::max(kOutBytes, crew.requests.bytes_max())) {}

// ---- its life

int Connection::connect(uint64_t now) {
  base::UniqueFd opened;
  if (const int error = net::open_connection(share_.address, &opened); error != 0) return error;
  epoll_event event = {};
  event.events = EPOLLIN | EPOLLOUT;
  event.data.ptr = this;
  if (epoll_ctl(crew_.epoll, EPOLL_CTL_ADD, opened.get(), &event) != 0) return -errno;
  fd_ = std::move(opened);
  is_watching_room_ = true;
  heard_at_ = now;
  phase_ = Phase::connecting;
  return 0;
}

void Connection::connected(uint64_t now) {
  if (const int error = net::connect_result(fd_.get()); error != 0) {
    complain(std::strerror(-error));
    if (may_try_again()) return lose(now);
    return finish();
  }
  net::tune(fd_.get(), kKeepAliveSeconds);
  frames_ = FrameReplies();
  resp_ = RespReplies();
  out_from_ = out_to_ = 0;
  complaint_.clear();
  heard_at_ = now;
  phase_ = Phase::open;
  watch(false);
  if (has_begun()) fill(now);
}

void Connection::begin(uint64_t now) {
  started_at_ = now;
  if (share_.operations == 0) return finish();
  fill(now);
}

void Connection::on_event(uint32_t events) {
  if (phase_ == Phase::connecting) {
    if ((events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0) connected(now_ns());
    return;
  }
  // Before the first request there is nothing to hear but an end, which the first send meets too.
  if (phase_ != Phase::open || !has_begun()) return;
  if ((events & EPOLLOUT) != 0) {
    send();
    if (phase_ == Phase::open) fill(now_ns());
  }
  if (phase_ == Phase::open && (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) receive();
}

void Connection::tick(uint64_t now) {
  const bool is_silent = now - std::min(now, heard_at_) > crew_.plan.timeout_ms * kNanosPerMilli;
  switch (phase_) {
    case Phase::open:
      if (!has_begun()) return;
      if (share_.interval_ns > 0) fill(now);
      if (phase_ == Phase::open && is_silent && sent_ > answered_) lose(now);
      return;
    case Phase::connecting:
      if (!is_silent) return;
      complain("no connection");
      if (may_try_again()) return lose(now);
      return finish();
    case Phase::pausing: {
      if (now < retry_at_) return;
      const int error = connect(now);
      if (error == 0) return;
      complain(std::strerror(-error));
      if (may_try_again()) return lose(now);
      return finish();
    }
    case Phase::idle:
    case Phase::done:
      return;
  }
}

// A connection is gone: what was in flight has failed, and there is another try after a pause.
void Connection::lose(uint64_t now) {
  fd_.reset(-1);
  for (; answered_ < sent_; answered_++) {
    crew_.tally.fail(operation_of_[answered_slot_], "connection lost");
    if (++answered_slot_ == sent_at_.size()) answered_slot_ = 0;
    crew_.answered++;
    ended_at_ = now;
  }
  if (answered_ == share_.operations) return finish();
  if (!may_try_again()) {
    if (complaint_.empty()) complain("the connection was lost too often");
    return finish();
  }
  reconnects_++;
  retry_at_ = now + kReconnectPauseNs;
  phase_ = Phase::pausing;
}

// A connection that never was is not tried again: whoever gave the address made a mistake.
bool Connection::may_try_again() { return has_begun() && reconnects_ < kReconnectsMax; }

void Connection::complain(const char* reason) { complaint_ = reason; }

void Connection::finish() {
  fd_.reset(-1);
  if (answered_ == share_.operations) complaint_.clear();
  phase_ = Phase::done;
}

// ---- requests

uint64_t Connection::due_at(uint64_t request) const {
  const double offset = std::floor(static_cast<double>(request) * share_.interval_ns);
  return started_at_ + static_cast<uint64_t>(offset);
}

uint64_t Connection::next_due() const {
  if (phase_ == Phase::pausing) return retry_at_;
  const bool may_send = phase_ == Phase::open && has_begun() && share_.interval_ns > 0 &&
                        !is_watching_room_ && sent_ < share_.operations &&
                        sent_ - answered_ < sent_at_.size();
  return may_send ? due_at(sent_) : kNoneDue;
}

void Connection::fill(uint64_t now) {
  if (sent_ == answered_) heard_at_ = now;
  if (out_from_ == out_to_) out_from_ = out_to_ = 0;
  while (sent_ < share_.operations && sent_ - answered_ < sent_at_.size()) {
    const uint64_t due = share_.interval_ns > 0 ? due_at(sent_) : now;
    if (due > now) break;
    if (out_.size() - out_to_ < crew_.requests.bytes_max()) {
      if (out_from_ == 0) break;
      std::memmove(out_.data(), out_.data() + out_from_, out_to_ - out_from_);
      out_to_ -= std::exchange(out_from_, 0);
      continue;
    }
    append(due);
  }
  send();
}

void Connection::append(uint64_t due) {
  const size_t operation = share_.is_filling ? kPut : draw_operation();
  const uint64_t key = share_.is_filling ? share_.fill_from + sent_ : keys_.next();
  sent_at_[sent_slot_] = due;
  operation_of_[sent_slot_] = static_cast<uint8_t>(operation);
  const auto seq = static_cast<uint32_t>(sent_);
  out_to_ += crew_.requests.write(out_.data() + out_to_, operation, key, seq);
  sent_++;
  if (++sent_slot_ == sent_at_.size()) sent_slot_ = 0;
}

size_t Connection::draw_operation() {
  const auto& [get, put, del] = crew_.plan.weights;
  const uint32_t drawn = prng_.below(get + put + del);
  if (drawn < get) return kGet;
  return drawn < get + put ? kPut : kDel;
}

void Connection::send() {
  while (out_from_ < out_to_) {
    iovec piece = {out_.data() + out_from_, out_to_ - out_from_};
    const ssize_t sent = net::send_gathered(fd_.get(), &piece, 1);
    if (sent == -EAGAIN) break;
    // A broken connection is told of by its end, behind what it still had to say.
    if (sent < 0) {
      out_from_ = out_to_;
      break;
    }
    out_from_ += static_cast<size_t>(sent);
  }
  watch(out_from_ < out_to_);
}

void Connection::watch(bool wants_room) {
  if (wants_room == is_watching_room_) return;
  epoll_event event = {};
  event.events = wants_room ? EPOLLIN | EPOLLOUT : EPOLLIN;
  event.data.ptr = this;
  (void)epoll_ctl(crew_.epoll, EPOLL_CTL_MOD, fd_.get(), &event);
  is_watching_room_ = wants_room;
}

// ---- replies

void Connection::receive() {
  const ssize_t got = net::receive(fd_.get(), crew_.input.data(), crew_.input.size());
  if (got == -EAGAIN) return;
  const uint64_t now = now_ns();
  if (got <= 0) return lose(now);
  heard_at_ = now;
  const auto take = [this, now](const Reply& reply) { return count(reply, now); };
  const auto size = static_cast<size_t>(got);
  const bool is_sound = crew_.plan.wire == Wire::client
                            ? frames_.receive(crew_.input.data(), size, take)
                            : resp_.receive(crew_.input.data(), size, take);
  if (!is_sound) return lose(now);
  if (answered_ == share_.operations) return finish();
  fill(now);
}

bool Connection::count(const Reply& reply, uint64_t now) {
  const bool has_seq = crew_.plan.wire == Wire::client;
  const bool is_next = !has_seq || reply.seq == static_cast<uint32_t>(answered_);
  if (answered_ == sent_ || !is_next) {
    crew_.tally.note("an answer out of order", 1);
    return false;
  }
  const size_t operation = operation_of_[answered_slot_];
  const uint64_t took = now - std::min(now, sent_at_[answered_slot_]);
  answered_++;
  if (++answered_slot_ == sent_at_.size()) answered_slot_ = 0;
  crew_.answered++;
  ended_at_ = now;
  if (reply.answer == Answer::refused) {
    crew_.tally.fail(operation, reply.code);
  } else {
    crew_.tally.succeed(operation, took, reply.answer == Answer::missing);
  }
  return true;
}

}  // namespace apex::load
