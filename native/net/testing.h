// A poller, or one on a thread, with tables of its own and clients of the other kind: plain
// blocking sockets on loopback.
#pragma once

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/net_thread.h"
#include "net/poller.h"
#include "test/check.h"

namespace apex::net::testing {

using Bytes = std::vector<uint8_t>;

struct Seen {
  RecordKind kind;
  uint64_t id;
  uint64_t number;
  Bytes bytes;
};

inline PollerConfig test_config() {
  PollerConfig config = {};
  config.silent_ms = 50;
  config.linger_ms = 300;
  config.accept_pause_ms = 20;
  config.sockets_max = 4096;
  config.accepts_per_wake_max = 64;
  config.read_bytes_max = 64 * 1024;
  config.queue_bytes_max = 256 * 1024 * 1024;
  config.client_limits = {64 * 1024, 64 * 1024 * 1024};
  config.peer_limits = {256 * 1024, 16 * 1024 * 1024 + 128 * 1024};
  config.peer_version = 1;
  config.accepted_keep_alive_seconds = 60;
  config.dialled_keep_alive_seconds = 10;
  return config;
}

inline Address loopback(uint16_t port) {
  Address address;
  CHECK(parse_address("127.0.0.1", port, &address));
  return address;
}

inline Bytes client_frame(size_t payload, uint8_t fill = 7) {
  Bytes frame(16 + payload, fill);
  const Bytes head = {0xa9, 0xec, 0xbd, 0x10, 1, 0, 0, 0};
  std::copy(head.begin(), head.end(), frame.begin());
  for (size_t at = 0; at < 4; at++) {
    frame[8 + at] = static_cast<uint8_t>(payload >> (24 - 8 * at));
  }
  return frame;
}

inline Bytes peer_frame(size_t total, uint8_t fill = 7) {
  Bytes frame(total, fill);
  const Bytes head = {0xa9, 0x50, 0x45, 0x52, 1, 1, 0, 0};
  std::copy(head.begin(), head.end(), frame.begin());
  for (size_t at = 0; at < 4; at++) frame[8 + at] = static_cast<uint8_t>(total >> (8 * at));
  return frame;
}

inline Bytes peer_hello(uint16_t node) {
  Bytes hello = client_frame(44, 0);
  hello[4] = 0x20;
  hello[16] = hello[17] = hello[18] = 1;
  hello[24] = static_cast<uint8_t>(node >> 8);
  hello[25] = static_cast<uint8_t>(node);
  return hello;
}

// Drives a poller by hand, and keeps all that it was told.
class Bench final {
 public:
  explicit Bench(const PollerConfig& config = test_config(), size_t in_bytes = 1 << 20)
      : records_(4096 * kRecordDoubles),
        orders_(1024 * kRecordDoubles),
        in_(in_bytes),
        out_(1 << 20) {
    const Tables tables = {records_.data(), 4096, in_.data(),  in_.size(),
                           orders_.data(),  1024, out_.data(), out_.size()};
    if (is_threaded()) {
      CHECK_EQUAL(NetThread::open(config, tables, &poller), 0);
    } else {
      std::unique_ptr<Poller> made;
      CHECK_EQUAL(Poller::open(config, tables, &made), 0);
      poller = std::move(made);
    }
  }

  // The same tests are run for both (sources.cmake).
  static bool is_threaded() { return std::getenv("APEX_TEST_NET_THREAD") != nullptr; }

  // A door where clients and peers come; its port.
  uint16_t open(bool may_be_peer = true) {
    const int port = poller->open_door(DoorName::clients, loopback(0), may_be_peer);
    CHECK(port > 0);
    poller->start();
    return static_cast<uint16_t>(port);
  }

  // One wake-up, if there is something to wake up for within `wait_ms`.
  void step(int wait_ms = 20) {
    pollfd waiting = {poller->fd(), POLLIN, 0};
    ::poll(&waiting, 1, wait_ms);
    poller->poll();
    note();
  }

  void until(const std::function<bool()>& is_reached, int steps_max = 2000) {
    for (int n = 0; !is_reached(); n++) {
      if (n == steps_max) apex::test::fail(__FILE__, __LINE__, "it does not come");
      step();
    }
  }

  void order(OrderKind kind, uint64_t id, const Bytes& bytes = {}) {
    CHECK(out_used_ + bytes.size() <= out_.size());
    std::copy(bytes.begin(), bytes.end(), out_.begin() + static_cast<ptrdiff_t>(out_used_));
    double* row = orders_.data() + orders_used_++ * kRecordDoubles;
    row[0] = static_cast<double>(kind);
    row[1] = static_cast<double>(id);
    row[2] = static_cast<double>(out_used_);
    row[3] = static_cast<double>(bytes.size());
    out_used_ += bytes.size();
  }

  // Hands the orders over and looks at nothing.
  void submit() {
    poller->exchange(orders_used_);
    orders_used_ = 0;
    out_used_ = 0;
  }

