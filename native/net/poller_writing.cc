// The poller's writing side: orders of one turn, carried out at once.
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "net/poller.h"

namespace apex::net {

namespace {

constexpr size_t kPiecesPerWrite = 64;

}  // namespace

size_t Poller::exchange(size_t orders) {
  const size_t count = std::min(orders, tables_.orders_max);
  carry_out({tables_.orders, count, tables_.out_bytes, tables_.out_bytes_max});
  return batch_.count();
}

void Poller::carry_out(const Orders& orders) {
  touched_.clear();
  for (size_t at = 0; at < orders.count; at++) obey(orders.rows + at * kRecordDoubles, orders);
  for (const uint64_t id : touched_) {
    Connection* connection = find(id);
    if (connection != nullptr && !connection->gather.empty()) flush(*connection);
  }
  // Nobody is woken for records that found no room; a timer sees to them.
  if (batch_.has_late()) deadlines_.arm_now();
}

void Poller::obey(const double* order, const Orders& orders) {
  const auto kind = static_cast<OrderKind>(order[0]);
  const auto id = static_cast<uint64_t>(order[1]);
  const auto at = static_cast<size_t>(order[2]);
  const auto size = static_cast<size_t>(order[3]);
  const bool is_within = at <= orders.bytes_max && size <= orders.bytes_max - at;
  if (kind == OrderKind::gossip) {
    if (is_within) send_datagram(id, orders.bytes + at, size);
    return;
  }
  if (kind == OrderKind::dial) {
    if (is_within) dial(id, orders.bytes + at, size);
    return;
  }
  Connection* connection = find(id);
  if (connection == nullptr) return;
  switch (kind) {
    case OrderKind::send:
      if (is_within) enqueue(*connection, orders.bytes + at, size);
      break;
    case OrderKind::pause:
    case OrderKind::resume:
      connection->is_paused = kind == OrderKind::pause;
      update_interest(*connection);
      break;
    case OrderKind::close:
      start_closing(*connection);
      break;
    case OrderKind::reset:
      reset_on_close(connection->fd.get());
      drop(*connection);
      break;
    default:
      break;
  }
}

void Poller::enqueue(Connection& connection, const uint8_t* bytes, size_t size) {
  if (connection.is_closing || connection.is_connecting || size == 0) return;
  if (connection.gather.empty()) touched_.push_back(connection.id);
  connection.gather.push_back({const_cast<uint8_t*>(bytes), size});
}

// What was sent before it still leaves; then the other end is told, and has time to take it.
void Poller::start_closing(Connection& connection) {
  if (connection.is_closing) return;
  connection.is_closing = true;
  deadlines_.add(deadlines_.linger, connection.id);
  if (flush(connection)) update_interest(connection);
}

// Tries what was queued and what was sent since. False: the connection is gone.
bool Poller::flush(Connection& connection) {
  if (!write_queued(connection)) {
    drop(connection);
    return false;
  }
  ByteQueue& queue = connection.queue;
  for (const iovec& piece : connection.gather) {
    queue.append(static_cast<const uint8_t*>(piece.iov_base), piece.iov_len);
  }
  connection.gather.clear();
  if (queue.size() > config_.queue_bytes_max) {
    stats_.queues_overflowed++;
    reset_on_close(connection.fd.get());
    drop(connection);
    return false;
  }
  if (queue.is_empty() && connection.is_read_ended) {
    drop(connection);
    return false;
  }
  if (queue.size() != connection.reported_unsent) {
    connection.reported_unsent = queue.size();
    if (connection.is_known) batch_.add(RecordKind::unsent, connection.id, queue.size());
  }
  if (queue.is_empty() && connection.is_closing && !connection.is_shut) {
    connection.is_shut = true;
    shutdown(connection.fd.get(), SHUT_WR);
  }
  update_interest(connection);
  return true;
}

// Writes until all has left or the kernel takes no more. False: it never will.
bool Poller::write_queued(Connection& connection) {
  ByteQueue& queue = connection.queue;
  std::vector<iovec>& gather = connection.gather;
  size_t first = 0;
  bool is_full = false;
  while (!is_full && (!queue.is_empty() || first < gather.size())) {
    iovec pieces[kPiecesPerWrite];
    size_t count = 0;
    size_t total = 0;
    if (!queue.is_empty()) {
      pieces[count++] = {const_cast<uint8_t*>(queue.data()), queue.size()};
      total += queue.size();
    }
    for (size_t at = first; at < gather.size() && count < kPiecesPerWrite; at++) {
      pieces[count++] = gather[at];
      total += gather[at].iov_len;
    }
    const ssize_t sent = send_gathered(connection.fd.get(), pieces, count);
    if (sent == -EAGAIN) break;
    if (sent < 0) return false;
    auto taken = static_cast<size_t>(sent);
    is_full = taken < total;
    const size_t from_queue = std::min(taken, queue.size());
    if (from_queue > 0) queue.take(from_queue);
    taken -= from_queue;
    for (; first < gather.size() && taken >= gather[first].iov_len; first++) {
      taken -= gather[first].iov_len;
    }
    if (taken == 0) continue;
    gather[first].iov_base = static_cast<uint8_t*>(gather[first].iov_base) + taken;
    gather[first].iov_len -= taken;
  }
  gather.erase(gather.begin(), gather.begin() + static_cast<ptrdiff_t>(first));
  return true;
}

void Poller::set_target(uint32_t number, const Address& address) { targets_[number] = address; }

// Lost ones are no news: a failed send is counted and forgotten.
void Poller::send_datagram(uint64_t target, const uint8_t* bytes, size_t size) {
  const auto found = targets_.find(static_cast<uint32_t>(target));
  if (found == targets_.end() || !gossip_.is_open()) {
    stats_.datagrams_dropped++;
    return;
  }
  const Address& address = found->second;
  const ssize_t sent =
      sendto(gossip_.get(), bytes, size, MSG_NOSIGNAL, address.get(), address.bytes);
  if (sent < 0) {
    stats_.datagrams_dropped++;
  } else {
    stats_.datagrams_sent++;
  }
}

}  // namespace apex::net
