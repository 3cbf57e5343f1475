// The side of the one who decides, and what both share. The thread's side: net_thread_loop.cc.
#include "net/net_thread.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

namespace apex::net {

namespace {

// How often a caller that waits looks whether the thread still runs.
constexpr auto kLookAgain = std::chrono::milliseconds(50);

bool has_in_bytes(double kind) {
  switch (static_cast<RecordKind>(kind)) {
    case RecordKind::connected:
    case RecordKind::received:
    case RecordKind::peer_received:
    case RecordKind::link_up:
    case RecordKind::gossip:
      return true;
    default:
      return false;
  }
}

}  // namespace

int NetThread::open(const PollerConfig& config, const Tables& tables, std::unique_ptr<Net>* net) {
  std::unique_ptr<NetThread> made(new NetThread(tables));
  if (const int error = made->caller_bell_.open(); error != 0) return -error;
  if (const int error = made->thread_bell_.open(); error != 0) return -error;
  if (const int error = Poller::open(config, tables, &made->poller_); error != 0) return error;
  for (size_t n = 0; n < kInBatches; n++) made->free_.push(std::make_unique<InBatch>(tables));
  made->take_room();
  NetThread* const self = made.get();
  if (const int error = made->thread_.start("apex-net", [self] { self->run(); }); error != 0) {
    return -error;
  }
  *net = std::move(made);
  return 0;
}

NetThread::NetThread(const Tables& tables) : tables_(tables) {}

NetThread::~NetThread() {
  is_stopping_.store(true, std::memory_order_release);
  thread_bell_.ring();
  thread_.join();
}

bool NetThread::is_up() {
  is_gone_ = is_gone_ || thread_.has_ended();
  return !is_gone_;
}

int NetThread::call(const std::function<int()>& body) {
  if (is_gone_) return -EIO;
  std::unique_lock<std::mutex> lock(call_mutex_);
  call_ = &body;
  thread_bell_.ring();
  while (call_ != nullptr) {
    const bool is_late = call_answered_.wait_for(lock, kLookAgain) == std::cv_status::timeout;
    if (!is_late || call_ == nullptr || is_up()) continue;
    call_ = nullptr;
    return -EIO;
  }
  return call_result_;
}

int NetThread::open_door(DoorName name, const Address& address, bool may_be_peer) {
  return call([&] { return poller_->open_door(name, address, may_be_peer); });
}

void NetThread::close_door(DoorName name) {
  call([&] {
    poller_->close_door(name);
    return 0;
  });
}

bool NetThread::is_door_open(DoorName name) const {
  return !is_gone_ && published_.are_doors_open[static_cast<size_t>(name)];
}

int NetThread::open_gossip(const Address& address) {
  return call([&] { return poller_->open_gossip(address); });
}

void NetThread::close_gossip() {
  call([&] {
    poller_->close_gossip();
    return 0;
  });
}

bool NetThread::is_gossip_open() const { return !is_gone_ && published_.is_gossip_open; }

void NetThread::set_target(uint32_t number, const Address& address) {
  call([&] {
    poller_->set_target(number, address);
    return 0;
  });
}

void NetThread::start() {
  call([&] {
    poller_->start();
    return 0;
  });
}

// What was ordered before goes first, whether it has found room yet or not.
void NetThread::shut_down(bool flush) {
  call([&] {
    std::unique_ptr<OutBatch> batch;
    while (orders_.pop(batch)) carry_out(*batch);
    for (const auto& one : waiting_) carry_out(*one);
    poller_->shut_down(flush);
    is_shut_down_ = true;
    return 0;
  });
  waiting_.clear();
}

size_t NetThread::poll() {
  caller_bell_.answer();
  take_ready();
  submit_waiting();
  return count_;
}

size_t NetThread::release() {
  count_ = 0;
  used_bytes_ = 0;
  take_ready();
  return count_;
}

void NetThread::take_ready() {
  bool has_taken = false;
  while (next_ != nullptr || ready_.pop(next_)) {
    const bool has_room = count_ + next_->count <= tables_.records_max &&
                          used_bytes_ + next_->used_bytes <= tables_.in_bytes_max;
    if (!has_room) break;
    show(*next_);
    free_.push(std::move(next_));
    next_ = nullptr;
    has_taken = true;
  }
  if (has_taken && is_starving_.exchange(false, std::memory_order_acq_rel)) thread_bell_.ring();
}

// Behind what stands there already: its offsets move.
void NetThread::show(const InBatch& batch) {
  double* rows = tables_.records + count_ * kRecordDoubles;
  std::memcpy(rows, batch.records.get(), batch.count * kRecordDoubles * sizeof(double));
  std::memcpy(tables_.in_bytes + used_bytes_, batch.bytes.get(), batch.used_bytes);
  const auto moved = static_cast<double>(used_bytes_);
  for (size_t at = 0; moved > 0 && at < batch.count; at++) {
    double* const row = rows + at * kRecordDoubles;
    if (has_in_bytes(row[0])) row[2] += moved;
  }
  count_ += batch.count;
  used_bytes_ += batch.used_bytes;
}

size_t NetThread::exchange(size_t orders) {
  if (orders == 0 || is_gone_) return count_;
  waiting_.push_back(copy_of(std::min(orders, tables_.orders_max)));
  submit_waiting();
  return count_;
}

std::unique_ptr<NetThread::OutBatch> NetThread::copy_of(size_t orders) {
  std::unique_ptr<OutBatch> batch;
  if (!spent_.pop(batch)) batch = std::make_unique<OutBatch>();
  const double* rows = tables_.orders;
  size_t end = 0;
  for (size_t at = 0; at < orders; at++) {
    const double* row = rows + at * kRecordDoubles;
    const auto kind = static_cast<OrderKind>(row[0]);
    const bool has_bytes =
        kind == OrderKind::send || kind == OrderKind::gossip || kind == OrderKind::dial;
    if (has_bytes) end = std::max(end, static_cast<size_t>(row[2]) + static_cast<size_t>(row[3]));
  }
  end = std::min(end, tables_.out_bytes_max);
  batch->rows.assign(rows, rows + orders * kRecordDoubles);
  batch->bytes.assign(tables_.out_bytes, tables_.out_bytes + end);
  return batch;
}

// The flag goes up before the last look: the thread that makes room after it sees the flag.
void NetThread::submit_waiting() {
  bool has_submitted = false;
  while (!waiting_.empty()) {
    if (!orders_.push(std::move(waiting_.front()))) {
      has_waiting_.exchange(true, std::memory_order_acq_rel);
      if (!orders_.push(std::move(waiting_.front()))) break;
    }
    waiting_.pop_front();
    has_submitted = true;
  }
  if (has_submitted) thread_bell_.ring();
}

NetStats NetThread::stats() const {
  NetStats counted;
  counted.connections = is_gone_ ? 0 : published_.connections.load();
  counted.accepted = published_.accepted;
  counted.refused = published_.refused;
  counted.accept_pauses = published_.accept_pauses;
  counted.queues_overflowed = published_.queues_overflowed;
  counted.datagrams_sent = published_.datagrams_sent;
  counted.datagrams_dropped = published_.datagrams_dropped;
  return counted;
}

}  // namespace apex::net
