// The thread's own side of net_thread.h.
#include <poll.h>

#include <cerrno>

#include "net/net_thread.h"

namespace apex::net {

// A descriptor that cannot be waited for ends the thread; the caller notices.
void NetThread::run() {
  while (!is_stopping_.load(std::memory_order_acquire) && sleep()) step();
}

// With nothing to fill only the bell wakes it: sockets that are ready would do so all the time.
bool NetThread::sleep() {
  const bool has_room = take_room();
  const bool is_busy = has_room && (has_more_orders_ || poller_->batch().count() > 0);
  pollfd waiting[2] = {{thread_bell_.fd(), POLLIN, 0}, {has_room ? poller_->fd() : -1, POLLIN, 0}};
  return ::poll(waiting, 2, is_busy ? 0 : -1) >= 0 || errno == EINTR;
}

void NetThread::step() {
  thread_bell_.answer();
  answer_call();
  if (!take_room()) return;
  carry_out_orders();
  poller_->poll();
  // First, so that who is told of an end does not find it counted still.
  publish();
  hand_over();
  // Its end is that no connection is left, of which no record need tell.
  if (is_shut_down_) caller_bell_.ring();
}

void NetThread::answer_call() {
  const std::lock_guard<std::mutex> lock(call_mutex_);
  if (call_ == nullptr) return;
  call_result_ = (*call_)();
  call_ = nullptr;
  publish();
  call_answered_.notify_one();
}

// Says first that it starves, then looks again: who brings a batch after that sees it.
bool NetThread::take_room() {
  if (filling_ != nullptr) return true;
  if (!free_.pop(filling_)) {
    is_starving_.exchange(true, std::memory_order_acq_rel);
    if (!free_.pop(filling_)) return false;
  }
  poller_->fill(
      {filling_->records.get(), tables_.records_max, filling_->bytes.get(), tables_.in_bytes_max});
  return true;
}

// Not beyond what there is room to report of.
void NetThread::carry_out_orders() {
  std::unique_ptr<OutBatch> batch;
  has_more_orders_ = false;
  while (orders_.pop(batch)) {
    carry_out(*batch);
    // One too many is let go.
    spent_.push(std::move(batch));
    if (has_waiting_.exchange(false, std::memory_order_acq_rel)) caller_bell_.ring();
    has_more_orders_ = !poller_->batch().has_record_room();
    if (has_more_orders_) return;
  }
}

void NetThread::carry_out(const OutBatch& batch) {
  poller_->carry_out({batch.rows.data(), batch.rows.size() / kRecordDoubles, batch.bytes.data(),
                      batch.bytes.size()});
}

void NetThread::hand_over() {
  const Batch& batch = poller_->batch();
  if (batch.count() == 0) return;
  filling_->count = batch.count();
  filling_->used_bytes = batch.used_bytes();
  // Never full: there are as many places as batches.
  ready_.push(std::move(filling_));
  filling_ = nullptr;
  poller_->fill({nullptr, 0, nullptr, 0});
  caller_bell_.ring();
}

void NetThread::publish() {
  const NetStats counted = poller_->stats();
  for (size_t at = 0; at < 2; at++) {
    published_.are_doors_open[at] = poller_->is_door_open(static_cast<DoorName>(at));
  }
  published_.is_gossip_open = poller_->is_gossip_open();
  published_.connections = counted.connections;
  published_.accepted = counted.accepted;
  published_.refused = counted.refused;
  published_.accept_pauses = counted.accept_pauses;
  published_.queues_overflowed = counted.queues_overflowed;
  published_.datagrams_sent = counted.datagrams_sent;
  published_.datagrams_dropped = counted.datagrams_dropped;
}

}  // namespace apex::net
