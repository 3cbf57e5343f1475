// The poller's reading side: from the kernel, past the delimiter, into the batch.
#include <algorithm>
#include <cerrno>

#include "net/poller.h"

namespace apex::net {

namespace {

constexpr size_t kReadBytesMin = 4 * 1024;
constexpr size_t kDatagramBytesMax = 64 * 1024;
constexpr int kDatagramsPerWake = 64;
constexpr int kDiscardsPerWake = 16;

// What the kernel tells of an earlier datagram (nobody listens there): no news of the socket.
bool is_news_of_datagrams(ssize_t error) {
  switch (-error) {
    case ECONNREFUSED:
    case ECONNRESET:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EMSGSIZE:
    case EPERM:
      return true;
    default:
      return false;
  }
}

}  // namespace

// What is read is put behind a gap of the size of what was held back, so that a frame that becomes
// whole lies in one piece. While it does not become whole, only the new bytes are copied.
bool Poller::read_some(Connection& connection) {
  const size_t gap = connection.held.size();
  const size_t wanted = std::max(connection.delimiter.wanted_bytes(), gap);
  // Too little room is left in this batch; epoll will tell of the connection again.
  if (batch_.bytes_left() < wanted + kReadBytesMin) return true;
  const size_t room = std::min<size_t>(batch_.bytes_left() - gap,
                                       std::max<size_t>(config_.read_bytes_max, wanted - gap));
  uint8_t* base = batch_.cursor();
  const ssize_t got = receive(connection.fd.get(), base + gap, room);
  if (got == -EAGAIN) return true;
  if (got == 0) return end_reading(connection);
  if (got < 0) {
    drop(connection);
    return false;
  }
  const auto size = static_cast<size_t>(got);
  if (gap + size < connection.delimiter.wanted_bytes()) {
    connection.held.insert(connection.held.end(), base + gap, base + gap + size);
    return true;
  }
  if (gap > 0) std::memcpy(base, connection.held.data(), gap);
  deliver(connection, gap + size);
  return true;
}

// `size` bytes stand at the cursor, the first of them where the delimiter left off.
void Poller::deliver(Connection& connection, size_t size) {
  const uint8_t* base = batch_.cursor();
  const size_t greeting = connection.role == Role::sniffed ? sniff(connection, base, size) : 0;
  const size_t rest = size - greeting;
  const size_t whole = connection.delimiter.take(base + greeting, rest);
  if (whole == rest) {
    connection.held = std::vector<uint8_t>();
  } else {
    connection.held.assign(base + greeting + whole, base + size);
  }
  if (whole == 0) return;
  const size_t at = batch_.keep(greeting + whole) + greeting;
  if (connection.role == Role::sniffed) {
    connection.role = Role::client;
    if (!connection.is_known) announce(connection);
  }
  const bool is_peer = connection.role == Role::peer;
  batch_.add(is_peer ? RecordKind::peer_received : RecordKind::received, connection.id, at, whole);
}

// How many bytes a peer's greeting takes, if that is what has come; 0 otherwise.
size_t Poller::sniff(Connection& connection, const uint8_t* bytes, size_t size) {
  const Hello hello = read_hello(bytes, size, config_.peer_version);
  if (!hello.is_peer) return 0;
  connection.role = Role::peer;
  connection.delimiter = Delimiter(Protocol::peer, config_.peer_limits);
  // A slow peer that was taken for a client: that client has gone.
  if (connection.is_known) batch_.add(RecordKind::closed, connection.id);
  connection.is_known = true;
  batch_.add(RecordKind::peer_opened, connection.id, hello.node);
  return hello.bytes;
}

// A frame that was not finished is worth nothing.
bool Poller::end_reading(Connection& connection) {
  connection.is_read_ended = true;
  connection.held = std::vector<uint8_t>();
  if (connection.queue.is_empty() || connection.role == Role::link) {
    drop(connection);
    return false;
  }
  update_interest(connection);
  return true;
}

// Reads on only to see the end: a kernel that closes over unread bytes resets, and the reset may
// overtake the last replies.
bool Poller::discard(Connection& connection) {
  uint8_t bytes[kReadBytesMin * 4];
  for (int n = 0; n < kDiscardsPerWake; n++) {
    const ssize_t got = receive(connection.fd.get(), bytes, sizeof bytes);
    if (got == -EAGAIN) return true;
    if (got == 0) return end_reading(connection);
    if (got < 0) {
      drop(connection);
      return false;
    }
  }
  return true;
}

// ---- gossip

int Poller::open_gossip(const Address& address) {
  base::UniqueFd fd;
  if (const int error = open_datagrams(address, &fd); error != 0) return error;
  if (const int error = watch(fd.get(), kGossipId, EPOLLIN, true); error != 0) return error;
  Address bound;
  if (!local_address(fd.get(), &bound)) return -errno;
  gossip_ = std::move(fd);
  return port_of(bound);
}

void Poller::receive_datagrams() {
  for (int n = 0; n < kDatagramsPerWake && gossip_.is_open(); n++) {
    if (batch_.bytes_left() < kDatagramBytesMax) return;
    const ssize_t got = receive(gossip_.get(), batch_.cursor(), kDatagramBytesMax);
    if (got == -EAGAIN) return;
    if (got >= 0) {
      const auto size = static_cast<size_t>(got);
      const size_t at = batch_.keep(size);
      batch_.add(RecordKind::gossip, 0, at, size);
      continue;
    }
    stats_.datagrams_dropped++;
    if (is_news_of_datagrams(got)) continue;
    close_gossip();
    batch_.add(RecordKind::gossip_failed, 0, static_cast<uint64_t>(-got));
  }
}

}  // namespace apex::net