  // A thread answers a call before it takes orders: by the second answer it has carried them out.
  void exchange() {
    submit();
    for (int n = 0; is_threaded() && n < 2; n++) poller->set_target(0, loopback(1));
    note();
  }

  // A link under way; its number.
  uint64_t dial(uint16_t port) {
    Bytes where = {static_cast<uint8_t>(port >> 8), static_cast<uint8_t>(port)};
    for (const char letter : std::string("127.0.0.1"))
      where.push_back(static_cast<uint8_t>(letter));
    const uint64_t id = kDialledIds + dialled_++;
    order(OrderKind::dial, id, where);
    exchange();
    return id;
  }

  void send(uint64_t id, const Bytes& bytes) {
    order(OrderKind::send, id, bytes);
    exchange();
  }

  size_t count(RecordKind kind, uint64_t id) const {
    size_t found = 0;
    for (const Seen& one : seen) found += one.kind == kind && one.id == id ? 1 : 0;
    return found;
  }

  bool has(RecordKind kind, uint64_t id) const { return count(kind, id) > 0; }

  Bytes bytes_of(uint64_t id, RecordKind kind = RecordKind::received) const {
    Bytes all;
    for (const Seen& one : seen) {
      if (one.id == id && one.kind == kind) {
        all.insert(all.end(), one.bytes.begin(), one.bytes.end());
      }
    }
    return all;
  }

  size_t bytes_of_size(uint64_t id) const {
    size_t size = 0;
    for (const Seen& one : seen) {
      if (one.id == id && one.kind == RecordKind::received) size += one.bytes.size();
    }
    return size;
  }

  uint64_t last_unsent(uint64_t id) const {
    uint64_t last = 0;
    for (const Seen& one : seen) {
      if (one.id == id && one.kind == RecordKind::unsent) last = one.number;
    }
    return last;
  }

  // The connection that was announced last.
  uint64_t newest() const {
    uint64_t id = 0;
    for (const Seen& one : seen) {
      if (one.kind == RecordKind::connected) id = one.id;
    }
    return id;
  }

  // Waits until a connection is announced; its number.
  uint64_t announced() {
    until([&] { return newest() != 0; });
    return newest();
  }

  std::unique_ptr<Net> poller;
  std::vector<Seen> seen;

 private:
  void note() {
    size_t count = poller->poll();
    do {
      for (size_t at = 0; at < count; at++) note_one(records_.data() + at * kRecordDoubles);
      count = poller->release();
    } while (count > 0);
  }

  void note_one(const double* row) {
    const auto kind = static_cast<RecordKind>(row[0]);
    const bool has_bytes = kind == RecordKind::received || kind == RecordKind::peer_received ||
                           kind == RecordKind::connected || kind == RecordKind::gossip ||
                           kind == RecordKind::link_up;
    Seen one = {kind, static_cast<uint64_t>(row[1]), static_cast<uint64_t>(row[2]), {}};
    if (has_bytes) {
      const auto* from = in_.data() + static_cast<size_t>(row[2]);
      one.bytes.assign(from, from + static_cast<size_t>(row[3]));
      one.number = 0;
    }
    seen.push_back(std::move(one));
  }

  std::vector<double> records_;
  std::vector<double> orders_;
  Bytes in_;
  Bytes out_;
  uint64_t dialled_ = 0;
  size_t orders_used_ = 0;
  size_t out_used_ = 0;
};

// A blocking client.
class Caller final {
 public:
  explicit Caller(uint16_t port, int receive_buffer = 0)
      : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    CHECK(fd_.is_open());
    if (receive_buffer > 0) {
      setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    const int on = 1;
    setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const Address address = loopback(port);
    CHECK_EQUAL(connect(fd_.get(), address.get(), address.bytes), 0);
  }

  int fd() const { return fd_.get(); }

  void say(const Bytes& bytes) {
    size_t at = 0;
    while (at < bytes.size()) {
      const ssize_t sent = ::send(fd_.get(), bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
      CHECK(sent > 0);
      at += static_cast<size_t>(sent);
    }
  }

  // What is there now, without waiting. `is_ended` tells of an end or a reset.
  Bytes hear() {
    Bytes all;
    uint8_t chunk[65536];
    for (;;) {
      const ssize_t got = recv(fd_.get(), chunk, sizeof chunk, MSG_DONTWAIT);
      if (got > 0) {
        all.insert(all.end(), chunk, chunk + got);
        continue;
      }
      is_ended = is_ended || got == 0 || (errno != EAGAIN && errno != EINTR);
      is_reset = is_reset || (got < 0 && errno == ECONNRESET);
      return all;
    }
  }

  void half_close() { shutdown(fd_.get(), SHUT_WR); }
  void close() { fd_.reset(-1); }
  void reset() {
    reset_on_close(fd_.get());
    close();
  }

  bool is_ended = false;
  bool is_reset = false;

 private:
  base::UniqueFd fd_;
};

}  // namespace apex::net::testing
